//! Whether `burst` and `capacity` find how many requests a server takes at a time.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use judge::verdict::Kind;
use results::document::{Burst, Document};
use tokio::process::Command;
use tokio::time::timeout;

use crate::app::held;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::say;
use crate::programs::Programs;
use crate::server::{Server, System};

pub const TITLE: &str = "How many at a time";

/// What a request takes.
const SERVICE: Duration = Duration::from_millis(100);
/// A server's flags, and how many it takes at a time; any number where there is none.
const TRUTHS: [(&[&str], Option<usize>); 6] = [
    (&["--hold-ms", "100", "--at-a-time", "1"], Some(1)),
    (&["--hold-ms", "100", "--at-a-time", "2"], Some(2)),
    (&["--hold-ms", "100", "--at-a-time", "4"], Some(4)),
    (&["--hold-ms", "100", "--at-a-time", "16"], Some(16)),
    (&["--hold-ms", "100", "--at-a-time", "40"], Some(40)),
    (&["--hold-ms", "100"], None),
];
/// For the server without a limit, and the least for the others.
const UNLIMITED: usize = 120;
const FEWEST: usize = 10;
/// Larger than all of the truths.
const LIMIT: &str = "128";
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(programs: &Programs, tries: u32) -> Result<Section> {
    let text = format!(
        "How often `burst` (three requests for each that the server takes at a time, at least {FEWEST}; {UNLIMITED} \
         where it takes any number) and `capacity` (up to {LIMIT}) say what is so: the interval holds the number, \
         and the verdict is of the right kind. A request takes {} ms.",
        SERVICE.as_millis()
    );
    let mut section = Section::new(TITLE, text, &["at a time", "by burst", "by capacity", "target"]);
    for (flags, truth) in TRUTHS {
        let server = Server::start(programs, System::Hold, &held(flags)).await?;
        let name = truth.map_or("any number".to_owned(), |truth| truth.to_string());
        let (mut by_burst, mut by_capacity) = (0, 0);
        for _ in 0..tries {
            by_burst += u32::from(burst_finds(programs, &server.url, truth).await?);
            by_capacity += u32::from(capacity_finds(programs, &server.url, truth).await?);
        }
        say(&format!("{name} at a time: burst {by_burst}, capacity {by_capacity} of {tries}"));
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
    section.command(format!("loadtest capacity http://ADDRESS --limit {LIMIT} --json"));
    Ok(section)
}

async fn burst_finds(programs: &Programs, url: &str, truth: Option<usize>) -> Result<bool> {
    let n = truth.map_or(UNLIMITED, |truth| (3 * truth).max(FEWEST)).to_string();
    let folder = tempfile::tempdir()?;
    let out = folder.path().to_string_lossy().into_owned();
    run(programs, &["burst", url, "-n", &n, "-c", &n, "--out", &out]).await?;
    let document: Document = serde_json::from_slice(&std::fs::read(folder.path().join("result.json"))?)?;
    let burst =
        document.runs.first().and_then(|run| run.bursts.first()).context("no burst in result.json")?;
    Ok(is_found(burst, truth))
}

fn is_found(burst: &Burst, truth: Option<usize>) -> bool {
    let verdict = &burst.verdict;
    let Some(truth) = truth else { return verdict.kind == Kind::Parallel };
    let kind = if truth == 1 { Kind::Sequential } else { Kind::Limited };
    let (Some(low), Some(high)) = (verdict.at_a_time_low, verdict.at_a_time_high) else { return false };
    verdict.kind == kind && low <= truth as f64 && truth as f64 <= high
}

async fn capacity_finds(programs: &Programs, url: &str, truth: Option<usize>) -> Result<bool> {
    let said = run(programs, &["capacity", url, "--limit", LIMIT, "--json"]).await?;
    let said: serde_json::Value = serde_json::from_str(&said).context("reading capacity's output")?;
    let answer = said.get("answer").context("capacity gives no answer")?;
    let number = |name| answer.get(name).and_then(serde_json::Value::as_f64);
    Ok(match (truth, number("at_a_time_low"), number("at_a_time_high")) {
        (Some(truth), Some(low), Some(high)) => low <= truth as f64 && truth as f64 <= high,
        (None, Some(least), None) => LIMIT.parse() == Ok(least),
        _ => false,
    })
}

/// What it writes to standard output.
async fn run(programs: &Programs, args: &[&str]) -> Result<String> {
    let mut command = Command::new(&programs.loadtest.path);
    let output = command.args(args).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, output).await.with_context(|| format!("{args:?} does not end"))??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
