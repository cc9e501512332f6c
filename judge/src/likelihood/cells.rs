//! What was observed: when requests arrived, and how many answers came in each cell of time.

/// A part of time in which `count` answers came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) count: usize,
    /// The mean time of its answers; its middle if there are none.
    pub(crate) mean: f64,
}

/// Where cells begin, as a share of their width: answers after a whole number of service times shall not lie on an edge.
pub(crate) const OFFSET: f64 = 0.37;
/// The distance of answers from the edges of their cell, as a share of its width, if their neighbours allow it.
const MARGIN: f64 = 0.3;
/// How much wider the cells of later answers are.
const COARSE: f64 = 3.0;

/// The arrivals and the answers of a burst, in seconds from the first arrival.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Observation {
    /// The arrivals of all requests that were served or still wait, sorted.
    pub(crate) arrivals: Vec<f64>,
    /// The answers, sorted.
    pub(crate) done: Vec<f64>,
    pub(crate) cells: Vec<Cell>,
}

impl Observation {
    /// Divides time into cells of `width`, up to the last answer or, if later, to `until`. The answers after the first
    /// `fine` are observed in cells that are wider.
    ///
    /// Arrivals that are much closer to each other than a cell's width become simultaneous: their order means nothing.
    pub(crate) fn new(mut arrivals: Vec<f64>, done: Vec<f64>, width: f64, until: f64, fine: usize) -> Self {
        let mut first = f64::NEG_INFINITY;
        for arrival in &mut arrivals {
            if *arrival - first <= width / 4.0 {
                *arrival = first;
            } else {
                first = *arrival;
            }
        }
        let mut cells: Vec<Cell> = Vec::new();
        let (mut from, mut next) = (0.0, 0);
        while next < done.len() {
            // The first answers show the structure; the many that follow are observed in coarser cells.
            let width = if next >= fine { COARSE * width } else { width };
            let index = (done[next].max(0.0) / width + OFFSET).floor() - OFFSET;
            let (start, end) = (index * width, (index + 1.0) * width);
            let last = next + done[next..].partition_point(|at| *at < end);
            // An answer on the edge itself belongs to the cell that it opens.
            let last = last.max(next + 1);
            // Answers that come together are not parted by an edge, nor are they near one.
            let margin = MARGIN * width;
            let most = last + done[last..].partition_point(|at| *at < end + margin);
            let together =
                done[last - 1..most].windows(2).take_while(|pair| pair[1] - pair[0] < margin).count();
            let last = last + together;
            let after = done.get(last).copied().unwrap_or(f64::INFINITY);
            let end = end.max((done[last - 1] + margin).min((done[last - 1] + after) / 2.0));
            let start = start.min(done[next] - margin).max(from);
            if start > from {
                cells.push(Cell { from, to: start, count: 0, mean: (from + start) / 2.0 });
            }
            let mean = done[next..last].iter().sum::<f64>() / (last - next) as f64;
            let end = end.max(start + f64::EPSILON);
            cells.push(Cell { from: start, to: end, count: last - next, mean: mean.clamp(start, end) });
            (from, next) = (end, last);
        }
        if until > from {
            cells.push(Cell { from, to: until, count: 0, mean: (from + until) / 2.0 });
        }
        Self { arrivals, done, cells }
    }

    /// Leaves out the cells after so many answers.
    pub(crate) fn limit(&mut self, answers: usize) {
        let mut count = 0;
        let kept = self.cells.iter().position(|cell| {
            let is_beyond = count >= answers;
            count += cell.count;
            is_beyond
        });
        let kept = kept.unwrap_or(self.cells.len());
        self.cells.truncate(kept);
    }

    /// Whether later answers are left out.
    pub(crate) fn is_cut(&self) -> bool {
        self.counted() < self.done.len()
    }

    /// Returns the number of answers in the cells.
    pub(crate) fn counted(&self) -> usize {
        self.cells.iter().map(|cell| cell.count).sum()
    }

    /// Returns the time of the last answer.
    pub(crate) fn end(&self) -> f64 {
        self.done.last().copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_follow_each_other_and_hold_every_answer(mut done in prop::collection::vec(0.0..10.0_f64, 1..80), width in 0.001..2.0_f64, until in 0.0..20.0_f64) {
            done.sort_by(f64::total_cmp);
            let cells = Observation::new(vec![0.0; done.len()], done.clone(), width, until, 20).cells;
            prop_assert_eq!(cells.iter().map(|cell| cell.count).sum::<usize>(), done.len());
            prop_assert!(cells.windows(2).all(|pair| pair[0].to == pair[1].from));
            prop_assert!(cells.iter().all(|cell| cell.from < cell.to && cell.from <= cell.mean && cell.mean <= cell.to));
            prop_assert!(cells[0].from == 0.0);
        }
    }
}
