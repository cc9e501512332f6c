//! `loadtest export`.

use results::threshold;

use super::inputs::built_in_setups;
use super::stdout::print;
use crate::cli::flags::{ExportArgs, ExportTool, K6Args};
use crate::exit::{Exit, Failure, OrExit};
use crate::plan::PlannedBurst;
use crate::{export, plan};

pub fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    let ExportTool::K6(K6Args { setups, time_scale, url, expect }) = &args.tool;
    let usage = |error| Failure::new(Exit::Usage, error);
    let setups = plan::select(built_in_setups()?, setups).map_err(usage)?;
    let bursts = setups.iter().flat_map(|setup| &setup.bursts);
    let endpoints: Vec<String> = bursts.map(PlannedBurst::endpoint).collect();
    if let Some(error) = threshold::without_endpoint(expect, &endpoints) {
        return Err(usage(error));
    }
    let script = export::k6::script(&setups, *time_scale, url.as_str().trim_end_matches('/'), expect);
    print(&script.or_exit(Exit::Usage)?)?;
    Ok(Exit::Success)
}
