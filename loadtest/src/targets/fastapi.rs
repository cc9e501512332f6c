//! FastAPI under uvicorn, with the same endpoints as the components.

use std::process::Stdio;

use host::process::run_to_end;
use nix::sys::signal::Signal;
use tokio::process::Command;

use super::built_in::{BuiltIn, Content};
use super::child::{Child, guarded_command};
use super::launch::{Launch, StartError, THREADS, WORKERS};
use super::output::Line;
use super::running::Running;
use super::tool::project_file;
use crate::exit::{Exit, Failure};

pub(super) const TARGET: BuiltIn = BuiltIn {
    name: "fastapi",
    summary: "the same endpoints in FastAPI, under uvicorn",
    content: Content::OwnEndpoints,
    flags: &[WORKERS, THREADS],
    is_embedded_host: false,
    start: |launch| Box::pin(start(launch)),
};

/// Starts uvicorn on a free port, and waits until all its workers are ready.
async fn start(launch: Launch<'_>) -> Result<Running, StartError> {
    let options = launch.options;
    install().await?;
    let python = project_file("target/peers/fastapi/bin/python")?;
    let mut command = guarded_command(python, Signal::SIGTERM)?;
    command
        .args(["-m", "uvicorn", "app:app", "--host=127.0.0.1", "--port=0", "--no-access-log", "--app-dir"])
        .arg(project_file("baselines/fastapi")?)
        .arg(format!("--workers={}", options.workers))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    match options.threads {
        Some(threads) => command.env("THREADS", threads.to_string()),
        None => command.env_remove("THREADS"),
    };
    let (child, lines) = Child::spawn("FastAPI", command)?;
    let mut uvicorn = Uvicorn { starting: options.workers, url: None };
    let ready = child.ready(options.ready_timeout(), lines.first(|line| uvicorn.url(line))).await;
    let (child, url) = ready.map_err(Failure::from)?;
    Ok(Running::child(child, &url).of_version(versions()))
}

/// The pinned versions of FastAPI and its server, such as `0.165.0, uvicorn 0.54.0`.
fn versions() -> String {
    let pinned = include_str!("../../../baselines/fastapi/requirements.txt").lines();
    let version = |name: &str| {
        let mut versions = pinned.clone().filter_map(|line| line.strip_prefix(name)?.strip_prefix("=="));
        versions.next().unwrap_or("(unknown version)")
    };
    format!("{}, uvicorn {}", version("fastapi"), version("uvicorn"))
}

/// Installs FastAPI if needed. The script checks whether it is installed.
async fn install() -> Result<(), Failure> {
    let mut script = Command::new("bash");
    script.arg(project_file("scripts/peers.sh")?).arg("fastapi");
    script.stdin(Stdio::null()).stdout(std::io::stderr());
    let status = run_to_end(&mut script).await.map_err(|error| {
        Failure::new(Exit::System, format!("cannot start bash to install FastAPI: {error}"))
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::System, "FastAPI could not be installed; see the messages above"))
}

/// The start-up state of uvicorn, from its output.
struct Uvicorn {
    /// The number of workers that are not ready yet.
    starting: usize,
    url: Option<String>,
}

impl Uvicorn {
    /// The base URL, if `line` shows that all workers are ready.
    fn url(&mut self, line: &Line) -> Option<String> {
        if line.text.contains("Application startup complete") {
            self.starting = self.starting.saturating_sub(1);
        }
        if let Some((_, rest)) = line.text.split_once("Uvicorn running on ") {
            self.url = rest.split_whitespace().next().map(str::to_owned);
        }
        self.url.clone().filter(|_| self.starting == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_versions_are_known() {
        assert!(!versions().contains("unknown"), "{}", versions());
    }

    #[test]
    fn all_workers_must_be_ready() {
        let mut uvicorn = Uvicorn { starting: 2, url: None };
        let mut url_after = |text: &str| uvicorn.url(&Line { text: text.to_owned(), is_stdout: false });
        assert_eq!(
            url_after("INFO:     Uvicorn running on http://127.0.0.1:3911 (Press CTRL+C to quit)"),
            None
        );
        assert_eq!(url_after("INFO:     Application startup complete."), None);
        assert_eq!(
            url_after("INFO:     Application startup complete."),
            Some("http://127.0.0.1:3911".to_owned())
        );
    }
}
