//! Answers HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use http::{Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::WasiBody;

use crate::engine::Engine;
use crate::guest::Supplies;
use crate::handler::{Closing, Handler, Instances};
use crate::isolation::Policy;
use crate::manifest::{Answer, Trigger};
use crate::routes::Router;
use crate::startup::{Startup, StartupRoute};
use crate::{App, Error};

const WELL_KNOWN: &str = "/.well-known/spin/";

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

/// An application that is ready to be served; its port is bound.
pub struct Server {
    listener: TcpListener,
    startup: Startup,
    site: Arc<Site>,
    /// Files that guests see, removed at the end.
    _folders: Vec<TempDir>,
}

struct Site {
    address: SocketAddr,
    closing: Closing,
    name: String,
    version: String,
    router: Router<Responder>,
}

/// What answers a route, ready to do so.
enum Responder {
    Guest(Handler),
    Static(Response<String>),
}

impl Server {
    /// Compiles the application's components, and binds the port.
    ///
    /// # Errors
    ///
    /// Where a component can't be used, or the port can't be had.
    pub async fn start(app: App, policy: Policy, listen: Listen) -> Result<Self, Error> {
        // The port first: it costs nothing, and compiling for a port that is taken would.
        let listener = bind(listen).await?;
        let address =
            listener.local_addr().map_err(|source| Error::Listen { address: listen.address, source })?;
        let startup = startup(&app, address);
        let supplies = Supplies::gather(&app, address)?;
        let site = Arc::new(Site::compile(&app, &supplies, &policy, address)?);
        Ok(Self { listener, startup, site, _folders: supplies.into_folders() })
    }

    /// What to print before serving.
    pub fn startup(&self) -> &Startup {
        &self.startup
    }

    /// Serves until `stop` is ready, then finishes what is in flight, unless `now` is ready first.
    pub async fn serve_until(self, stop: impl Future<Output = ()>, now: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => self.serve_connection(stream, &graceful),
                // Out of descriptors, most likely: connections that end give some back.
                Err(error) => {
                    tracing::warn!("can't accept a connection: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
        }
        drop(self.listener);
        tokio::select! {
            () = graceful.shutdown() => {}
            () = now => {}
        }
        self.site.closing.store(true, Relaxed);
    }

    fn serve_connection(&self, stream: TcpStream, graceful: &GracefulShutdown) {
        // Small pieces of a streamed body must not wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let site = self.site.clone();
        let service = service_fn(move |request| {
            let site = site.clone();
            async move { Ok::<_, Infallible>(site.answer(request).await) }
        });
        let connection =
            http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!("connection: {error}");
            }
        });
    }
}

impl Site {
    fn compile(app: &App, supplies: &Supplies, policy: &Policy, address: SocketAddr) -> Result<Self, Error> {
        let closing = Closing::default();
        let mut engine = Engine::new()?;
        let mut handlers = BTreeMap::new();
        for (id, component) in &app.components {
            let ready = engine.prepare(&component.source).map_err(|reason| Error::Component {
                id: id.clone(),
                path: component.source.clone(),
                reason,
            })?;
            let handler = Instances::handler(
                id,
                engine.wasmtime().clone(),
                ready,
                policy.clone(),
                supplies.provision(id, component)?,
                closing.clone(),
            );
            handlers.insert(id, handler);
        }
        let routes = app.triggers.iter().filter_map(|Trigger { route, answer, .. }| {
            let responder = match answer {
                Answer::Component(id) => Responder::Guest(handlers.get(id)?.clone()),
                Answer::Static(response) => Responder::Static(response.clone()),
            };
            Some((route.clone(), responder))
        });
        Ok(Self {
            address,
            closing,
            name: app.name.clone(),
            version: app.version.clone(),
            router: Router::new(routes.collect()),
        })
    }

    async fn answer(&self, request: http::Request<Incoming>) -> Response<WasiBody> {
        if let Some(name) = request.uri().path().strip_prefix(WELL_KNOWN) {
            return self.well_known(name);
        }
        let handler = match self.router.find(request.uri().path()) {
            Some(Responder::Guest(handler)) => handler,
            Some(Responder::Static(response)) => return full(response.clone()),
            None => return empty(StatusCode::NOT_FOUND),
        };
        let Some(url) = full_url(&request, self.address) else {
            return empty(StatusCode::BAD_REQUEST);
        };
        let mut request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        *request.uri_mut() = url;
        match handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!("component {:?}: {error:?}", handler.state().id());
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    fn well_known(&self, name: &str) -> Response<WasiBody> {
        match name {
            "health" => body(StatusCode::OK, "text/plain", "OK".to_owned()),
            "info" => {
                let info = serde_json::json!({ "name": self.name, "version": self.version });
                body(StatusCode::OK, "application/json", info.to_string())
            }
            _ => empty(StatusCode::NOT_FOUND),
        }
    }
}

/// The URL that the client meant. A client of HTTP/1.0 may name no host; it meant this server.
/// `None` where what it names is no host.
fn full_url(request: &http::Request<Incoming>, address: SocketAddr) -> Option<Uri> {
    let authority = match (request.uri().authority(), request.headers().get(header::HOST)) {
        (Some(authority), _) => authority.clone(),
        (None, Some(host)) => host.to_str().ok()?.parse().ok()?,
        (None, None) => address.to_string().parse().ok()?,
    };
    let path = request.uri().path_and_query().cloned()?;
    Uri::builder().scheme("http").authority(authority).path_and_query(path).build().ok()
}

async fn bind(listen: Listen) -> Result<TcpListener, Error> {
    let mut address = listen.address;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => match address.port().checked_add(1) {
                Some(next) if listen.find_free_port => address.set_port(next),
                _ => return Err(Error::AddressInUse(address)),
            },
            Err(source) => return Err(Error::Listen { address, source }),
        }
    }
}

fn startup(app: &App, address: SocketAddr) -> Startup {
    let route = |trigger: &Trigger| StartupRoute {
        id: trigger.component().unwrap_or(&trigger.id).to_owned(),
        route: trigger.route.path(),
        wildcard: trigger.route.is_wildcard(),
        description: trigger
            .component()
            .and_then(|id| app.components.get(id))
            .map(|component| component.description.clone())
            .filter(|description| !description.is_empty()),
    };
    Startup { base_url: format!("http://{address}"), routes: app.triggers.iter().map(route).collect() }
}

fn body(status: StatusCode, content_type: &'static str, text: String) -> Response<WasiBody> {
    let mut response = full(Response::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

fn full(response: Response<String>) -> Response<WasiBody> {
    response.map(|text| Full::from(text).map_err(|never| match never {}).boxed_unsync())
}

fn empty(status: StatusCode) -> Response<WasiBody> {
    let mut response =
        Response::new(http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}
