//! A line on the terminal while something takes long; a line a step where there is no terminal.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::burst::Answered;

/// How often the line is drawn anew: seldom enough to cost the measurement nothing.
const EVERY: Duration = Duration::from_millis(200);

/// A step that is shown until it is dropped.
pub struct Step {
    bar: ProgressBar,
    ticker: tokio::task::JoinHandle<()>,
    /// To be counted up as answers come.
    pub answered: Answered,
}

/// A step, named on a line of its own where there is no terminal.
pub fn step(what: String, expected: usize, about: Duration) -> Step {
    if !std::io::stderr().is_terminal() {
        eprintln!("{what}");
    }
    quiet_step(what, expected, about)
}

/// Shows `what` with the share of `expected` answers, and about how long it takes.
pub fn quiet_step(what: String, expected: usize, about: Duration) -> Step {
    let answered: Answered = Arc::new(AtomicUsize::new(0));
    let bar = ProgressBar::with_draw_target(Some(expected as u64), ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} {msg}  {pos}/{len} answered, {elapsed} of about {prefix}")
    {
        bar.set_style(style);
    }
    bar.set_prefix(format!("{}s", about.as_secs_f64().ceil()));
    bar.set_message(what);
    let (shown, counted) = (bar.clone(), answered.clone());
    let ticker = tokio::spawn(async move {
        loop {
            shown.set_position(counted.load(Relaxed) as u64);
            shown.tick();
            tokio::time::sleep(EVERY).await;
        }
    });
    Step { bar, ticker, answered }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.ticker.abort();
        self.bar.finish_and_clear();
    }
}
