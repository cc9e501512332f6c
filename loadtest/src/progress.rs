//! A line on the terminal while something takes long; a line a step where there is no terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::burst::Firing;

/// How often the line is drawn anew: seldom enough to cost the measurement nothing.
const EVERY: Duration = Duration::from_millis(200);

/// Work that ends at about a known time.
pub struct Progress {
    ends: Instant,
}

/// A step of it, which is shown until it is dropped.
pub struct Step {
    bar: ProgressBar,
    ticker: tokio::task::JoinHandle<()>,
    /// To be handed to the burst, which counts its answers there.
    pub firing: Firing,
}

impl Progress {
    /// Work that takes `about` so long from now on.
    pub fn begin(about: Duration) -> Self {
        Self { ends: Instant::now() + about }
    }

    /// A step that expects so many answers; named on a line of its own where there is no terminal.
    pub fn step(&self, what: String, expected: usize) -> Step {
        if !std::io::stderr().is_terminal() {
            crate::report::note(&what);
        }
        self.small_step(what, expected)
    }

    /// A step that is only worth a moving line.
    pub fn small_step(&self, what: String, expected: usize) -> Step {
        let firing = Firing::default();
        let bar = ProgressBar::with_draw_target(Some(expected as u64), ProgressDrawTarget::stderr());
        let count = if expected > 0 { "{pos}/{len} answered, " } else { "" };
        let template = format!("{{spinner}} {count}{{prefix}}: {{wide_msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        let (shown, counted, ends) = (bar.clone(), firing.clone(), self.ends);
        let ticker = tokio::spawn(async move {
            loop {
                let left = ends.saturating_duration_since(Instant::now()).as_secs_f64().ceil();
                shown.set_prefix(format!("about {left} s to go"));
                shown.set_position(counted.answered() as u64);
                shown.tick();
                tokio::time::sleep(EVERY).await;
            }
        });
        Step { bar, ticker, firing }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.ticker.abort();
        self.bar.finish_and_clear();
    }
}
