//! A system under test: starts it, says when it was ready, stops it.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use loadtest::machine::processes;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::app::{App, Wasi};
use crate::lab::root;
use crate::programs::Programs;

/// A cold compilation of all components on a slow machine.
const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// How long a guard may take: it gives the server five seconds before it kills it.
const GRACE: Duration = Duration::from_secs(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Ours,
    Wasmtime,
    Spin,
    Native,
    /// The one whose truth is known.
    Hold,
}

/// All that run guests.
pub const HOSTS: [System; 3] = [System::Ours, System::Wasmtime, System::Spin];

impl System {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "embedded host",
            Self::Wasmtime => "`wasmtime serve`",
            Self::Spin => "`spin up`",
            Self::Native => "native hyper, no guest",
            Self::Hold => "server that holds requests",
        }
    }

    /// What makes it serve `app`, up to the address.
    fn args(self, app: &App) -> Vec<String> {
        let component = format!("components/target/wasm32-wasip2/release/{}", app.component);
        let words: &[&str] = match (self, app.wasi) {
            (Self::Ours, _) => &["serve", app.manifest, "--no-build", "--quiet"],
            (Self::Wasmtime, Wasi::P2) => &["serve", "-Scli", &component],
            (Self::Wasmtime, Wasi::P3) => &["serve", "-Scli", "-Sp3", "-Wcomponent-model-async", &component],
            (Self::Spin, _) => &["up", "-f", app.manifest],
            (Self::Native, _) => return vec!["native".to_owned()],
            (Self::Hold, _) => &["hold"],
        };
        words.iter().chain(app.flags).map(|&word| word.to_owned()).collect()
    }
}

/// A server that is ready. It and all that it has started end when this is dropped.
pub struct Server {
    pub system: System,
    /// Such as `http://127.0.0.1:3911`.
    pub url: String,
    /// What started it, without the address.
    pub command: String,
    /// From the start of the process, and of its guard before it, to its saying that it serves.
    pub ready_after: Duration,
    process: Child,
    guard: i32,
}

impl Server {
    pub async fn start(programs: &Programs, system: System, app: &App) -> Result<Self> {
        let program = programs.of(system).with_context(|| format!("{} isn't there", system.name()))?;
        let args = system.args(app);
        let address = free_address().context("finding a free port")?;
        let (output, into) = std::io::pipe().context("making a pipe")?;
        let begun = Instant::now();
        // All that the process starts ends with this one, however this one ends.
        let process = Command::new(&programs.loadtest.path)
            .args(["guard", "--"])
            .arg(&program.path)
            .args(&args)
            .args([if system == System::Wasmtime { "--addr" } else { "--listen" }, &address])
            // Errors that a host makes in the course of things would each walk the stack.
            .env_remove("RUST_BACKTRACE")
            .current_dir(root())
            .stdin(Stdio::piped())
            .stdout(into.try_clone()?)
            .stderr(into)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", program.path.display()))?;
        let guard = i32::try_from(process.id().context("the process has ended")?)?;
        let output = pipe::Receiver::from_owned_fd(OwnedFd::from(output))?;
        let command = format!("{} {}", program.name(), args.join(" "));
        let mut lines = BufReader::new(output).lines();
        let url = match timeout(STARTS_WITHIN, until_serving(&mut lines)).await {
            Ok(found) => found.with_context(|| command.clone())?,
            Err(_) => bail!("{command}: not ready after {} s", STARTS_WITHIN.as_secs()),
        };
        let ready_after = begun.elapsed();
        // Somebody has to read what guests print, or they would wait for it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { system, url, command, ready_after, process, guard })
    }

    /// A quantity of memory of the server's processes, in KiB.
    pub fn memory_kib(&self, quantity: &str) -> Result<f64> {
        let server = processes::descendants(&[self.guard]);
        ensure!(!server.is_empty(), "the server has ended");
        server.iter().map(|stat| status_kib(stat.pid, quantity)).sum()
    }

    /// Lets it finish, and waits until it is gone.
    pub async fn stop(mut self) {
        let _ = timeout(GRACE, self.process.wait()).await; // closes its input, too
    }
}

/// Where the server says that it serves; what it said instead, where it ends without.
async fn until_serving(lines: &mut Lines<BufReader<pipe::Receiver>>) -> Result<String> {
    let mut said = String::new();
    while let Some(line) = lines.next_line().await? {
        if let Some(url) = served_at(&line) {
            return Ok(url.to_owned());
        }
        said = said + line.trim() + " ";
    }
    bail!("it did not start: {}", said.trim().chars().take(500).collect::<String>())
}

/// The address in `Serving http://127.0.0.1:3911`, as each of the systems words it.
fn served_at(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix("Serving ")?;
    let url = &rest[rest.find("http://")?..];
    Some(url.trim_end_matches('/'))
}

/// Not every system can be asked for any port. It is free until somebody else takes it.
fn free_address() -> std::io::Result<String> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string())
}

/// A quantity of memory out of a process's status, in KiB.
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
    fn every_systems_words_name_the_address() {
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
