//! Random numbers: the same on every machine and with every version of any library.

/// A generator of random numbers: SplitMix64, by Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// 2014.
pub struct Random(u64);

impl Random {
    /// Returns a generator; the same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns another generator: its numbers don't depend on how many more are drawn from this one.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// Returns a number from 0 to just below 1, uniformly distributed.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number from `low` to just below `high`, uniformly distributed.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Returns an integer from `low` to `high`, both included. Its logarithm is uniformly distributed, so small and large
    /// numbers are equally frequent.
    pub fn log_uniform(&mut self, low: usize, high: usize) -> usize {
        let log = self.between((low as f64).ln(), (high as f64 + 1.0).ln());
        (log.exp().floor() as usize).clamp(low, high)
    }

    /// Returns `true` with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Returns an approximately normal number of mean 0 and deviation 1: the sum of twelve uniform numbers, less 6.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// Returns an exponentially distributed number: the gap to the next event of a Poisson process.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }
}
