//! The load generators of the benchmarks. They are processes, so that their load is not the server's.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use results::document::{Burst, Document};
use tokio::process::Command;
use tokio::time::timeout;

use crate::paths::project_root;
use crate::run_context::RunContext;

/// The limit for a generator, in addition to the planned duration of its load.
const OVERRUN_LIMIT: Duration = Duration::from_secs(180);

/// The result of wrk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throughput {
    /// Requests per second.
    pub rate: f64,
    /// The number of answers other than 2xx and 3xx, and of socket errors.
    pub failed: u64,
}

/// wrk's flags, without the duration and the URL.
const WRK_FLAGS: [&str; 2] = ["-t2", "-c50"];

/// Runs wrk for `seconds`, with these headers.
pub async fn wrk(context: &RunContext, url: &str, headers: &[&str], seconds: u32) -> Result<Throughput> {
    let program = context.programs.wrk.as_ref().context("wrk is not installed: scripts/peers.sh wrk")?;
    let mut command = Command::new(&program.path);
    command.args(WRK_FLAGS).arg(format!("-d{seconds}s"));
    command.args(headers.iter().flat_map(|header| ["-H", header])).arg(url);
    let output = finish(&mut command, Duration::from_secs(seconds.into())).await.context("wrk")?;
    ensure!(output.status.success(), "wrk: {}", String::from_utf8_lossy(&output.stderr).trim());
    throughput(&String::from_utf8_lossy(&output.stdout)).context("wrk reports no rate")
}

/// The command that [`wrk`] runs, for the document.
pub fn wrk_command(headers: &[&str], seconds: u32) -> String {
    let headers: String = headers.iter().map(|header| format!("-H '{header}' ")).collect();
    format!("wrk {} -d{seconds}s {headers}http://ADDRESS", WRK_FLAGS.join(" "))
}

/// Fires `n` requests at once, over `n` connections. `service` is the service time.
pub async fn burst(context: &RunContext, url: &str, n: usize, service: Duration) -> Result<Burst> {
    let out = tempfile::tempdir()?;
    let mut command = Command::new(&context.programs.loadtest.path);
    command.args(burst_args(url, n, service)).arg("--out").arg(out.path());
    let output = finish(&mut command, service).await.context("loadtest burst")?;
    // The exit code is ignored: failed requests are a result.
    let document =
        document(out.path()).with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    let run = document.runs.into_iter().next().context("result.json has no run")?;
    run.bursts.into_iter().next().context("result.json has no burst")
}

/// The number of failed requests, with the reasons.
pub fn failures(burst: &Burst) -> String {
    let bad = burst.statuses.iter().filter(|(status, _)| !status.starts_with('2'));
    let reasons: Vec<String> = bad
        .map(|(status, count)| format!("{count} x status {status}"))
        .chain(burst.errors.iter().map(|(error, count)| format!("{count} x {error}")))
        .collect();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{} failed{why}", burst.failed)
}

/// The command that [`burst`] runs, for the document.
pub fn burst_command(path: &str, n: usize, service: Duration) -> String {
    format!("loadtest {}", burst_args(&format!("http://ADDRESS{path}"), n, service).join(" "))
}

/// With the service time given, no request precedes the burst.
fn burst_args(url: &str, n: usize, service: Duration) -> Vec<String> {
    let (n, service) = (n.to_string(), service.as_millis().to_string());
    ["burst", url, "-n", &n, "-c", &n, "-t", "120", "--service-ms", &service].map(str::to_owned).into()
}

async fn finish(command: &mut Command, expected: Duration) -> Result<Output> {
    let output = command.current_dir(project_root()).stdin(Stdio::null()).kill_on_drop(true).output();
    Ok(timeout(expected + OVERRUN_LIMIT, output).await.context("did not end in time")??)
}

/// The document that `loadtest` wrote to `folder`.
pub fn document(folder: &Path) -> Result<Document> {
    let file = fs::read(folder.join("result.json")).context("reading result.json")?;
    serde_json::from_slice(&file).context("reading result.json")
}

/// The text after `label` in a line of a report.
fn value<'a>(report: &'a str, label: &str) -> Option<&'a str> {
    report.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim)
}

/// The requests per second in a report of wrk or hey.
pub fn rate(report: &str) -> Option<f64> {
    value(report, "Requests/sec:")?.parse().ok()
}

fn throughput(report: &str) -> Option<Throughput> {
    let value = |label: &str| value(report, label);
    let rate = rate(report)?;
    let non_success = value("Non-2xx or 3xx responses:").and_then(|count| count.parse().ok()).unwrap_or(0);
    // Such as `connect 0, read 3, write 0, timeout 2`.
    let socket_errors: u64 = value("Socket errors:")
        .map(|kinds| kinds.split([' ', ',']).filter_map(|word| word.parse::<u64>().ok()).sum())
        .unwrap_or(0);
    Some(Throughput { rate, failed: non_success + socket_errors })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
Running 1s test @ http://127.0.0.1:3977/
  2 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.10ms  763.53us   9.62ms   75.39%
    Req/Sec    23.22k     5.05k   42.36k    90.48%
  48504 requests in 1.10s, 4.58MB read
Requests/sec:  44106.41
Transfer/sec:      4.16MB
";

    #[test]
    fn the_rate_is_read_from_wrks_report() {
        assert_eq!(throughput(REPORT), Some(Throughput { rate: 44106.41, failed: 0 }));
        assert_eq!(throughput("unable to connect"), None);
    }

    #[test]
    fn all_failures_are_counted() {
        let failing =
            "  Socket errors: connect 1, read 20, write 0, timeout 300\n  Non-2xx or 3xx responses: 4000\n";
        assert_eq!(throughput(&format!("{failing}{REPORT}")).map(|result| result.failed), Some(4321));
    }
}
