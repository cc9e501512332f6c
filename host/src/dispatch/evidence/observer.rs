//! Observes requests from their arrival to the last byte of their responses.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Response};

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
    pub trace: Option<TraceWriter>,
}

/// A request that is observed until it is dropped, or until the end of its response.
pub struct Observed {
    observer: Arc<Observer>,
    observation: Arc<Observation>,
    route: Option<HeaderValue>,
    component: Arc<str>,
    status: Option<u16>,
}

impl Observer {
    /// Starts to observe the request, which is for the component with this id. `route` is the route that it matched.
    pub fn observe(
        self: &Arc<Self>,
        request: &mut Request,
        component: &Arc<str>,
        route: Option<HeaderValue>,
    ) -> Observed {
        let observation = Observation::start(request);
        let component = component.clone();
        Observed { observer: self.clone(), observation, route, component, status: None }
    }
}

impl Observed {
    /// Notes the head of the response, and adds the header to it. The observation ends with the response's body.
    pub fn responded(mut self, response: &mut Response<ResponseBody>) {
        self.observation.left();
        self.status = Some(response.status().as_u16());
        if self.observer.header
            && let Some(value) = served_by::value(&self.observation)
        {
            // The host knows which instance it was, so its value replaces the guest's.
            response.headers_mut().insert(SERVED_BY, value);
        }
        if self.observer.trace.is_some() {
            response.body_mut().hold_until_dropped(self);
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observation.left();
        if let Some(trace) = &self.observer.trace {
            let line = TraceLine::of(&self.observation, Instant::now())
                .for_target(self.route.as_ref(), &self.component)
                .with_status(self.status);
            trace.write(line);
        }
    }
}
