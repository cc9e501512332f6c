//! How much is said, and how.

use clap::Args;

#[derive(Debug, Clone, Copy, Args)]
pub struct LooksArgs {
    /// Show neither progress nor drawings, only the results
    #[arg(long)]
    pub quiet: bool,
    /// No colour, as where NO_COLOR is set or the output is no terminal
    #[arg(long)]
    pub no_color: bool,
}

impl LooksArgs {
    /// Takes the colour away where it is not wanted.
    pub fn apply(self) {
        if self.no_color {
            console::set_colors_enabled(false);
            console::set_colors_enabled_stderr(false);
        }
    }
}
