//! From a plan or a URL to a document of judged bursts.

pub mod document;
pub mod import;
pub(crate) mod measure;
pub mod merge;
pub(crate) mod progress;
pub mod run;
