//! Opens connections, holds their requests at a barrier, releases them, and records each request. All bursts take the
//! same path; the schedule is the only difference.

mod bad_answer;
mod barrier;
mod burst;
mod clock;
mod connection;
mod deadline;
mod dial;
mod fire;
mod first_bytes;
mod handle;
mod held_stream;
mod http1;
mod http2;
mod monitor;
mod pair;
mod progress_grid;
mod proxy;
mod queue;
mod request;
mod route;
mod socket;
mod timer;
mod timestamps;
mod tls;
mod worker;

pub use bad_answer::BadAnswer;
pub use burst::{BurstRecord, BurstSpec};
pub use fire::fire;
pub use handle::BurstHandle;
pub use progress_grid::{ProgressGrid, RequestState};
pub use request::{ProxyChoice, RequestTemplate, Transport};
pub use tls::Trust;
