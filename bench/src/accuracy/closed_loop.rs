//! The rate of requests that each connection sends after its previous answer, at a server that answers at once.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use crate::app::WAITING;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::load;
use crate::numbers::Series;
use crate::programs::{Program, Programs};
use crate::server::Server;
use crate::system::System;
use crate::turns::in_turn;

pub const TITLE: &str = "Closed loop";

/// The turns of each generator. A turn is short, so that a disturbance affects both sides of a ratio.
const ROUNDS: u32 = 9;
/// The limit for a turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECTIONS: usize = 50;

/// A load generator in a closed loop.
struct Looped {
    name: &'static str,
    program: fn(&Programs) -> Option<&Program>,
    /// The arguments without the URL, for two seconds over 50 connections.
    args: &'static str,
}

/// The generator that is measured, and its peers.
const ALL: [Looped; 4] = [
    Looped {
        name: "loadtest",
        program: |programs| Some(&programs.loadtest),
        // With the service time given, no request precedes the burst.
        args: "burst -z 2s -c 50 -t 60 --service-ms 1",
    },
    Looped { name: "hey", program: |programs| programs.hey.as_ref(), args: "-z 2s -c 50 -t 60" },
    Looped {
        name: "oha",
        program: |programs| programs.oha.as_ref(),
        args: "-z 2s -c 50 -t 60s --no-tui --output-format json",
    },
    Looped { name: "wrk", program: |programs| programs.wrk.as_ref(), args: "-d2s -c50 -t2" },
];

pub async fn measure(programs: &Programs) -> Result<Section> {
    let text = format!(
        "The requests per second over {CONNECTIONS} connections, each of which sends its next request when it has its \
         answer. The server is native hyper without a guest, and answers at once. It shares the processors, so that a \
         cheaper generator leaves it more of them. Half of the instructions that `loadtest` needs for a request are \
         hyper's, by callgrind. Two changes did not reach oha's requests/s: \
         a runtime for each thread instead of one for all, and a check for the burst's end without a lock."
    );
    let mut section = Section::new(TITLE, text, &["generator", "requests/s", "ratio to wrk", "ratio to oha"]);
    let server = Server::start(programs, System::Native, &WAITING).await?;
    let installed = ALL.iter().filter_map(|one| Some((one, (one.program)(programs)?, Series::default())));
    let mut all: Vec<_> = installed.collect();
    for round in 1..=ROUNDS {
        for (one, program, rates) in in_turn(&mut all, round) {
            let rate = one.rate(program, &server.url).await.with_context(|| one.name)?;
            note(&format!("round {round} of {ROUNDS}: {}: {rate:.0} requests/s", one.name));
            rates.push(rate);
        }
    }
    server.stop().await;
    let rates_of = |name: &str| all.iter().find(|(one, ..)| one.name == name).map(|(.., rates)| rates);
    for (one, _, rates) in &all {
        let ratio = |to: &str| rates_of(to).filter(|_| to != one.name).map(|to| rates.over(to).to_string());
        let [wrk, oha] = ["wrk", "oha"].map(|to| ratio(to).unwrap_or_default());
        section.row([one.name.to_owned(), rates.spread(1.0, 0), wrk, oha]);
        section.command(format!("{} {} http://ADDRESS", one.name, one.args));
    }
    if let (Some(ours), Some(oha)) = (rates_of("loadtest"), rates_of("oha")) {
        let ratio = ours.over(oha).median;
        section.targets(vec![Goal::new("closed loop, ratio to oha", Limit::AtLeast(1.0), ratio)]);
    }
    Ok(section)
}

impl Looped {
    /// Runs the program once, and returns its requests per second.
    async fn rate(&self, program: &Program, url: &str) -> Result<f64> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(&program.path);
        command.args(self.args.split(' ')).arg(url).stdin(Stdio::null()).kill_on_drop(true);
        if self.name == "loadtest" {
            command.arg("--out").arg(folder.path());
        }
        let output = timeout(TURN_TIMEOUT, command.output()).await.context("did not end in time")??;
        let report = String::from_utf8_lossy(&output.stdout);
        let rate = match self.name {
            "loadtest" => Some(of_rows(folder.path())?),
            "oha" => of_oha(&report),
            _ => load::rate(&report),
        };
        rate.with_context(|| format!("reports no rate: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

fn of_rows(folder: &Path) -> Result<f64> {
    let document = load::document(folder)?;
    let burst = document.bursts().next().context("no burst in result.json")?;
    ensure!(burst.failed == 0, "{} of {} requests failed", burst.failed, burst.n);
    Ok(burst.per_second)
}

fn of_oha(report: &str) -> Option<f64> {
    let report: serde_json::Value = serde_json::from_str(report).ok()?;
    report.pointer("/summary/requestsPerSec")?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_the_peers_reports() {
        assert_eq!(load::rate("Summary:\n  Requests/sec:\t1025.5\n"), Some(1025.5));
        assert_eq!(of_oha(r#"{"summary": {"requestsPerSec": 1.5}}"#), Some(1.5));
        assert_eq!((load::rate("error"), of_oha("error")), (None, None));
    }
}
