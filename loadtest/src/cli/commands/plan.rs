//! `loadtest plan`.

use super::build;
use super::stdout::print;
use crate::cli::flags::{InitArgs, PlanArgs, PlanTool};
use crate::exit::{Exit, Failure};
use crate::plan;

pub fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    let PlanTool::Init(InitArgs { manifest, profile }) = &args.tool;
    let app = build::read(manifest, profile.name.as_deref())?;
    print(&plan::first_plan(&app))?;
    Ok(Exit::Success)
}
