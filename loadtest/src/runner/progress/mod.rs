//! The progress display on standard error. On a terminal it has a moving line for the step and a line of cells for each
//! burst. Elsewhere it prints one line for each step.

mod cells;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::generator::{BurstHandle, ProgressGrid};

/// The redraw interval. A shorter one would take CPU time from the measurement.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// The display of a command whose end can be estimated.
pub struct Progress {
    ends: Instant,
    is_quiet: bool,
}

/// A step, shown until it is dropped.
pub struct Step {
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
    /// The handle for the step's bursts. The display reads their progress from it.
    pub handle: BurstHandle,
}

/// The number of requests of all these bursts, each with its name and size; `None` if only a duration ends one of them.
pub fn expected(bursts: &[(String, usize)]) -> Option<usize> {
    bursts.iter().try_fold(0_usize, |sum, (_, n)| sum.checked_add(*n)).filter(|sum| *sum < usize::MAX)
}

impl Progress {
    /// Starts the display of a command that takes about this time. If `is_quiet`, nothing is shown.
    pub fn begin(about: Duration, is_quiet: bool) -> Self {
        Self { ends: Instant::now() + about, is_quiet }
    }

    /// Starts a step that fires bursts of these names and sizes. Without a terminal, its name is printed on a line.
    pub fn step(&self, what: String, bursts: &[(String, usize)]) -> Step {
        if !std::io::stderr().is_terminal() && !self.is_quiet {
            crate::console::note(&what);
        }
        let expected = expected(bursts).unwrap_or(0);
        self.show(what, expected, bursts)
    }

    /// Starts a step that has no cells, and that is not shown without a terminal.
    pub fn small_step(&self, what: String, expected: usize) -> Step {
        self.show(what, expected, &[])
    }

    fn show(&self, what: String, expected: usize, bursts: &[(String, usize)]) -> Step {
        if self.is_quiet || !std::io::stderr().is_terminal() {
            return Step { drawing: None, handle: BurstHandle::default() };
        }
        let handle = BurstHandle::with_progress(bursts.iter().map(|(_, n)| *n));
        let grids = bursts.iter().map(|(name, _)| name.clone()).zip(handle.grids().to_vec()).collect();
        let lines = Lines::new(what, expected, grids);
        let (stop, stopped) = mpsc::channel();
        let (counted, ends) = (handle.clone(), self.ends);
        // A thread, because a slow terminal must not block the runtime.
        let drawing = thread::spawn(move || {
            while stopped.recv_timeout(REDRAW_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                lines.draw(ends.saturating_duration_since(Instant::now()), counted.completed());
            }
            lines.clear();
        });
        Step { drawing: Some((stop, drawing)), handle }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some((stop, drawing)) = self.drawing.take() {
            drop(stop);
            // The thread must have cleared the lines before anything else is written.
            let _ = drawing.join();
        }
    }
}

/// The lines on the terminal.
struct Lines {
    all: MultiProgress,
    head: ProgressBar,
    bursts: Vec<(String, Arc<ProgressGrid>, ProgressBar)>,
}

impl Lines {
    fn new(what: String, expected: usize, grids: Vec<(String, Arc<ProgressGrid>)>) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let count = if expected > 0 { "{pos}/{len} answered, " } else { "" };
        let head = all.add(ProgressBar::new(expected as u64).with_message(what));
        styled(&head, &format!("{{spinner}} {count}{{prefix}}: {{wide_msg}}"));
        let line = |(name, grid)| {
            let bar = all.add(ProgressBar::new(0));
            styled(&bar, "{wide_msg}");
            (name, grid, bar)
        };
        Self { head, bursts: grids.into_iter().map(line).collect(), all: all.clone() }
    }

    fn draw(&self, remaining: Duration, completed: usize) {
        self.head.set_prefix(format!("about {} s to go", remaining.as_secs_f64().ceil()));
        self.head.set_position(completed as u64);
        self.head.tick();
        let width = console::Term::stderr().size().1.into();
        for (name, grid, bar) in &self.bursts {
            bar.set_message(cells::line(name, &grid.states(), width));
            bar.tick();
        }
    }

    fn clear(&self) {
        for (_, _, bar) in &self.bursts {
            bar.finish_and_clear();
        }
        self.head.finish_and_clear();
        let _ = self.all.clear();
    }
}

fn styled(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_that_a_duration_ends_has_no_expected_count() {
        let sized = |sizes: &[usize]| sizes.iter().map(|n| ("a".to_owned(), *n)).collect::<Vec<_>>();
        assert_eq!(expected(&sized(&[3, 4])), Some(7));
        assert_eq!(expected(&sized(&[usize::MAX])), None);
        assert_eq!(expected(&sized(&[3, usize::MAX])), None);
    }
}
