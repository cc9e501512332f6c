//! Whether `burst` and `capacity` find the capacity of a server.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use judge::verdict::Kind;
use results::document::{Burst, Document};
use tokio::process::Command;
use tokio::time::timeout;

use crate::app::delay_server;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::programs::Programs;
use crate::server::Server;
use crate::system::System;

pub const TITLE: &str = "Known capacities";

/// The service time.
const SERVICE: Duration = Duration::from_millis(100);
/// A server's flags, and its capacity; `None` without a limit.
const SERVERS: [(&[&str], Option<usize>); 6] = [
    (&["--hold-ms", "100", "--at-a-time", "1"], Some(1)),
    (&["--hold-ms", "100", "--at-a-time", "2"], Some(2)),
    (&["--hold-ms", "100", "--at-a-time", "4"], Some(4)),
    (&["--hold-ms", "100", "--at-a-time", "16"], Some(16)),
    (&["--hold-ms", "100", "--at-a-time", "40"], Some(40)),
    (&["--hold-ms", "100"], None),
];
/// The size of a burst at the server without a limit.
const UNLIMITED_BURST: usize = 120;
/// The minimum size of a burst.
const MIN_BURST: usize = 10;
/// The limit of a capacity search, larger than all capacities.
const SEARCH_LIMIT: &str = "128";
/// The limit for a command of `loadtest`.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

pub async fn measure(programs: &Programs, tries: u32) -> Result<Section> {
    let text = format!(
        "How often `burst` and `capacity` find the capacity of a server: the interval contains it, and the verdict has \
         the right kind. `burst` fires three times as many requests as the server serves at a time, at least \
         {MIN_BURST}, and {UNLIMITED_BURST} at the server without a limit. `capacity` searches up to {SEARCH_LIMIT}. \
         The service time is {} ms.",
        SERVICE.as_millis()
    );
    let mut section = Section::new(TITLE, text, &["at a time", "by burst", "by capacity", "target"]);
    for (flags, capacity) in SERVERS {
        let server = Server::start(programs, System::Delay, &delay_server(flags)).await?;
        let name = capacity.map_or("any number".to_owned(), |capacity| capacity.to_string());
        let (mut by_burst, mut by_capacity) = (0, 0);
        for _ in 0..tries {
            by_burst += u32::from(burst_finds(programs, &server.url, capacity).await?);
            by_capacity += u32::from(capacity_finds(programs, &server.url, capacity).await?);
        }
        note(&format!("{name} at a time: burst {by_burst}, capacity {by_capacity} of {tries}"));
        server.stop().await;
        let goal = Goal::new(
            format!("{name} at a time, found"),
            Limit::AtLeast(f64::from(2 * tries)),
            f64::from(by_burst + by_capacity),
        );
        let target = section.goal(goal);
        section.row([name, format!("{by_burst} of {tries}"), format!("{by_capacity} of {tries}"), target]);
    }
    section.command("loadtest burst http://ADDRESS -n N".to_owned());
    section.command(format!("loadtest capacity http://ADDRESS --limit {SEARCH_LIMIT} --json"));
    Ok(section)
}

async fn burst_finds(programs: &Programs, url: &str, capacity: Option<usize>) -> Result<bool> {
    let n = capacity.map_or(UNLIMITED_BURST, |capacity| (3 * capacity).max(MIN_BURST)).to_string();
    let folder = tempfile::tempdir()?;
    let out = folder.path().to_string_lossy().into_owned();
    run(programs, &["burst", url, "-n", &n, "-c", &n, "--out", &out]).await?;
    let document: Document = serde_json::from_slice(&std::fs::read(folder.path().join("result.json"))?)?;
    let burst =
        document.runs.first().and_then(|run| run.bursts.first()).context("no burst in result.json")?;
    Ok(is_right(burst, capacity))
}

fn is_right(burst: &Burst, capacity: Option<usize>) -> bool {
    let verdict = &burst.verdict;
    let Some(capacity) = capacity else { return verdict.kind == Kind::Parallel };
    let kind = if capacity == 1 { Kind::Sequential } else { Kind::Limited };
    let (Some(low), Some(high)) = (verdict.at_a_time_low, verdict.at_a_time_high) else { return false };
    verdict.kind == kind && low <= capacity as f64 && capacity as f64 <= high
}

async fn capacity_finds(programs: &Programs, url: &str, capacity: Option<usize>) -> Result<bool> {
    let output = run(programs, &["capacity", url, "--limit", SEARCH_LIMIT, "--json"]).await?;
    let output: serde_json::Value = serde_json::from_str(&output).context("reading capacity's output")?;
    let answer = output.get("answer").context("capacity has no answer")?;
    let number = |name| answer.get(name).and_then(serde_json::Value::as_f64);
    Ok(match (capacity, number("at_a_time_low"), number("at_a_time_high")) {
        (Some(capacity), Some(low), Some(high)) => low <= capacity as f64 && capacity as f64 <= high,
        (None, Some(least), None) => SEARCH_LIMIT.parse() == Ok(least),
        _ => false,
    })
}

/// Runs `loadtest`, and returns its standard output.
async fn run(programs: &Programs, args: &[&str]) -> Result<String> {
    let mut command = Command::new(&programs.loadtest.path);
    let output = command.args(args).stdin(Stdio::null()).kill_on_drop(true).output();
    let output =
        timeout(COMMAND_TIMEOUT, output).await.with_context(|| format!("{args:?} did not end in time"))??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
