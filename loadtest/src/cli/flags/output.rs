//! The output flags.

use clap::Args;

#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArgs {
    /// Show only the results, without progress, without drawings, and without the summary of a burst's times
    #[arg(long)]
    pub quiet: bool,
    /// Don't use colour. This is the default if NO_COLOR is set, or if the output is not a terminal
    #[arg(long)]
    pub no_color: bool,
}

impl OutputArgs {
    /// Applies the flags to this process.
    pub fn apply(self) {
        if self.no_color {
            console::set_colors_enabled(false);
            console::set_colors_enabled_stderr(false);
        }
    }
}
