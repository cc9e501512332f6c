//! The command line.

pub mod commands;
pub mod flags;

use clap::{CommandFactory, Parser, Subcommand};

use crate::plan;
use flags::{
    AnalyzeArgs, BuildArgs, BurstArgs, CapacityArgs, CompareArgs, EXIT_CODES, ExportArgs, GuardArgs,
    MergeArgs, RunArgs, ServeArgs, analyze, capacity, merge,
};

const EXAMPLES: &str = "\
Examples:
  loadtest                                  all setups on the embedded host
  loadtest run --setup 7 --time-scale 0.1   one setup, its waits a tenth as long
  loadtest run --on embedded --on fastapi   two systems side by side
  loadtest run --on http://127.0.0.1:3000 --manifest spin.toml --check
                                            the same on a running `spin up`, checked
  loadtest burst -n 20 -c 20 http://127.0.0.1:8000/slow
                                            any endpoint of yours";

/// Fires bursts at HTTP endpoints, and says how they were served: in parallel, one after the
/// other, or a few at a time, and why.
#[derive(Debug, Parser)]
#[command(version, about, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Without a command, `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The command line, with what only the plan knows: the setups that there are.
pub fn command() -> clap::Command {
    let setups = plan::built_in().unwrap_or_default();
    let line = |setup: &plan::Setup| {
        format!("  {}  {setup}{}", setup.id, if setup.default { "" } else { " (only where it is named)" })
    };
    let setups: Vec<String> = setups.iter().map(line).collect();
    let help = format!("Setups:\n{}\n\n{EXIT_CODES}", setups.join("\n"));
    Cli::command().mut_subcommand("run", |run| run.after_help(help))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fire the setups at systems, and say how each burst was served
    Run(RunArgs),
    /// Fire a burst at URLs of your own
    Burst(BurstArgs),
    /// Find how many requests an endpoint takes at once
    #[command(long_about = capacity::HELP)]
    Capacity(CapacityArgs),
    /// Judge what another tool measured: hey, oha, k6, vegeta, or a result.json
    #[command(long_about = analyze::HELP)]
    Analyze(AnalyzeArgs),
    /// Join the results of generators that fired together
    #[command(long_about = merge::HELP)]
    Merge(MergeArgs),
    /// Say what changed between two results, and what is noise
    Compare(CompareArgs),
    /// Write the setups as a script for k6
    Export(ExportArgs),
    /// Serve a Spin application on the embedded host
    Serve(ServeArgs),
    /// Build the components of Spin applications
    Build(BuildArgs),
    /// Run a program, and end all that it has started once standard input is closed
    #[command(hide = true)]
    Guard(GuardArgs),
}

#[cfg(test)]
mod tests {
    use host::isolation::Policy;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn without_a_command_it_is_run() {
        let cli = Cli::try_parse_from(["loadtest", "--time-scale", "0.1", "--setup", "1,3"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!((cli.run.time_scale, cli.run.setups), (0.1, vec!["1".to_owned(), "3".to_owned()]));
    }

    #[test]
    fn isolation_flags_become_the_policy_and_flags_again() {
        let cli = Cli::try_parse_from(["loadtest", "serve", "--max-instance-reuse-count", "1..8"]).unwrap();
        let Some(Command::Serve(args)) = cli.command else { panic!("serve") };
        assert_eq!(Policy::from(args.isolation).flags(), ["--max-instance-reuse-count=1..8"]);
    }
}
