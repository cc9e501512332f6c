//! The commands.

use clap::{CommandFactory, Parser, Subcommand};

use super::{
    AnalyzeArgs, AuditArgs, BuildArgs, BurstArgs, CapacityArgs, CompareArgs, CompletionsArgs, DiagnoseArgs,
    EXIT_CODES, ExportArgs, GuardArgs, LabArgs, ManArgs, MergeArgs, PlanArgs, RunArgs, ServeArgs, analyze,
    audit, capacity, diagnose, merge, run,
};
use crate::{plan, targets};

const EXAMPLES: &str = "\
Without a command, loadtest does `run`.

Examples:
  loadtest                                  all setups on the embedded host
  loadtest run --setup 7 --time-scale 0.1   one setup, with a tenth of the waits
  loadtest run --on embedded --on fastapi   two systems side by side
  loadtest run --on http://127.0.0.1:3000 --manifest spin.toml --check
                                            a running `spin up`; compares the verdicts with the expected ones
  loadtest burst -n 20 -c 20 http://127.0.0.1:8000/slow
                                            a burst at your own endpoint
  loadtest diagnose http://127.0.0.1:8000/slow
                                            why requests are served as they are";

/// Fires bursts of requests at HTTP endpoints, and finds how they were served (in parallel, one after the
/// other, or a few at a time) and why.
#[derive(Debug, Parser)]
#[command(version, about, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of `run`, which is the default command.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The command line, with the setups in the help of `run`.
pub fn command() -> clap::Command {
    let setups = plan::built_in(&targets::names()).unwrap_or_default();
    let line = |setup: &plan::Setup| {
        format!("  {}  {setup}{}", setup.id, if setup.default { "" } else { " (only with --setup)" })
    };
    let setups: Vec<String> = setups.iter().map(line).collect();
    let help = format!("{}\n\nSetups:\n{}\n\n{EXIT_CODES}", run::EXAMPLES, setups.join("\n"));
    Cli::command().mut_subcommand("run", |run| run.after_help(help))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fire the setups at systems, and report how each burst was served
    Run(RunArgs),
    /// Fire a burst at your own URLs
    Burst(BurstArgs),
    /// Find how many requests an endpoint serves at once
    #[command(long_about = capacity::HELP)]
    Capacity(CapacityArgs),
    /// Find out by experiments why an endpoint serves requests as it does
    #[command(long_about = diagnose::HELP)]
    Diagnose(DiagnoseArgs),
    /// Find the routes of a Spin application that are slower if requests share instances
    #[command(long_about = audit::HELP, after_help = format!("{}\n\n{EXIT_CODES}", audit::EXAMPLES))]
    Audit(AuditArgs),
    /// Judge the results of another tool (hey, oha, k6, vegeta), or a result.json
    #[command(long_about = analyze::HELP)]
    Analyze(AnalyzeArgs),
    /// Merge the results of load generators that fired together
    #[command(long_about = merge::HELP)]
    Merge(MergeArgs),
    /// Show what changed between two results, beyond noise
    Compare(CompareArgs),
    /// Write a plan of your own, for `run --plan`
    Plan(PlanArgs),
    /// Export the setups as a k6 script
    Export(ExportArgs),
    /// Serve a Spin application on the embedded host
    Serve(ServeArgs),
    /// Build the components of Spin applications
    Build(BuildArgs),
    /// Write out the lab's application
    Lab(LabArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
    /// Write the manual pages
    #[command(hide = true)]
    Man(ManArgs),
    /// Run a program, and end all its processes if standard input closes
    #[command(hide = true)]
    Guard(GuardArgs),
}

#[cfg(test)]
mod tests {
    use host::isolation::Policy;

    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        command().debug_assert();
    }

    #[test]
    fn run_is_the_default_command() {
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

    /// The commands that users see, with their names, and those within them.
    fn leaves(command: &clap::Command, path: &str) -> Vec<(String, clap::Command)> {
        let visible: Vec<_> = command.get_subcommands().filter(|one| !one.is_hide_set()).collect();
        let below = visible.iter().flat_map(|one| leaves(one, &format!("{path} {}", one.get_name())));
        if visible.is_empty() { vec![(path.to_owned(), command.clone())] } else { below.collect() }
    }

    /// The words of an example, as a shell would see them, without its comment and what follows a `>`.
    fn words(example: &str) -> Vec<String> {
        let command = example.trim().split("   ").next().unwrap_or_default();
        let words = shlex::split(command).unwrap_or_else(|| panic!("{example}"));
        words.into_iter().take_while(|word| word != ">").collect()
    }

    #[test]
    fn each_command_has_examples_that_are_valid() {
        let mut examples = 0;
        for (name, command) in leaves(&command(), "loadtest") {
            // 0: lines are not wrapped.
            let help = command.term_width(0).render_long_help().to_string();
            assert!(help.contains("\nExample"), "{name}: {help}");
            let lines: Vec<_> = help.lines().filter(|line| line.starts_with("  loadtest ")).collect();
            assert!(lines.iter().any(|line| line.trim().starts_with(&name)), "{name}: {help}");
            // A time in the past is refused; the words in capitals stand for something.
            for line in lines.iter().filter(|line| !line.contains("--start-at") && !line.contains(" URL")) {
                let parsed = Cli::try_parse_from(words(line));
                assert!(
                    parsed.is_ok(),
                    "{line}\n{}",
                    parsed.err().map(|error| error.to_string()).unwrap_or_default()
                );
                examples += 1;
            }
        }
        assert!(examples >= 25, "{examples}");
    }

    #[test]
    fn the_help_lists_all_targets() {
        let mut command = command();
        let run = command.find_subcommand_mut("run").unwrap();
        let help = run.render_long_help().to_string();
        for target in &targets::BUILT_IN {
            assert!(help.contains(&format!("- {}: ", target.name)), "{help}");
        }
    }
}
