//! A server with its parameters, before the burst.

use super::subject::Subject;
use crate::mechanism::Server;

/// A server with its parameters.
pub(crate) struct Draft {
    pub(crate) subject: Subject,
    pub(crate) parameters: String,
    pub(crate) knobs: Knobs,
    make: Box<dyn Fn() -> Box<dyn Server>>,
    idle: Box<dyn Fn() -> Box<dyn Server>>,
}

/// The parameters that the truth depends on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Knobs {
    /// The workers, cores, or requests of a batch.
    pub(crate) k: Option<usize>,
    /// The gap between two starts or answers, in seconds.
    pub(crate) gap: Option<f64>,
    /// The size of a rate limit's bucket.
    pub(crate) bucket: usize,
    /// The share of the service time that is held.
    pub(crate) share: f64,
    /// The fixed delay, in seconds; of a growing pool, the time until it has grown.
    pub(crate) delay: f64,
    /// The workers of a growing pool in the end.
    pub(crate) to: Option<usize>,
}

impl Knobs {
    /// So many workers, and nothing else.
    pub(super) fn of(k: usize) -> Self {
        Self { k: Some(k), ..Self::default() }
    }
}

impl Draft {
    pub(super) fn new<S: Server + 'static>(
        subject: Subject,
        parameters: String,
        knobs: Knobs,
        make: impl Fn() -> S + Clone + 'static,
    ) -> Self {
        let idle = make.clone();
        Self {
            subject,
            parameters,
            knobs,
            make: Box::new(move || Box::new(make())),
            idle: Box::new(move || Box::new(idle())),
        }
    }

    /// The same, with another server for the requests alone.
    pub(super) fn alone<S: Server + 'static>(self, idle: impl Fn() -> S + 'static) -> Self {
        Self { idle: Box::new(move || Box::new(idle())), ..self }
    }

    /// The server, as the burst meets it.
    pub(crate) fn server(&self) -> Box<dyn Server> {
        (self.make)()
    }

    /// The server, as a request alone meets it.
    pub(super) fn idle(&self) -> Box<dyn Server> {
        (self.idle)()
    }
}
