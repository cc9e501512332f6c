//! Changed inputs, for a plain loop without coverage.

use fastrand::Rng;

/// The longest input, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The most changes of an input.
const MAX_CHANGES: usize = 8;
/// Numbers at the edge of what is allowed.
const NUMBERS: [&str; 10] =
    ["0", "-1", "1e308", "-0.0", "NaN", "18446744073709551615", "9223372036854775808", "1e-320", "00", "."];

/// Makes inputs from those of a corpus.
#[derive(Debug)]
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    random: Rng,
}

impl<'a> Mutator<'a> {
    /// Returns a mutator of `corpus`. The same seed gives the same inputs.
    pub fn new(corpus: &'a [Vec<u8>], seed: u64) -> Self {
        Self { corpus, random: Rng::with_seed(seed) }
    }

    /// Returns the next input: one of the corpus with some changes.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.any().to_vec();
        for _ in 0..self.random.usize(1..=MAX_CHANGES) {
            self.change(&mut input);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn any(&mut self) -> &'a [u8] {
        self.random.choice(self.corpus).map_or(&[], Vec::as_slice)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let from = self.random.usize(0..=input.len());
        let to = (from + self.random.usize(0..32)).min(input.len());
        match self.random.u8(0..8) {
            0 => input.truncate(from),
            1 => drop(input.drain(from..to)),
            2 => (from..to.min(from + 4)).for_each(|at| input[at] = self.random.u8(..)),
            3 => {
                let part = input[from..to].to_vec();
                input.splice(from..from, part);
            }
            4 => {
                let other = self.any();
                let start = self.random.usize(0..=other.len());
                let end = (start + self.random.usize(0..200)).min(other.len());
                input.splice(from..to, other[start..end].iter().copied());
            }
            5 => self.change_number(input),
            6 => {
                let other = self.any();
                input.extend_from_slice(other);
            }
            _ => (from..to.min(from + 1)).for_each(|at| input[at] ^= 1 << self.random.u8(0..8)),
        }
    }

    /// Replaces one of the numbers in a text.
    fn change_number(&mut self, input: &mut Vec<u8>) {
        let starts: Vec<usize> = (0..input.len())
            .filter(|at| input[*at].is_ascii_digit() && (*at == 0 || !input[at - 1].is_ascii_digit()))
            .collect();
        let Some(start) = self.random.choice(starts) else { return };
        let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.random.choice(NUMBERS).unwrap_or("0");
        input.splice(start..start + length, number.bytes());
    }
}
