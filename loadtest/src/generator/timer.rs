//! The timeout of one request after another. One timer for all of them costs less than one for each, which the runtime would
//! enter into its list and take out again.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set again for each request.
#[derive(Default)]
pub struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Waits for so long from now; without a limit, or with one that no clock reaches, without end.
    pub async fn after(&mut self, limit: Option<Duration>) {
        let Some(at) = limit.and_then(|limit| Instant::now().checked_add(limit)) else {
            return pending().await;
        };
        match &mut self.0 {
            Some(timer) => timer.as_mut().reset(at),
            None => self.0 = Some(Box::pin(sleep_until(at))),
        }
        if let Some(timer) = &mut self.0 {
            timer.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_timer_is_set_again() {
        let mut timer = Timer::default();
        for ms in [20, 5] {
            let began = Instant::now();
            timer.after(Some(Duration::from_millis(ms))).await;
            assert!(began.elapsed() >= Duration::from_millis(ms));
        }
        // A timeout that wasn't reached.
        tokio::select! {
            biased;
            () = timer.after(Some(Duration::from_secs(60))) => unreachable!(),
            () = std::future::ready(()) => {}
        }
        timer.after(Some(Duration::from_millis(5))).await;
    }
}
