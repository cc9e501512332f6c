//! Notices a guest that keeps a shared instance to itself.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Longer than what guests are meant to do in one go, and short enough for who waits in front of a log.
const TOO_LONG: Duration = Duration::from_secs(5);

/// Watches one instance, for as long as requests are in it.
pub struct Lookout {
    /// How often the instance had turned to its requests when that was last looked at.
    turns: usize,
    /// When that was last news.
    since: Instant,
    /// Whether it was told since.
    told: bool,
    /// Seldom moved: it goes off early, and looks again.
    sleep: Pin<Box<Sleep>>,
}

impl Lookout {
    pub fn new() -> Self {
        Self { turns: 0, since: Instant::now(), told: false, sleep: Box::pin(sleep(TOO_LONG)) }
    }

    /// The instance has turned to its requests this often; where that isn't news for too long, says for
    /// how long. To be polled until it is pending.
    pub fn poll(&mut self, turns: usize, context: &mut Context<'_>) -> Poll<Duration> {
        let now = Instant::now();
        if turns != self.turns {
            (self.turns, self.since, self.told) = (turns, now, false);
        }
        while self.sleep.as_mut().poll(context).is_ready() {
            let held = now - self.since;
            let late = held >= TOO_LONG;
            self.sleep.as_mut().reset(if late { now } else { self.since } + TOO_LONG);
            if late && !self.told {
                return Poll::Ready(held);
            }
        }
        Poll::Pending
    }

    /// It was told.
    pub fn tell(&mut self) {
        self.told = true;
    }
}
