//! The load generators, each a process of its own, so that generator and server are measured apart.

use std::fs;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use results::document::{Burst, Document};
use tokio::process::Command;
use tokio::time::timeout;

use crate::lab::{Lab, root};

/// Beyond the time that the load itself should take.
const PATIENCE: Duration = Duration::from_secs(180);

/// What wrk saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throughput {
    /// Requests per second.
    pub rate: f64,
    /// Answers that were no success, and connections that failed.
    pub failed: u64,
}

/// wrk's flags, without the duration and the URL.
const WRK: [&str; 2] = ["-t2", "-c50"];

/// As many requests as the server answers in `seconds`, with these headers.
pub async fn wrk(lab: &Lab, url: &str, headers: &[&str], seconds: u32) -> Result<Throughput> {
    let program = lab.programs.wrk.as_ref().context("wrk isn't there: scripts/peers.sh wrk")?;
    let mut command = Command::new(&program.path);
    command.args(WRK).arg(format!("-d{seconds}s"));
    command.args(headers.iter().flat_map(|header| ["-H", header])).arg(url);
    let output = finish(&mut command, Duration::from_secs(seconds.into())).await.context("wrk")?;
    ensure!(output.status.success(), "wrk: {}", String::from_utf8_lossy(&output.stderr).trim());
    throughput(&String::from_utf8_lossy(&output.stdout)).context("wrk names no rate")
}

/// The command that [`wrk`] runs, for the reader.
pub fn wrk_command(headers: &[&str], seconds: u32) -> String {
    let headers: String = headers.iter().map(|header| format!("-H '{header}' ")).collect();
    format!("wrk {} -d{seconds}s {headers}http://ADDRESS", WRK.join(" "))
}

/// `n` requests that each take `service` released together, over a connection each.
pub async fn burst(lab: &Lab, url: &str, n: usize, service: Duration) -> Result<Burst> {
    let out = tempfile::tempdir()?;
    let mut command = Command::new(&lab.programs.loadtest.path);
    command.args(burst_args(url, n, service)).arg("--out").arg(out.path());
    let output = finish(&mut command, service).await.context("loadtest burst")?;
    // Requests that failed are a result, too.
    let result = fs::read(out.path().join("result.json"))
        .with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    let document: Document = serde_json::from_slice(&result).context("reading result.json")?;
    let run = document.runs.into_iter().next().context("result.json has no run")?;
    run.bursts.into_iter().next().context("result.json has no burst")
}

/// How many of the burst's requests failed, and of what.
pub fn failures(burst: &Burst) -> String {
    let bad = burst.statuses.iter().filter(|(status, _)| !status.starts_with('2'));
    let reasons: Vec<String> = bad
        .map(|(status, count)| format!("{count} x status {status}"))
        .chain(burst.errors.iter().map(|(error, count)| format!("{count} x {error}")))
        .collect();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{} failed{why}", burst.failed)
}

/// The command that [`burst`] runs, for the reader.
pub fn burst_command(path: &str, n: usize, service: Duration) -> String {
    format!("loadtest {}", burst_args(&format!("http://ADDRESS{path}"), n, service).join(" "))
}

/// What one request takes is given, so that none goes out before the burst.
fn burst_args(url: &str, n: usize, service: Duration) -> Vec<String> {
    let (n, service) = (n.to_string(), service.as_millis().to_string());
    ["burst", url, "-n", &n, "-c", &n, "-t", "120", "--service-ms", &service].map(str::to_owned).into()
}

async fn finish(command: &mut Command, expected: Duration) -> Result<Output> {
    let output = command.current_dir(root()).stdin(Stdio::null()).kill_on_drop(true).output();
    Ok(timeout(expected + PATIENCE, output).await.context("does not end")??)
}

fn throughput(report: &str) -> Option<Throughput> {
    let after = |label: &str| report.lines().find_map(|line| line.trim().strip_prefix(label));
    let rate = after("Requests/sec:")?.trim().parse().ok()?;
    let refused = after("Non-2xx or 3xx responses:").and_then(|count| count.trim().parse().ok()).unwrap_or(0);
    // connect 0, read 3, write 0, timeout 2
    let broken: u64 = after("Socket errors:")
        .map(|kinds| kinds.split([' ', ',']).filter_map(|word| word.parse::<u64>().ok()).sum())
        .unwrap_or(0);
    Some(Throughput { rate, failed: refused + broken })
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
    fn wrks_report_names_the_rate() {
        assert_eq!(throughput(REPORT), Some(Throughput { rate: 44106.41, failed: 0 }));
        assert_eq!(throughput("unable to connect"), None);
    }

    #[test]
    fn all_that_failed_counts() {
        let failing =
            "  Socket errors: connect 1, read 20, write 0, timeout 300\n  Non-2xx or 3xx responses: 4000\n";
        assert_eq!(throughput(&format!("{failing}{REPORT}")).map(|seen| seen.failed), Some(4321));
    }
}
