//! From a plan or a URL to a document of judged bursts.

pub mod audit;
mod bad_answer;
pub mod baseline;
pub mod burst;
pub mod capacity;
pub mod diagnose;
pub mod document;
pub mod import;
pub mod interrupt;
pub mod measure;
pub mod merge;
pub mod progress;
pub mod request;
pub mod run;
