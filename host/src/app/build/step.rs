//! A step of a build, and the errors of a build.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Build commands, and the components that they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Shell commands, run in this order.
    pub commands: Vec<String>,
    /// The folder that the commands run in.
    pub workdir: PathBuf,
    /// The ids of the components with these commands.
    pub components: Vec<String>,
}

/// The reason why a component could not be built.
#[derive(Debug)]
pub enum Error {
    /// A command failed. It has written the reason to standard error.
    Failed(Step, ExitStatus),
    /// A command could not be started.
    Start(Step, io::Error),
    /// The commands succeeded, but the component's file is missing.
    NoOutput {
        /// The component's id.
        component: String,
        /// The missing file.
        source: PathBuf,
    },
    /// The guests' compilation target could not be installed.
    Target(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(step, status) => {
                write!(f, "building {} failed ({status}): {step}", step.components.join(", "))
            }
            Self::Start(step, error) => {
                write!(f, "building {} can't start: {error}: {step}", step.components.join(", "))
            }
            Self::NoOutput { component, source } => write!(
                f,
                "component {component:?}: {} is not there; its `source` must be what its build command makes",
                source.display()
            ),
            Self::Target(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.commands.join("`, `"), self.workdir.display())
    }
}
