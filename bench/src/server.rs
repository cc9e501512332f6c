//! A running system under test: starts it, measures its start-up time, stops it.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use loadtest::machine::processes;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::app::App;
use crate::paths::project_root;
use crate::programs::Programs;
use crate::system::System;

/// The limit for a start with a cold compilation cache on a slow machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The limit for a stop. The guard kills the server after five seconds.
const STOP_TIMEOUT: Duration = Duration::from_secs(7);

/// A server that is ready. Its processes end when this is dropped.
pub struct Server {
    pub system: System,
    /// Such as `http://127.0.0.1:3911`.
    pub url: String,
    /// The command that started it, without the address.
    pub command: String,
    /// The time from the start of the guard, which starts the server, to the line that says where it serves.
    pub ready_after: Duration,
    process: Child,
    guard: i32,
    /// The output after the line that says where it serves.
    lines: mpsc::UnboundedReceiver<String>,
}

impl Server {
    pub async fn start(programs: &Programs, system: System, app: &App) -> Result<Self> {
        let program = programs.of(system).with_context(|| format!("{} is not installed", system.name()))?;
        let args = system.args(app);
        let address = free_address().context("finding a free port")?;
        let (reader, writer) = std::io::pipe().context("making a pipe")?;
        let begun = Instant::now();
        // The guard ends the server when this process ends, even if this process is killed.
        let process = Command::new(&programs.loadtest.path)
            .args(["guard", "--"])
            .arg(&program.path)
            .args(&args)
            .args([system.address_flag(), &address])
            // With backtraces, each error value of a host would capture the stack.
            .env_remove("RUST_BACKTRACE")
            .current_dir(project_root())
            .stdin(Stdio::piped())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", program.path.display()))?;
        let guard = i32::try_from(process.id().context("the process has ended")?)?;
        let output = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let command = format!("{} {}", program.name(), args.join(" "));
        let mut lines = BufReader::new(output).lines();
        let url = match timeout(START_TIMEOUT, until_serving(&mut lines)).await {
            Ok(url) => url.with_context(|| command.clone())?,
            Err(_) => bail!("{command}: not ready after {} s", START_TIMEOUT.as_secs()),
        };
        let ready_after = begun.elapsed();
        // The output must be read: guests block when the pipe is full.
        let (sender, later_lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = sender.send(line);
            }
        });
        Ok(Self { system, url, command, ready_after, process, guard, lines: later_lines })
    }

    /// Waits for a line with this text in the server's output.
    pub async fn logged(&mut self, text: &str) -> Result<()> {
        let found = async {
            while let Some(line) = self.lines.recv().await {
                if line.contains(text) {
                    return Ok(());
                }
            }
            bail!("the server has ended")
        };
        timeout(START_TIMEOUT, found).await.with_context(|| format!("the server doesn't log {text:?}"))?
    }

    /// The sum of a memory quantity, such as `VmRSS:`, over the server's processes, in KiB.
    pub fn memory_kib(&self, quantity: &str) -> Result<f64> {
        let server = processes::descendants(&[self.guard]);
        ensure!(!server.is_empty(), "the server has ended");
        server.iter().map(|stat| status_kib(stat.pid, quantity)).sum()
    }

    /// Stops it, and waits until it has ended.
    pub async fn stop(mut self) {
        let _ = timeout(STOP_TIMEOUT, self.process.wait()).await; // also closes its input, which tells the guard to stop
    }
}

/// Reads the output up to the line that says where the server serves. If it ends before, the error has the output.
async fn until_serving(lines: &mut Lines<BufReader<pipe::Receiver>>) -> Result<String> {
    let mut output = String::new();
    while let Some(line) = lines.next_line().await? {
        if let Some(url) = served_at(&line) {
            return Ok(url.to_owned());
        }
        output = output + line.trim() + " ";
    }
    bail!("it did not start: {}", output.trim().chars().take(500).collect::<String>())
}

/// The URL in a line such as `Serving http://127.0.0.1:3911`, in the wording of any system.
fn served_at(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix("Serving ")?;
    let url = &rest[rest.find("http://")?..];
    Some(url.trim_end_matches('/'))
}

/// An address with a free port, because not every system accepts port 0. Another process could take it in between.
fn free_address() -> std::io::Result<String> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string())
}

/// A memory quantity of a process's status, in KiB.
pub fn status_kib(process: i32, quantity: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    kib(&status, quantity).with_context(|| format!("no {quantity} in the process's status"))
}

fn kib(status: &str, quantity: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(quantity))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_found_in_every_systems_line() {
        assert_eq!(served_at("Serving http://127.0.0.1:3911"), Some("http://127.0.0.1:3911"));
        assert_eq!(served_at("Serving HTTP on http://127.0.0.1:8080/"), Some("http://127.0.0.1:8080"));
        assert_eq!(served_at("  probe: http://127.0.0.1:3911 (wildcard)"), None);
    }

    #[test]
    fn resident_memory_is_read_from_a_status() {
        assert_eq!(kib("VmHWM:\t  9000 kB\nVmRSS:\t    8123 kB\n", "VmRSS:"), Some(8123.0));
        assert_eq!(kib("Name:\tserver\n", "VmRSS:"), None);
    }
}
