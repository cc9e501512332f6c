//! `loadtest build`, and the builds before other commands.

use std::path::Path;

use host::App;
use host::build::{self, Step};

use super::inputs::manifests_or_default;
use crate::cli::flags::{AppArgs, BuildArgs};
use crate::console::note;
use crate::exit::{Exit, Failure};

/// Builds all components, also if they are up to date: the build commands decide.
pub async fn build(args: &BuildArgs) -> Result<Exit, Failure> {
    for manifest in manifests_or_default(&args.manifests) {
        let app = read(&manifest, args.profile.name.as_deref())?;
        let steps = build::all(&app);
        if steps.is_empty() {
            note(&format!("{}: no component has a build command", manifest.display()));
        }
        perform(&app, &steps).await?;
    }
    Ok(Exit::Success)
}

/// Reads the manifest, and builds the components that are missing or older than their sources.
pub async fn up_to_date(manifest: &Path, args: &AppArgs) -> Result<App, Failure> {
    let app = load(manifest, args)?;
    perform(&app, &build::due(&app)).await?;
    Ok(app)
}

/// Reads the manifest, and sets its variables.
pub fn load(manifest: &Path, args: &AppArgs) -> Result<App, Failure> {
    let mut app = read(manifest, args.profile.name.as_deref())?;
    app.variables.give(&args.variables).map_err(host::Error::from)?;
    Ok(app)
}

/// Reads the manifest.
pub fn read(manifest: &Path, profile: Option<&str>) -> Result<App, Failure> {
    Ok(host::manifest::load(manifest, profile).map_err(host::Error::from)?)
}

async fn perform(app: &App, steps: &[Step]) -> Result<(), Failure> {
    build::install_missing_target(steps).await.map_err(host::Error::from)?;
    for step in steps {
        note(&format!("Building {} with {step}", step.components.join(", ")));
    }
    Ok(build::run(app, steps).await.map_err(host::Error::from)?)
}
