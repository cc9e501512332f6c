//! A line on the terminal while something takes long, and its requests lighting up below; a line a step where there is
//! no terminal.

mod cells;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::generator::{Board, Firing};

/// How often the lines are drawn anew: seldom enough to cost the measurement nothing.
const EVERY: Duration = Duration::from_millis(200);

/// Work that ends at about a known time.
pub struct Progress {
    ends: Instant,
    is_quiet: bool,
}

/// A step of it, which is shown until it is dropped.
pub struct Step {
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
    /// To be handed to the burst, which counts its answers there.
    pub firing: Firing,
}

/// How many requests bursts of these names and sizes have together; `None` where only a time ends one of them.
pub fn expected(bursts: &[(String, usize)]) -> Option<usize> {
    bursts.iter().try_fold(0_usize, |sum, (_, n)| sum.checked_add(*n)).filter(|sum| *sum < usize::MAX)
}

impl Progress {
    /// Work that takes `about` so long from now on; nothing of it is shown where `is_quiet`.
    pub fn begin(about: Duration, is_quiet: bool) -> Self {
        Self { ends: Instant::now() + about, is_quiet }
    }

    /// A step that fires bursts of these names and sizes; named on a line of its own where there is no terminal.
    pub fn step(&self, what: String, bursts: &[(String, usize)]) -> Step {
        if !std::io::stderr().is_terminal() && !self.is_quiet {
            crate::console::note(&what);
        }
        let expected = expected(bursts).unwrap_or(0);
        self.show(what, expected, bursts)
    }

    /// A step that is only worth a moving line.
    pub fn small_step(&self, what: String, expected: usize) -> Step {
        self.show(what, expected, &[])
    }

    fn show(&self, what: String, expected: usize, bursts: &[(String, usize)]) -> Step {
        if self.is_quiet || !std::io::stderr().is_terminal() {
            return Step { drawing: None, firing: Firing::default() };
        }
        let firing = Firing::watched(bursts.iter().map(|(_, n)| *n));
        let boards = bursts.iter().map(|(name, _)| name.clone()).zip(firing.boards().to_vec()).collect();
        let lines = Lines::new(what, expected, boards);
        let (stop, stopped) = mpsc::channel();
        let (counted, ends) = (firing.clone(), self.ends);
        // A thread of its own: a slow terminal must not hold up those that send.
        let drawing = thread::spawn(move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                lines.draw(ends.saturating_duration_since(Instant::now()), counted.answered());
            }
            lines.clear();
        });
        Step { drawing: Some((stop, drawing)), firing }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some((stop, drawing)) = self.drawing.take() {
            drop(stop);
            // What is written next must not get in between.
            let _ = drawing.join();
        }
    }
}

/// What is drawn.
struct Lines {
    all: MultiProgress,
    head: ProgressBar,
    bursts: Vec<(String, Arc<Board>, ProgressBar)>,
}

impl Lines {
    fn new(what: String, expected: usize, boards: Vec<(String, Arc<Board>)>) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let count = if expected > 0 { "{pos}/{len} answered, " } else { "" };
        let head = all.add(ProgressBar::new(expected as u64).with_message(what));
        styled(&head, &format!("{{spinner}} {count}{{prefix}}: {{wide_msg}}"));
        let line = |(name, board)| {
            let bar = all.add(ProgressBar::new(0));
            styled(&bar, "{wide_msg}");
            (name, board, bar)
        };
        Self { head, bursts: boards.into_iter().map(line).collect(), all: all.clone() }
    }

    fn draw(&self, left: Duration, answered: usize) {
        self.head.set_prefix(format!("about {} s to go", left.as_secs_f64().ceil()));
        self.head.set_position(answered as u64);
        self.head.tick();
        let width = console::Term::stderr().size().1.into();
        for (name, board, bar) in &self.bursts {
            bar.set_message(cells::line(name, &board.states(), width));
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
    fn a_burst_that_a_time_ends_has_no_number() {
        let sized = |sizes: &[usize]| sizes.iter().map(|n| ("a".to_owned(), *n)).collect::<Vec<_>>();
        assert_eq!(expected(&sized(&[3, 4])), Some(7));
        assert_eq!(expected(&sized(&[usize::MAX])), None);
        assert_eq!(expected(&sized(&[3, usize::MAX])), None);
    }
}
