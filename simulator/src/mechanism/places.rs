//! Where a limit applies: at one endpoint, in one session, or on fresh connections.

use std::collections::HashMap;

use super::{Event, Server, World};

/// A server whose limit is that of one endpoint: other endpoints have none.
pub struct OfEndpoint(pub Box<dyn Server>);

impl Server for OfEndpoint {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) if world.special(request).is_elsewhere => world.serve(request),
            Event::Done(request) if world.special(request).is_elsewhere => world.answer(request, 200),
            other => self.0.handle(other, world),
        }
    }
}

/// Each session has a server of its own, without timers.
pub struct OfSession {
    make: Box<dyn Fn() -> Box<dyn Server>>,
    sessions: HashMap<usize, Box<dyn Server>>,
}

impl OfSession {
    /// Servers that `make` makes.
    pub fn new(make: impl Fn() -> Box<dyn Server> + 'static) -> Self {
        Self { make: Box::new(make), sessions: HashMap::new() }
    }
}

impl Server for OfSession {
    fn handle(&mut self, event: Event, world: &mut World) {
        let Some(request) = event.request() else { return };
        let session = world.special(request).session;
        self.sessions.entry(session).or_insert_with(|| (self.make)()).handle(event, world);
    }
}

/// Only requests over fresh connections meet the server; the others are served at once.
pub struct OfFreshConnections(pub Box<dyn Server>);

impl Server for OfFreshConnections {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) if !world.special(request).is_fresh => world.serve(request),
            other => self.0.handle(other, world),
        }
    }
}
