//! `loadtest lab`.

use super::build;
use super::stdout::print;
use crate::cli::flags::{AppArgs, LabArgs, LabExportArgs, LabTool};
use crate::exit::{Exit, Failure, OrExit};
use crate::lab::{Lab, MANIFESTS};
use crate::targets::project;

pub async fn lab(args: &LabArgs) -> Result<Exit, Failure> {
    let LabTool::Export(LabExportArgs { folder }) = &args.tool;
    let lab = match Lab::is_packed() {
        true => Lab::packed().or_exit(Exit::System)?,
        false => built().await?,
    };
    lab.write(folder).or_exit(Exit::Usage)?;
    let manifests = MANIFESTS.map(|manifest| format!("{}\n", folder.join(manifest).display()));
    print(&manifests.concat())?;
    Ok(Exit::Success)
}

/// The application of the clone that this program stands in, or that is the working folder.
async fn built() -> Result<Lab, Failure> {
    let message = "this program doesn't carry the lab's application (feature `bundled`); run this in the project's folder";
    let project = project().ok_or_else(|| Failure::new(Exit::System, message))?;
    for manifest in MANIFESTS {
        build::up_to_date(&project.join(manifest), &AppArgs::default()).await?;
    }
    Lab::of_project(&project).or_exit(Exit::System)
}
