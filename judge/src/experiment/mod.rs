//! Why a server serves requests as it does: which experiment to fire next, and what all of them show together. The caller
//! fires them.

mod belief;
mod choice;
mod clues;
mod diagnosis;
mod end;
mod features;
mod fit;
mod history;
mod menu;
mod plan;
mod planner;
mod play;
mod report;
mod server;
mod suspect;

pub use diagnosis::{Diagnosis, Finding};
pub use end::End;
pub use plan::{Connections, Experiment, Observed, Part, Target};
pub use planner::{Abilities, Budget, Planner, Spent, Step};
