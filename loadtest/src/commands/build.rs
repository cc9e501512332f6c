//! `loadtest build`, and the building that other commands do first.

use std::path::Path;

use host::App;
use host::build::{self, Step};

use super::{manifests_or_default, wasm_target};
use crate::cli::BuildArgs;
use crate::exit::{Exit, Failure};
use crate::report::note;

/// Builds all components, whether they are due or not: the commands know best.
pub async fn build(args: &BuildArgs) -> Result<Exit, Failure> {
    for manifest in manifests_or_default(&args.manifests) {
        let app = load(&manifest)?;
        let steps = build::all(&app);
        if steps.is_empty() {
            note(&format!("{}: no component has a build command", manifest.display()));
        }
        perform(&app, &steps).await?;
    }
    Ok(Exit::Success)
}

/// Reads the manifest, and builds those of its components that are missing or older than their sources.
pub async fn up_to_date(manifest: &Path) -> Result<App, Failure> {
    let app = load(manifest)?;
    perform(&app, &build::due(&app)).await?;
    Ok(app)
}

/// Reads the manifest.
pub fn load(manifest: &Path) -> Result<App, Failure> {
    Ok(host::manifest::load(manifest).map_err(host::Error::from)?)
}

async fn perform(app: &App, steps: &[Step]) -> Result<(), Failure> {
    wasm_target::ensure(steps).await?;
    for step in steps {
        note(&format!("Building {} with {step}", step.components.join(", ")));
    }
    Ok(build::run(app, steps).await.map_err(host::Error::from)?)
}
