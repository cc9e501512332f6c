//! The likelihood of a burst under a server hypothesis.
//!
//! Time is divided into cells of equal width; runs of cells without an answer are joined. Every hypothesis is scored on
//! the same object: the number of answers in each cell. The order in which requests were sent is not used, because
//! arrivals that differ by microseconds have no order.
//!
//! Which of the requests in service have left is not observed. [`score`] sums over it: each request in service has a
//! weight, the probability that it is still there. The number of answers in a cell is then a sum of independent
//! Bernoulli variables, whose distribution is found by a saddlepoint approximation; the same tilt gives the weights after the
//! cell. For general queue inference, see Sutton and Jordan, "Bayesian inference for queueing networks and modeling of
//! internet services" (2011).

mod cells;
mod hypothesis;
mod normal;
mod saddlepoint;
mod score;
mod service;

pub(crate) use cells::{Cell, OFFSET, Observation};
pub(crate) use hypothesis::{Capacity, Hypothesis, Speed};
pub(crate) use score::score;
use service::Survival;
pub(crate) use service::{OUTLIERS, ServiceTime};
