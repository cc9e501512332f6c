//! The phases of a request, which its client and its instance share: events in, actions out. No I/O, no clock, no lock.

use std::mem::replace;
use std::time::Instant;

/// The phase of a request with a ticket `T` for an instance `I`.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestPhase<T, I> {
    /// The request waits for an instance to take it. It keeps its position in the order of arrival until then.
    Dispatched(T),
    /// No instance was free. The client's side has the ticket, and waits once more.
    Waiting,
    /// An instance has taken the request. `deadline` is when the response must be there.
    Running { instance: I, deadline: Option<Instant> },
    /// The head of the response is there.
    Responding { instance: I },
    /// The client has the whole response.
    Complete,
    /// The client has left.
    Cancelled,
}

/// An instance, and the deadline that it keeps for a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Held<I> {
    pub instance: I,
    pub deadline: Option<Instant>,
}

/// What a cancelled request leaves behind.
#[derive(Debug, PartialEq, Eq)]
pub enum Remains<T, I> {
    Nothing,
    /// The ticket of a request that no instance has taken: to be dropped.
    Ticket(T),
    /// The instance counts the request as cancelled.
    Held(Held<I>),
}

impl<T, I: Clone> RequestPhase<T, I> {
    /// Takes the ticket, to wait once more.
    pub fn take_ticket(&mut self) -> Option<T> {
        match replace(self, Self::Waiting) {
            Self::Dispatched(ticket) => Some(ticket),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Puts the ticket back, to be sent to an instance again.
    pub fn put_ticket(&mut self, ticket: T) {
        if let Self::Waiting = self {
            *self = Self::Dispatched(ticket);
        }
    }

    /// An instance takes the request. Returns the ticket, to be dropped, or `None` if the client has left: then the instance
    /// counts the request as cancelled.
    pub fn start(&mut self, instance: I, deadline: Option<Instant>) -> Option<T> {
        match replace(self, Self::Running { instance, deadline }) {
            Self::Dispatched(ticket) => Some(ticket),
            other => {
                *self = other;
                None
            }
        }
    }

    /// The head of the response is there.
    pub fn respond(&mut self) -> Option<Held<I>> {
        let Self::Running { instance, deadline } = self else { return None };
        let held = Held { instance: instance.clone(), deadline: *deadline };
        *self = Self::Responding { instance: held.instance.clone() };
        Some(held)
    }

    /// The client has the whole response. Returns the instance at the first call.
    pub fn complete(&mut self) -> Option<Held<I>> {
        replace(self, Self::Complete).into_held()
    }

    /// The client leaves. The request counts as cancelled once, and not after it is complete.
    pub fn cancel(&mut self) -> Remains<T, I> {
        match self {
            Self::Complete | Self::Cancelled => Remains::Nothing,
            _ => match replace(self, Self::Cancelled) {
                Self::Dispatched(ticket) => Remains::Ticket(ticket),
                other => other.into_held().map_or(Remains::Nothing, Remains::Held),
            },
        }
    }

    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// The deadline of the response, until it is there.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Running { deadline, .. } => *deadline,
            _ => None,
        }
    }

    fn into_held(self) -> Option<Held<I>> {
        match self {
            Self::Running { instance, deadline } => Some(Held { instance, deadline }),
            Self::Responding { instance } => Some(Held { instance, deadline: None }),
            Self::Dispatched(_) | Self::Waiting | Self::Complete | Self::Cancelled => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RequestPhase::*;

    type Phase = RequestPhase<&'static str, usize>;

    const INSTANCE: usize = 7;

    fn running(deadline: Option<Instant>) -> Phase {
        Running { instance: INSTANCE, deadline }
    }

    fn held(deadline: Option<Instant>) -> Held<usize> {
        Held { instance: INSTANCE, deadline }
    }

    /// Every phase, by a function, because a phase can't be copied.
    fn phases() -> Vec<fn() -> Phase> {
        vec![
            || Dispatched("ticket"),
            || Waiting,
            || running(None),
            || Responding { instance: INSTANCE },
            || Complete,
            || Cancelled,
        ]
    }

    /// Checks that an event changes nothing, and has no result, in all phases but these.
    fn only_in(exceptions: &[Phase], event: impl Fn(&mut Phase) -> bool) {
        for phase in phases().into_iter().filter(|phase| !exceptions.contains(&phase())) {
            let mut changed = phase();
            assert!(!event(&mut changed), "{:?}", phase());
            assert_eq!(changed, phase());
        }
    }

    #[test]
    fn a_request_without_an_instance_waits_and_is_sent_again() {
        let mut phase = Phase::Dispatched("ticket");
        assert_eq!(phase.take_ticket(), Some("ticket"));
        assert_eq!(phase, Waiting);
        phase.put_ticket("ticket");
        assert_eq!(phase, Dispatched("ticket"));
        only_in(&[Dispatched("ticket")], |phase| phase.take_ticket().is_some());
        only_in(&[Waiting], |phase| {
            phase.put_ticket("another");
            false
        });
    }

    #[test]
    fn an_instance_takes_a_request_once_and_only_before_its_client_leaves() {
        let deadline = Some(Instant::now());
        let mut phase = Phase::Dispatched("ticket");
        assert_eq!(phase.start(INSTANCE, deadline), Some("ticket"));
        assert_eq!(phase, running(deadline));
        assert_eq!(phase.deadline(), deadline);
        only_in(&[Dispatched("ticket")], |phase| phase.start(8, None).is_some());
    }

    #[test]
    fn the_head_of_the_response_ends_the_deadline() {
        let deadline = Some(Instant::now());
        let mut phase = running(deadline);
        assert_eq!(phase.respond(), Some(held(deadline)));
        assert_eq!(phase, Responding { instance: INSTANCE });
        assert_eq!(phase.deadline(), None);
        only_in(&[running(None)], |phase| phase.respond().is_some());
    }

    #[test]
    fn a_request_is_complete_once() {
        let deadline = Some(Instant::now());
        for (mut phase, deadline) in
            [(running(deadline), deadline), (Responding { instance: INSTANCE }, None)]
        {
            assert_eq!(phase.complete(), Some(held(deadline)));
            assert_eq!(phase, Complete);
            assert_eq!(phase.complete(), None);
            assert_eq!(phase.cancel(), Remains::Nothing);
            assert_eq!(phase, Complete);
        }
    }

    #[test]
    fn a_client_that_leaves_cancels_its_request_once() {
        let deadline = Some(Instant::now());
        let remains = [
            (Dispatched("ticket"), Remains::Ticket("ticket")),
            (Waiting, Remains::Nothing),
            (running(deadline), Remains::Held(held(deadline))),
            (Responding { instance: INSTANCE }, Remains::Held(held(None))),
        ];
        for (mut phase, remains) in remains {
            assert_eq!(phase.cancel(), remains);
            assert!(phase.is_cancelled());
            assert_eq!(phase.cancel(), Remains::Nothing);
        }
    }
}
