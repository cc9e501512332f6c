//! Requests of a guest to its own application. They don't leave this process.

use std::future::ready;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};

use http::{Request, Response};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::body::ReadTimeoutBody;
use super::client::ConnectionFuture;
use super::timeouts::{between_bytes, with_timeout};

/// The domain whose names are the ids of the application's components.
const COMPONENTS: &str = ".spin.internal";

/// What a guest calls in its own application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// The target of the request's path.
    Route,
    /// The component with this id, whether or not it has a route.
    Component(String),
}

impl Callee {
    /// Returns the component that has this domain.
    pub fn of_domain(domain: &str) -> Option<Self> {
        domain.strip_suffix(COMPONENTS).map(|id| Self::Component(id.to_owned()))
    }
}

/// A response that is on its way.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<WasiBody>, Error>> + Send>>;

/// An application that takes the requests of its own guests.
pub trait OwnApp: Send + Sync {
    /// Sends the request to `callee`. Its URI is a path, and it names the host in its `Host` header if the callee is a
    /// component.
    fn call(&self, callee: Callee, request: Request<WasiBody>) -> ResponseFuture;
}

/// The application that the guests of this process belong to. It is set when all of its components are ready.
///
/// A weak reference, because the application owns its guests.
#[derive(Clone, Default)]
pub struct OwnAppSlot(Arc<OnceLock<Weak<dyn OwnApp>>>);

impl OwnAppSlot {
    /// Sets the application. Only the first call has an effect.
    pub fn set(&self, app: &Arc<impl OwnApp + 'static>) {
        let app: Weak<dyn OwnApp> = Arc::downgrade(app) as _;
        let _ = self.0.set(app);
    }

    /// Sends the request to `callee`.
    pub async fn send(
        self,
        callee: Callee,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(Response<WasiBody>, ConnectionFuture), Error> {
        // The server may have stopped, and its last instances be about to end.
        let app = self.0.get().and_then(Weak::upgrade).ok_or(Error::ConnectionTerminated)?;
        let call = app.call(callee, request);
        drop(app);
        let response = with_timeout(options.first_byte_timeout, call, Error::ConnectionReadTimeout).await?;
        let limit = between_bytes(&options);
        let response = response.map(|body| ReadTimeoutBody::new(body, limit).boxed_unsync());
        Ok((response, Box::new(ready(Ok(())))))
    }
}
