//! A plot in characters: braille patterns of two by four dots.

use std::collections::BTreeMap;

/// The width of the labels on the left.
const MARGIN: usize = 6;
/// The character of a measured point. It isn't braille, because the weight of braille dots differs between fonts.
const POINT: char = 'o';

/// Plots `points`, in order of x and joined by lines, and the dotted line y = x. Both axes are logarithmic to base two
/// and start at 1, so that proportional growth is a straight line. The plot has `width` columns and `rows` + 2 lines.
pub fn log_log(points: &[(f64, f64)], width: usize, rows: usize) -> String {
    let max = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).fold(2.0, f64::max);
    let mut canvas = Canvas {
        columns: width.saturating_sub(MARGIN + 2).max(1),
        rows: rows.max(2),
        max_x: max(|point| point.0).log2(),
        max_y: max(|point| point.1).log2().ceil(),
        dots: BTreeMap::new(),
        marks: BTreeMap::new(),
    };
    canvas.diagonal();
    for pair in points.windows(2) {
        canvas.line(pair[0], pair[1]);
    }
    for point in points {
        canvas.mark(*point);
    }
    canvas.lines().join("\n") + "\n"
}

struct Canvas {
    columns: usize,
    rows: usize,
    /// The logarithms at the axes' ends.
    max_x: f64,
    max_y: f64,
    /// The dots of each character, by its row and column.
    dots: BTreeMap<(usize, usize), u8>,
    marks: BTreeMap<(usize, usize), char>,
}

impl Canvas {
    /// Returns a point's position, in dots from the left and from the bottom.
    fn position(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let along = |value: f64, max: f64, dots: usize| value.max(1.0).log2() / max * (dots - 1) as f64;
        (along(x, self.max_x, self.columns * 2), along(y, self.max_y, self.rows * 4))
    }

    /// Returns the row and the column of a dot's character, and the dot's bit in it.
    fn cell(&self, (x, y): (f64, f64)) -> ((usize, usize), u8) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let x = (x.round().max(0.0) as usize).min(self.columns * 2 - 1);
        let y = self.rows * 4 - 1 - (y.round().max(0.0) as usize).min(self.rows * 4 - 1);
        ((y / 4, x / 2), BITS[y % 4][x % 2])
    }

    fn dot(&mut self, at: (f64, f64)) {
        let (cell, bit) = self.cell(at);
        *self.dots.entry(cell).or_default() |= bit;
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let (from, to) = (self.position(from), self.position(to));
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for step in 0..=steps as usize {
            let share = step as f64 / steps;
            self.dot((from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share));
        }
    }

    /// Draws the line y = x, every fourth dot.
    fn diagonal(&mut self) {
        for x in (0..self.columns * 2).step_by(4) {
            let value = (x as f64 / (self.columns * 2 - 1) as f64 * self.max_x).exp2();
            if value.log2() <= self.max_y {
                let at = self.position((value, value));
                self.dot(at);
            }
        }
    }

    fn mark(&mut self, point: (f64, f64)) {
        let (cell, _) = self.cell(self.position(point));
        self.marks.insert(cell, POINT);
    }

    /// Returns the lines with the axes, which are labelled with powers of two.
    fn lines(&self) -> Vec<String> {
        let labels: BTreeMap<usize, u64> = powers(self.max_y)
            .map(|power| (self.cell(self.position((1.0, power as f64))).0.0, power))
            .collect();
        let mut lines: Vec<String> = (0..self.rows)
            .map(|row| {
                let (label, axis) = match labels.get(&row) {
                    Some(power) => (power.to_string(), '┤'),
                    None => (String::new(), '│'),
                };
                let drawn: String = (0..self.columns).map(|column| self.character(row, column)).collect();
                format!("{label:>MARGIN$} {axis}{}", drawn.trim_end())
            })
            .collect();
        lines.extend(self.below());
        lines
    }

    fn character(&self, row: usize, column: usize) -> char {
        const BLANK_BRAILLE: u32 = 0x2800;
        let dots = |bits: &u8| char::from_u32(BLANK_BRAILLE + u32::from(*bits));
        let mark = self.marks.get(&(row, column)).copied();
        mark.or_else(|| self.dots.get(&(row, column)).and_then(dots)).unwrap_or(' ')
    }

    /// Returns the x axis, and its numbers as far as they fit.
    fn below(&self) -> [String; 2] {
        let (mut axis, mut numbers) = (vec!['─'; self.columns], String::new());
        let start = MARGIN + 2;
        for power in powers(self.max_x) {
            let (_, column) = self.cell(self.position((power as f64, 1.0))).0;
            axis[column] = '┴';
            let number = power.to_string();
            let at = start + (column + 1).saturating_sub(number.len().div_ceil(2));
            let at = at.min(start + self.columns - number.len().min(self.columns));
            if numbers.is_empty() || at > numbers.len() {
                numbers = format!("{numbers:<at$}{number}");
            }
        }
        [format!("{:MARGIN$} └{}", "", axis.iter().collect::<String>()), numbers]
    }
}

/// Returns the powers of two from 1 up to 2^`max`.
fn powers(max: f64) -> impl Iterator<Item = u64> {
    (0..63).map(|exponent| 1 << exponent).take_while(move |power| (*power as f64).log2() <= max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pool_of_four_grows_and_falls() {
        let points = [(1.0, 1.0), (2.0, 2.0), (4.0, 4.0), (5.0, 2.5), (8.0, 4.0)];
        let expected = "     4 ┤                 ⢀⡠⠔⠊o⢄    ⢀⣀⠤⠒o
       │             ⣀⠤⠒⠊⠁     ⠑o⠤⠒⠁
     2 ┤        ⢀⡠o⠒⠉
       │    ⣀⠤⠔⠊⠁
     1 ┤o⠤⠒⠉
       └┴─────────┴──────────┴─────────┴
        1         2          4         8
";
        assert_eq!(log_log(&points, 40, 5), expected);
    }

    proptest! {
        #[test]
        fn a_plot_fits_its_size_and_never_panics(
            points in prop::collection::vec((0.0..1e5_f64, 0.0..1e5_f64), 0..30), width in 1_usize..200, rows in 0_usize..40,
        ) {
            let plot = log_log(&points, width, rows);
            prop_assert_eq!(plot.lines().count(), rows.max(2) + 2);
            prop_assert!(plot.lines().all(|line| line.chars().count() <= width.max(MARGIN + 3)), "{plot}");
        }
    }
}
