//! Why a server serves requests as it does: which experiment to fire next, and what all of them show together. The caller
//! fires them.

mod budget;
mod candidates;
mod choice;
mod diagnosis;
mod end;
mod features;
mod fit;
mod history;
mod hypothesis;
mod initial_estimates;
mod interval;
mod opening;
mod plan;
mod planner;
mod posterior;
mod prior;
mod report;
mod scope;
mod server;
mod server_model;
mod service_shape;
mod simulate;
mod speed_mixture;

pub use budget::{Abilities, Budget, Spent};
pub use diagnosis::{Diagnosis, Finding};
pub use end::End;
pub use interval::Interval;
pub use plan::{Connections, Experiment, Observed, Part, Target};
pub use planner::{Planner, Step};
