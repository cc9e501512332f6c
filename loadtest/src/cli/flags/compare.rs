//! `loadtest compare`.

use std::path::PathBuf;

use clap::Args;

use crate::report::compare::Format;

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The result.json from before
    #[arg(value_name = "A.json")]
    pub before: PathBuf,
    /// The result.json from after
    #[arg(value_name = "B.json")]
    pub after: PathBuf,
    /// Exit with 1 where a verdict or a time surely changed, or where a burst has no counterpart
    #[arg(long)]
    pub fail_on_change: bool,
    /// A time that differs by no more is the same: 5% or 0.05
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub tolerance: f64,
    /// How to tell it
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub format: Format,
}

fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    match number.trim().parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number / unit)) => Ok(number / unit),
        _ => Err("a share such as 5% or 0.05, from 0 to 100 %, is allowed".to_owned()),
    }
}
