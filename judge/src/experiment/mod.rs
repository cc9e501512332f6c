//! Why a server serves requests as it does: which experiment to fire next, and what all of them show together. The caller
//! fires them.

mod diagnosis;
mod end;
mod plan;
mod planner;

pub use diagnosis::{Diagnosis, Finding};
pub use end::End;
pub use plan::{Connections, Experiment, Observed, Part, Target};
pub use planner::{Abilities, Budget, Planner, Spent, Step};
