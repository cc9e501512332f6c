//! Listens, and hands each client to a connection of its own.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use http::uri::Scheme;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capacity::Capacity;
use crate::connection::Connections;
use crate::guest::{Home, Supplies};
use crate::handler::Closing;
use crate::isolation::Policy;
use crate::limits::Limits;
use crate::startup::Startup;
use crate::stdio::Logs;
use crate::tls::Tls;
use crate::{App, Error, assembly};

const BACKLOG: u32 = 65_535;
const RETRY_ACCEPT: Duration = Duration::from_millis(10);

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Listen {
    /// The address; port 0 is any free one.
    pub address: SocketAddr,
    /// Whether a port that is taken makes the server try the ones above it.
    pub find_free_port: bool,
}

impl Default for Listen {
    /// Spin's: `127.0.0.1:3000`.
    fn default() -> Self {
        Self { address: (Ipv4Addr::LOCALHOST, 3000).into(), find_free_port: false }
    }
}

/// How to serve an application.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How long instances live.
    pub policy: Policy,
    /// What bounds clients, guests and bursts.
    pub limits: Limits,
    /// Where to listen.
    pub listen: Listen,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Where guests' output goes; nowhere but to standard error where it is left out.
    pub logs: Option<Logs>,
}

/// An application that is ready to be served; its port is bound.
pub struct Server {
    listener: TcpListener,
    startup: Startup,
    capacity: Capacity,
    closing: Closing,
    connections: Arc<Connections>,
    /// Files that guests see, removed at the end.
    _folders: Vec<TempDir>,
}

impl Server {
    /// Compiles the application's components, and binds the port.
    ///
    /// # Errors
    ///
    /// Where a component can't be used, or the port can't be had.
    pub async fn start(app: App, options: Options) -> Result<Self, Error> {
        let tls = options.tls.as_ref().map(Tls::acceptor).transpose().map_err(Error::Tls)?;
        // The port first: it costs nothing, and compiling for a port that is taken would.
        let listener = bind(options.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|source| Error::Listen { address: options.listen.address, source })?;
        let scheme = if tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let startup = Startup::of(&app, &scheme, address);
        let closing = Closing::default();
        let supplies = Supplies::gather(&app, Home { address, tls: tls.is_some() })?;
        let (site, capacity) = assembly::site(&app, &supplies, &options, closing.clone(), scheme, address)?;
        let connections = Arc::new(Connections::new(Arc::new(site), options.limits, tls));
        let folders = supplies.into_folders();
        Ok(Self { listener, startup, capacity, closing, connections, _folders: folders })
    }

    /// What to print before serving.
    pub fn startup(&self) -> &Startup {
        &self.startup
    }

    /// How much there is room for.
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// Serves until `stop` is ready. Then finishes what is in flight, for as long as it may take, unless
    /// `now` is ready first.
    pub async fn serve_until(self, stop: impl Future<Output = ()>, now: impl Future<Output = ()>) {
        let stopping = CancellationToken::new();
        let clients = TaskTracker::new();
        let places = Arc::new(Semaphore::new(self.capacity.connections.min(Semaphore::MAX_PERMITS)));
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = accept(&self.listener, &places) => accepted,
            };
            match accepted {
                Ok((stream, client, place)) => {
                    let (connections, stopping) = (self.connections.clone(), stopping.clone());
                    clients.spawn(async move {
                        connections.serve(stream, client, &stopping).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("can't accept a connection: {error}");
                    sleep(RETRY_ACCEPT).await;
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
        self.closing.store(true, Relaxed);
    }
}

/// The next client, once there is a descriptor for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, client) = listener.accept().await?;
    Ok((stream, client, place))
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

/// With as long a backlog as the system allows: a burst must not wait for our next turn.
fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
