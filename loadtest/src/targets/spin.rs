//! `spin up`, which starts its server as a process of its own.

use host::App;
use host::wasm::Wasi;
use nix::sys::signal::Signal;

use super::child::{Child, guarded};
use super::startup::Announced;
use super::tool::{Tool, at_least};
use super::{NotStarted, Options, Running};
use crate::exit::{Exit, Failure};

const SPIN: Tool =
    Tool { name: "spin", variable: "SPIN", own: None, install: "see https://spinframework.dev/install" };

/// Starts `spin up` on a free port, and waits until it says that it is ready.
pub async fn start(app: &App, options: &Options<'_>) -> Result<Running, NotStarted> {
    let spin = SPIN.find()?;
    let version = SPIN.version(&spin).await?;
    if speaks(app, Wasi::P3) && !at_least(&version, 4, 1) {
        let manifest = app.manifest.display();
        return Err(NotStarted::Skipped(format!(
            "{manifest} is left out on spin {version}: WASIp3 components need Spin 4.1 or later"
        )));
    }
    let mut command = guarded(&spin, Signal::SIGTERM)?;
    command
        .args(["up", "--quiet", "--listen=127.0.0.1:0", "--format=json"])
        .arg("-f")
        .arg(&app.manifest)
        .args(options.app_flags)
        .args(taken(options.policy.flags())?);
    let (child, lines) = Child::spawn("spin up", command)?;
    let mut announced = Announced::default();
    let (child, url) = child
        .ready(options.ready_timeout(), lines.first(|line| announced.url(line)))
        .await
        .map_err(Failure::from)?;
    Ok(Running::child(child, &url).of_version(version))
}

/// Whether a component of `app` does. What can't be read, Spin itself complains of.
pub fn speaks(app: &App, wasi: Wasi) -> bool {
    app.components.iter().any(|(id, component)| app.wasm(id, component).is_ok_and(|wasm| wasm.wasi == wasi))
}

/// The flags, which Spin takes only with whole seconds, whatever its help says.
fn taken(flags: Vec<String>) -> Result<Vec<String>, Failure> {
    let finer = |flag: &&String| {
        let (name, value) = flag.split_once('=').unwrap_or_default();
        name.ends_with("timeout")
            && value.split("..").any(|time| time.trim_end_matches('s').ends_with(['m', 'u', 'μ', 'n']))
    };
    match flags.iter().find(finer) {
        None => Ok(flags),
        Some(flag) => Err(Failure::new(
            Exit::Usage,
            format!("{flag} is not for spin, which takes whole seconds: 2s, or a range such as 1..8"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spin_takes_whole_seconds() {
        let taken = |flag: &str| taken(vec![flag.to_owned()]).is_ok();
        for flag in
            ["--idle-instance-timeout=2", "--request-timeout=2s..5s", "--max-instance-reuse-count=1..8"]
        {
            assert!(taken(flag), "{flag}");
        }
        for flag in
            ["--idle-instance-timeout=100ms", "--request-timeout=1s..2000ms", "--idle-instance-timeout=7ns"]
        {
            assert!(!taken(flag), "{flag}");
        }
    }
}
