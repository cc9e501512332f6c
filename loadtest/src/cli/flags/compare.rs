//! `loadtest compare`.

use std::path::PathBuf;

use clap::Args;

use crate::report::compare::Format;

const EXAMPLES: &str = "\
Examples:
  loadtest compare before/result.json after/result.json --fail-on-change
  loadtest compare before/result.json after/result.json --tolerance 10% --format markdown";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", super::EXIT_CODES))]
pub struct CompareArgs {
    /// The result.json before the change
    #[arg(value_name = "A.json")]
    pub before: PathBuf,
    /// The result.json after the change
    #[arg(value_name = "B.json")]
    pub after: PathBuf,
    /// Exit with 1 if a verdict or a time changed beyond noise, or if a burst is in one result only
    #[arg(long)]
    pub fail_on_change: bool,
    /// If a time differs by at most this share, it counts as unchanged: 5% or 0.05
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub tolerance: f64,
    /// The output format
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub format: Format,
}

fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    match number.trim().parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number / unit)) => Ok(number / unit),
        _ => Err("a share such as 5% or 0.05, from 0 to 100%, is allowed".to_owned()),
    }
}
