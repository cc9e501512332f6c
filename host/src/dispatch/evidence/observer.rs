//! Observes requests from their arrival to the last byte of their responses.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, HeaderValue, Response};

use super::observation::Observation;
use super::served_by::{self, SERVED_BY};
use super::trace::{TraceLine, TraceWriter};
use crate::dispatch::body::ResponseBody;
use crate::dispatch::request::Request;

/// Observes the requests of an application.
pub struct Observer {
    /// Whether responses get the header [`SERVED_BY`].
    pub header: bool,
    /// The file that gets a line for each request.
    pub trace: Option<Arc<TraceWriter>>,
}

/// A request that is observed until it is dropped, or until the end of its response.
pub struct Observed {
    observation: Arc<Observation>,
    has_header: bool,
    /// `None` without a trace file: requests then don't change the reference counts of what they all share.
    traced: Option<Traced>,
}

/// What a line of the trace file has beside the times.
struct Traced {
    trace: Arc<TraceWriter>,
    route: Option<HeaderValue>,
    component: Arc<str>,
    status: Option<u16>,
}

impl Observer {
    /// Starts to observe the request, which is for the component with this id. The route that it matched is in the header
    /// `route`.
    pub fn observe(&self, request: &mut Request, component: &Arc<str>, route: &HeaderName) -> Observed {
        let traced = self.trace.as_ref().map(|trace| Traced {
            trace: trace.clone(),
            route: request.headers().get(route).cloned(),
            component: component.clone(),
            status: None,
        });
        Observed { observation: Observation::start(request), has_header: self.header, traced }
    }
}

impl Observed {
    /// Notes the head of the response, and adds the header to it. The observation ends with the response's body.
    pub fn responded(mut self, response: &mut Response<ResponseBody>) {
        self.observation.left();
        if self.has_header
            && let Some(value) = served_by::value(&self.observation)
        {
            // The host knows which instance it was, so its value replaces the guest's.
            response.headers_mut().insert(SERVED_BY, value);
        }
        if let Some(traced) = &mut self.traced {
            traced.status = Some(response.status().as_u16());
            response.body_mut().hold_until_dropped(self);
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observation.left();
        if let Some(Traced { trace, route, component, status }) = &self.traced {
            let line = TraceLine::of(&self.observation, Instant::now())
                .for_target(route.as_ref(), component)
                .with_status(*status);
            trace.write(line);
        }
    }
}
