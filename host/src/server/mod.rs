//! The server: listens, and serves each client's connection in its own task.

mod assembly;
mod client_timeouts;
mod connection;
mod options;
mod startup;
mod tls;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use http::uri::Scheme;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use connection::Connections;
pub use options::{Listen, Options};
pub use startup::{Startup, StartupRoute};
pub use tls::Tls;

use crate::app::App;
use crate::dispatch::evidence::Observer;
use crate::dispatch::{self, Handler, ShutdownFlag};
use crate::engine::capacity::{Capacity, resident_memory};
use crate::error::Error;
use crate::guest::AppResources;

const LISTEN_BACKLOG: u32 = 65_535;
/// The pause after a failed `accept`, such as one without a free file descriptor.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(10);

/// An application that is ready to be served. Its port is bound.
pub struct Server {
    listener: TcpListener,
    startup: Startup,
    capacity: Capacity,
    shutdown: ShutdownFlag,
    connections: Arc<Connections>,
    observer: Option<Arc<Observer>>,
    /// The components whose instances are made ready, and the number of instances.
    warm: (Vec<Handler>, usize),
    /// The folders with the guests' files, which are removed when the server is dropped.
    _folders: Vec<TempDir>,
}

impl Server {
    /// Compiles the application's components, and binds the port.
    ///
    /// # Errors
    ///
    /// If a component can't be used, or the port can't be bound.
    pub async fn start(app: App, options: Options) -> Result<Self, Error> {
        let tls = options.tls.as_ref().map(Tls::acceptor).transpose().map_err(Error::Tls)?;
        // Before the components are compiled: to bind the port is fast, and may fail.
        let listener = bind(options.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|source| Error::Listen { address: options.listen.address, source })?;
        let scheme = if tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        app.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let startup = Startup::of(&app, &scheme, address);
        let shutdown = ShutdownFlag::default();
        let resources = AppResources::prepare(&app, options.limits.max_store_size)?;
        let (service, capacity) =
            assembly::assemble(&app, &resources, &options, shutdown.clone(), scheme, address)?;
        let Capacity { instances, limited_by, .. } = capacity;
        if options.warm > instances {
            return Err(Error::Warm { warm: options.warm, instances, limited_by });
        }
        let warm = (service.components.values().cloned().collect(), options.warm);
        let service = Arc::new(service);
        resources.own_app().set(&service);
        let observer = service.observer.clone();
        let connections = Arc::new(Connections::new(service, options.limits, tls));
        let folders = resources.into_folders();
        Ok(Self { listener, startup, capacity, shutdown, connections, observer, warm, _folders: folders })
    }

    /// The lines to print before serving.
    pub fn startup(&self) -> &Startup {
        &self.startup
    }

    /// The maximum numbers of instances, waiting requests and connections.
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// Serves until `stop` is ready. Then finishes the requests in flight: until the drain timeout, or until `now` is
    /// ready.
    pub async fn serve_until(self, stop: impl Future<Output = ()>, now: impl Future<Output = ()>) {
        let stopping = CancellationToken::new();
        let clients = TaskTracker::new();
        let permits = Arc::new(Semaphore::new(self.capacity.connections.min(Semaphore::MAX_PERMITS)));
        let mut stop = pin!(stop);
        let (handlers, count) = self.warm;
        // Ends with this function.
        let _warming = AbortOnDropHandle::new(tokio::spawn(warm_up(handlers, count)));
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = accept(&self.listener, &permits) => accepted,
            };
            match accepted {
                Ok((stream, client, permit)) => {
                    let (connections, stopping) = (self.connections.clone(), stopping.clone());
                    clients.spawn(async move {
                        connections.serve(stream, client, &stopping).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!("can't accept a connection: {error}");
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
        drop(self.listener);
        stopping.cancel();
        clients.close();
        tokio::select! {
            () = clients.wait() => {}
            () = now => {}
            () = sleep(self.connections.limits.drain_timeout) => {
                tracing::warn!("{} connections were still busy after --drain-timeout", clients.len());
            }
        }
        self.shutdown.store(true, Relaxed);
        if let Some(trace) = self.observer.as_ref().and_then(|observer| observer.trace.as_ref()) {
            trace.flush().await;
        }
    }
}

/// Makes the slots of this many instances ready, and logs what it takes.
async fn warm_up(handlers: Vec<Handler>, count: usize) {
    if count == 0 {
        return;
    }
    let (begin, before) = (Instant::now(), resident_memory());
    let created = dispatch::warm_up(&handlers, count).await;
    let more = resident_memory().saturating_sub(before) >> 20;
    tracing::info!(
        "{created} instances are warm, after {:.1?}: {more} MiB more are resident",
        begin.elapsed()
    );
    if created < count {
        tracing::warn!("requests came first: {created} instances of {count} are warm (--warm)");
    }
}

/// Accepts the next client, once a file descriptor is free for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, client) = listener.accept().await?;
    Ok((stream, client, permit))
}

async fn bind(listen: Listen) -> Result<TcpListener, Error> {
    let mut address = listen.address;
    loop {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => match address.port().checked_add(1) {
                Some(next) if listen.find_free_port => address.set_port(next),
                _ => return Err(Error::AddressInUse(address)),
            },
            Err(source) => return Err(Error::Listen { address, source }),
        }
    }
}

/// Listens with the longest backlog that the system allows, so that a burst's connections don't wait for `accept`.
fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}
