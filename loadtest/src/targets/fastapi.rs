//! The endpoints in FastAPI, under uvicorn.

use std::process::Stdio;

use host::process::run_to_end;
use nix::sys::signal::Signal;
use tokio::process::Command;

use super::child::{Child, guarded};
use super::output::Line;
use super::tool::of_the_project;
use super::{Options, Running};
use crate::exit::{Exit, Failure};

/// Starts uvicorn on a free port, and waits until each of its workers is ready.
pub async fn start(options: &Options<'_>) -> Result<Running, Failure> {
    install().await?;
    let mut command = guarded(of_the_project("target/peers/fastapi/bin/python")?, Signal::SIGTERM)?;
    command
        .args(["-m", "uvicorn", "app:app", "--host=127.0.0.1", "--port=0", "--no-access-log", "--app-dir"])
        .arg(of_the_project("baselines/fastapi")?)
        .arg(format!("--workers={}", options.workers))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    match options.threads {
        Some(threads) => command.env("THREADS", threads.to_string()),
        None => command.env_remove("THREADS"),
    };
    let (child, lines) = Child::spawn("FastAPI", command)?;
    let mut uvicorn = Uvicorn { workers: options.workers, url: None };
    let (child, url) = child.ready(options.ready_timeout(), lines.first(|line| uvicorn.url(line))).await?;
    Ok(Running::child(child, &url).of_version(versions()))
}

/// What is pinned of FastAPI and its server: `0.165.0, uvicorn 0.54.0`.
fn versions() -> String {
    let pinned = include_str!("../../../baselines/fastapi/requirements.txt").lines();
    let version = |name: &str| {
        let mut versions = pinned.clone().filter_map(|line| line.strip_prefix(name)?.strip_prefix("=="));
        versions.next().unwrap_or("of no known version")
    };
    format!("{}, uvicorn {}", version("fastapi"), version("uvicorn"))
}

/// The script knows whether there is anything to do.
async fn install() -> Result<(), Failure> {
    let mut script = Command::new("bash");
    script.arg(of_the_project("scripts/peers.sh")?).arg("fastapi");
    script.stdin(Stdio::null()).stdout(std::io::stderr());
    let status = run_to_end(&mut script).await.map_err(|error| {
        Failure::new(Exit::System, format!("bash, which installs FastAPI, can't start: {error}"))
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::System, "FastAPI could not be installed; the reason stands above"))
}

/// What uvicorn has said so far.
struct Uvicorn {
    /// How many of its workers aren't ready.
    workers: usize,
    url: Option<String>,
}

impl Uvicorn {
    /// Where it serves, once `line` says that all workers do.
    fn url(&mut self, line: &Line) -> Option<String> {
        if line.text.contains("Application startup complete") {
            self.workers = self.workers.saturating_sub(1);
        }
        if let Some((_, rest)) = line.text.split_once("Uvicorn running on ") {
            self.url = rest.split_whitespace().next().map(str::to_owned);
        }
        self.url.clone().filter(|_| self.workers == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_versions_are_known() {
        assert!(!versions().contains("known"), "{}", versions());
    }

    #[test]
    fn all_workers_must_be_ready() {
        let mut uvicorn = Uvicorn { workers: 2, url: None };
        let mut says = |text: &str| uvicorn.url(&Line { text: text.to_owned(), is_stdout: false });
        assert_eq!(says("INFO:     Uvicorn running on http://127.0.0.1:3911 (Press CTRL+C to quit)"), None);
        assert_eq!(says("INFO:     Application startup complete."), None);
        assert_eq!(says("INFO:     Application startup complete."), Some("http://127.0.0.1:3911".to_owned()));
    }
}
