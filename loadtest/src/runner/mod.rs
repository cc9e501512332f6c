//! From a plan or a URL to a document of judged bursts.

pub mod document;
pub mod import;
pub mod measure;
pub mod merge;
pub mod progress;
pub mod run;
