//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::measurements::Measurement;
use crate::paths::project_root;

const AFTER: &str = "\
Programs: bench builds loadtest with profile dist, unless LOADTEST names a program. It looks for
wasmtime in WASMTIME, target/peers/bin and the PATH, for spin in SPIN and the PATH, for wrk in WRK and
the PATH. scripts/peers.sh installs wrk and wasmtime. A missing system is left out.

Exit codes: 0 measured, 1 a target missed (with --check), 2 bad usage, 3 could not begin, 130 interrupted.";

/// Measures the embedded host, `wasmtime serve`, `spin up` and a native server without a guest, and
/// writes docs/benchmarks.md. Takes about nine minutes. No other load should run on the machine.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Make only these measurements
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<Measurement>,
    /// Number of turns of each system
    #[arg(long, value_name = "N", default_value = "25", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Duration of each of wrk's turns, in seconds: short, so that a disturbance affects both sides of a ratio
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// File for the results [default: docs/benchmarks.md, or standard output with --only]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measures the load generator, hey, oha and wrk, and writes docs/accuracy.md
    Accuracy {
        /// Number of bursts and of capacity searches at each server
        #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=100))]
        tries: u32,
        /// File for the results
        #[arg(long, value_name = "FILE", default_value_os_t = project_root().join("docs/accuracy.md"))]
        out: PathBuf,
        /// Exit with 1 if a target is missed
        #[arg(long)]
        check: bool,
    },
    /// Judges simulated bursts with a known truth, and writes docs/judge.md
    Judge {
        /// Number of bursts
        #[arg(long, value_name = "N", default_value = "4000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        cases: u32,
        /// Seed of the random numbers: the same seed gives the same document
        #[arg(long, value_name = "N", default_value = "1")]
        seed: u64,
        /// File for the results
        #[arg(long, value_name = "FILE", default_value_os_t = project_root().join("docs/judge.md"))]
        out: PathBuf,
        /// Exit with 1 if a target is missed
        #[arg(long)]
        check: bool,
    },
    /// Runs all setups on all installed systems, and writes docs/results.md. Takes about fifteen minutes
    Results {
        /// File for the results
        #[arg(long, value_name = "FILE", default_value_os_t = project_root().join("docs/results.md"))]
        out: PathBuf,
    },
    /// The native server without a guest
    #[command(hide = true)]
    Native {
        #[arg(long)]
        listen: SocketAddr,
    },
    /// The delay server, with a known capacity
    #[command(hide = true)]
    Hold {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        hold_ms: u64,
        #[arg(long)]
        at_a_time: Option<usize>,
    },
}

impl Cli {
    /// The measurements in the document's order.
    pub fn measurements(&self) -> Vec<Measurement> {
        let all = Measurement::value_variants().iter().copied();
        all.filter(|one| self.only.is_empty() || self.only.contains(one)).collect()
    }

    /// The output file. With `--only` there is no default, because a part must not replace the whole document.
    pub fn out(&self) -> Option<PathBuf> {
        let whole = self.only.is_empty().then(|| project_root().join("docs/benchmarks.md"));
        self.out.clone().or(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_does_not_replace_the_whole_document() {
        let out = |args: &[&str]| Cli::parse_from([&["bench"], args].concat()).out();
        assert_eq!(out(&[]), Some(project_root().join("docs/benchmarks.md")));
        assert_eq!(out(&["--only", "rps"]), None);
        assert_eq!(out(&["--only", "rps", "--out", "x.md"]), Some("x.md".into()));
    }

    #[test]
    fn measurements_keep_the_documents_order() {
        let cli = Cli::parse_from(["bench", "--only", "fairness,rps"]);
        assert_eq!(cli.measurements(), [Measurement::Rps, Measurement::Fairness]);
    }
}
