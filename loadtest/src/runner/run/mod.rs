//! Fires the setups of a plan at systems, one after the other, and compares the verdicts with the expectations.

mod estimate;
mod fire;
mod rounds;
mod system;

pub use self::fire::Runner;
pub use self::rounds::Rounds;
pub use self::system::SystemUnderTest;
