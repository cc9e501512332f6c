//! A component that responds to requests, whichever version of WASI it uses.

use std::sync::Arc;

use futures_util::future::Either;
use wasmtime_wasi_http::handler::ProxyPre;

use super::body::ResponseBody;
use super::instance_factory::InstanceFactory;
use super::p2::P2Handler;
use super::p3::P3Handler;
use super::request::{HandlerError, Request};
use super::spare_instance::SpareInstance;
use crate::engine::CompiledComponent;

/// A component that responds to requests.
#[derive(Clone)]
pub enum Handler {
    /// WASIp2: every request has its own instance.
    P2(Arc<P2Handler>),
    /// WASIp3: requests share instances.
    P3(P3Handler),
}

impl Handler {
    pub fn new(factory: InstanceFactory, compiled: CompiledComponent) -> Self {
        match compiled.pre {
            ProxyPre::P2(pre) => Self::P2(Arc::new(P2Handler::new(factory, pre))),
            ProxyPre::P3(pre) => Self::P3(P3Handler::new(factory, pre)),
        }
    }

    /// The component's id.
    pub fn component_id(&self) -> &Arc<str> {
        match self {
            Self::P2(handler) => handler.component_id(),
            Self::P3(handler) => handler.component_id(),
        }
    }

    /// Creates an instance that takes no request. Returns `None` if no permit is free, or the component can't be
    /// instantiated, which the first request tells.
    pub async fn spare_instance(&self) -> Option<SpareInstance> {
        match self {
            Self::P2(handler) => handler.spare_instance().await,
            Self::P3(handler) => handler.spare_instance().await,
        }
    }

    /// Returns the guest's response, with a body that may still be on its way. To drop this future, or the response
    /// before its end, cancels the guest's work for the request.
    ///
    /// # Errors
    ///
    /// If the guest doesn't respond.
    pub fn respond(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<http::Response<ResponseBody>, HandlerError>> + Send + use<> {
        match self {
            Self::P2(handler) => Either::Left(handler.clone().respond(request)),
            Self::P3(handler) => Either::Right(handler.clone().respond(request)),
        }
    }
}
