//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::lab::root;
use crate::measurements::Measurement;

const AFTER: &str = "\
Programs: loadtest is built first (or LOADTEST names one), wasmtime is that of WASMTIME, of
target/peers/bin or of the PATH, spin that of SPIN or of the PATH, wrk that of the PATH.
scripts/peers.sh installs wrk and wasmtime. A system that isn't there is left out.

Exit codes: 0 measured, 1 a target missed (with --check), 2 bad usage, 3 could not begin, 130 interrupted.";

/// Measures the embedded host beside `wasmtime serve`, `spin up` and a native server that does
/// nothing, and writes docs/benchmarks.md. Takes about six minutes; nothing else should run meanwhile.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Only these measurements
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<Measurement>,
    /// How often each system has its turn
    #[arg(long, value_name = "N", default_value = "25", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// How long wrk measures each turn: short ones, so that what disturbs the machine meets both of a ratio
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// Where the results go [default: docs/benchmarks.md, and standard output with --only]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 1 where a target is missed
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measures the load generator itself, beside hey and oha, and writes docs/accuracy.md
    Accuracy {
        /// How often each generator has its turn, and how often each truth is looked for
        #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=100))]
        tries: u32,
        /// Where the results go
        #[arg(long, value_name = "FILE", default_value_os_t = root().join("docs/accuracy.md"))]
        out: PathBuf,
        /// Exit with 1 where a target is missed
        #[arg(long)]
        check: bool,
    },
    /// Judges generated bursts of servers whose truth is known, and writes docs/judge.md
    Judge {
        /// How many bursts
        #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        cases: u32,
        /// Where the random numbers begin: the same seed gives the same document
        #[arg(long, value_name = "N", default_value = "1")]
        seed: u64,
        /// Where the results go
        #[arg(long, value_name = "FILE", default_value_os_t = root().join("docs/judge.md"))]
        out: PathBuf,
        /// Exit with 1 where a target is missed
        #[arg(long)]
        check: bool,
    },
    /// Runs all setups on all systems that are here, and writes docs/results.md. Takes about fifteen minutes
    Results {
        /// Where the results go
        #[arg(long, value_name = "FILE", default_value_os_t = root().join("docs/results.md"))]
        out: PathBuf,
    },
    /// The server that does nothing
    #[command(hide = true)]
    Native {
        #[arg(long)]
        listen: SocketAddr,
    },
    /// The server whose truth is known
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
    /// In the document's order, whatever the order they were given in.
    pub fn measurements(&self) -> Vec<Measurement> {
        let all = Measurement::value_variants().iter().copied();
        all.filter(|one| self.only.is_empty() || self.only.contains(one)).collect()
    }

    /// A part of the measurements must not replace the whole document unasked.
    pub fn out(&self) -> Option<PathBuf> {
        let whole = self.only.is_empty().then(|| root().join("docs/benchmarks.md"));
        self.out.clone().or(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_does_not_replace_the_whole() {
        let out = |args: &[&str]| Cli::parse_from([&["bench"], args].concat()).out();
        assert_eq!(out(&[]), Some(root().join("docs/benchmarks.md")));
        assert_eq!(out(&["--only", "rps"]), None);
        assert_eq!(out(&["--only", "rps", "--out", "x.md"]), Some("x.md".into()));
    }

    #[test]
    fn measurements_keep_the_documents_order() {
        let cli = Cli::parse_from(["bench", "--only", "fairness,rps"]);
        assert_eq!(cli.measurements(), [Measurement::Rps, Measurement::Fairness]);
    }
}
