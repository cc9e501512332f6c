//! The load generators that can fire a burst, with their flags and reports.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use crate::load;
use crate::numbers::Series;
use crate::programs::{Program, Programs};

/// The limit for a generator, in addition to the delay of the server.
const OVERRUN_LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generator {
    Loadtest,
    Hey,
    Oha,
}

/// The delay server's delay in measurements of large bursts.
pub const DELAY: Duration = Duration::from_secs(1);

pub const ALL: [Generator; 3] = [Generator::Loadtest, Generator::Hey, Generator::Oha];

impl Generator {
    pub fn name(self) -> &'static str {
        match self {
            Self::Loadtest => "loadtest",
            Self::Hey => "hey",
            Self::Oha => "oha",
        }
    }

    pub fn program(self, programs: &Programs) -> Option<&Program> {
        match self {
            Self::Loadtest => Some(&programs.loadtest),
            Self::Hey => programs.hey.as_ref(),
            Self::Oha => programs.oha.as_ref(),
        }
    }

    /// The arguments that make it fire `n` requests at once, over `n` connections. `delay` is the server's delay.
    pub fn args(self, url: &str, n: usize, delay: Duration) -> Vec<String> {
        let (n, delay) = (n.to_string(), delay.as_millis().to_string());
        let words: &[&str] = match self {
            // With the service time given, no request precedes the burst.
            Self::Loadtest => &["burst", url, "-n", &n, "-c", &n, "-t", "60", "--service-ms", &delay],
            Self::Hey => &["-n", &n, "-c", &n, "-t", "60", url],
            Self::Oha => &["-n", &n, "-c", &n, "-t", "60s", "--no-tui", "--output-format", "json", url],
        };
        words.iter().map(|&word| word.to_owned()).collect()
    }

    /// Fires a burst, and returns the mean latency that the generator reports, in milliseconds.
    pub async fn fire(self, programs: &Programs, url: &str, n: usize, delay: Duration) -> Result<f64> {
        let program = self.program(programs).with_context(|| format!("{} is not installed", self.name()))?;
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(&program.path);
        command.args(self.args(url, n, delay)).stdin(Stdio::null()).kill_on_drop(true);
        if self == Self::Loadtest {
            command.arg("--out").arg(folder.path());
        }
        let output = timeout(delay + OVERRUN_LIMIT, command.output())
            .await
            .with_context(|| format!("{} did not end in time", self.name()))??;
        let report = String::from_utf8_lossy(&output.stdout);
        let mean = match self {
            Self::Loadtest => mean_of_rows(folder.path())?,
            Self::Hey => mean_of_hey(&report),
            Self::Oha => mean_of_oha(&report),
        };
        let error = String::from_utf8_lossy(&output.stderr);
        mean.with_context(|| format!("{} reports no latency: {}", self.name(), error.trim()))
    }
}

fn mean_of_rows(folder: &Path) -> Result<Option<f64>> {
    let document = load::document(folder)?;
    let bursts = document.runs.iter().flat_map(|run| &run.bursts);
    let mut latencies = Series::default();
    for burst in bursts {
        ensure!(burst.failed == 0, "{} of {} requests failed", burst.failed, burst.n);
        latencies.extend(burst.requests.iter().filter_map(|row| Some((row.done_us - row.sent_us?) / 1e3)));
    }
    Ok(latencies.mean())
}

/// hey reports seconds.
fn mean_of_hey(report: &str) -> Option<f64> {
    let line = report.lines().find_map(|line| line.trim().strip_prefix("Average:"))?;
    Some(line.trim().strip_suffix(" secs")?.parse::<f64>().ok()? * 1e3)
}

/// oha reports seconds.
fn mean_of_oha(report: &str) -> Option<f64> {
    let report: serde_json::Value = serde_json::from_str(report).ok()?;
    Some(report.pointer("/summary/average")?.as_f64()? * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_read_from_the_peers_reports() {
        assert_eq!(mean_of_hey("Summary:\n  Average:\t1.0250 secs\n"), Some(1025.0));
        assert_eq!(mean_of_hey("Summary:\n  Average:\t NaN secs\n").map(f64::is_nan), Some(true));
        assert_eq!(mean_of_oha(r#"{"summary": {"average": 1.5}}"#), Some(1500.0));
        assert_eq!(mean_of_oha("error"), None);
    }
}
