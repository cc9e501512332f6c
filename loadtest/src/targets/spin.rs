//! `spin up`, which starts its server in another process.

use host::wasm::Wasi;
use nix::sys::signal::Signal;

use super::built_in::{BuiltIn, Content};
use super::child::{Child, guarded_command};
use super::launch::{Launch, StartError, uses_wasi};
use super::running::Running;
use super::startup::StartupParser;
use super::tool::{Tool, at_least};
use crate::exit::{Exit, Failure};

pub(super) const TARGET: BuiltIn = BuiltIn {
    name: "spin",
    summary: "`spin up`",
    content: Content::Applications,
    flags: &[],
    is_embedded_host: false,
    start: |launch| Box::pin(start(launch)),
};

const SPIN: Tool = Tool {
    name: "spin",
    // Spin sets the second one when it calls a plugin, as this program is one: `spin burst`.
    variables: &["SPIN", "SPIN_BIN_PATH"],
    project_path: None,
    install: "see https://spinframework.dev/install",
};

/// Starts `spin up` on a free port, and waits until it reports its URL.
async fn start(launch: Launch<'_>) -> Result<Running, StartError> {
    let (app, options) = (launch.app()?, launch.options);
    let spin = SPIN.find()?;
    let version = SPIN.version(&spin).await?;
    if uses_wasi(app, Wasi::P3) && !at_least(&version, 4, 1) {
        let manifest = app.manifest.display();
        return Err(StartError::Unsupported(format!(
            "{manifest} is skipped on spin {version}: WASIp3 components need Spin 4.1 or later"
        )));
    }
    let mut command = guarded_command(&spin, Signal::SIGTERM)?;
    command
        .args(["up", "--quiet", "--listen=127.0.0.1:0", "--format=json"])
        .arg("-f")
        .arg(&app.manifest)
        .args(options.app_flags)
        .args(accepted_flags(options.policy.flags())?);
    let (child, lines) = Child::spawn("spin up", command)?;
    let mut startup = StartupParser::default();
    let (child, url) = child
        .ready(options.ready_timeout(), lines.first(|line| startup.url(line)))
        .await
        .map_err(Failure::from)?;
    Ok(Running::child(child, &url).of_version(version))
}

/// The flags, if their times are whole seconds. Spin's help allows shorter units, but Spin rejects them.
fn accepted_flags(flags: Vec<String>) -> Result<Vec<String>, Failure> {
    let has_fraction = |flag: &&String| {
        let (name, value) = flag.split_once('=').unwrap_or_default();
        name.ends_with("timeout")
            && value.split("..").any(|time| time.trim_end_matches('s').ends_with(['m', 'u', 'μ', 'n']))
    };
    match flags.iter().find(has_fraction) {
        None => Ok(flags),
        Some(flag) => Err(Failure::new(
            Exit::Usage,
            format!("{flag}: spin accepts whole seconds only, such as 2s or 1..8"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spin_accepts_whole_seconds_only() {
        let is_accepted = |flag: &str| accepted_flags(vec![flag.to_owned()]).is_ok();
        for flag in
            ["--idle-instance-timeout=2", "--request-timeout=2s..5s", "--max-instance-reuse-count=1..8"]
        {
            assert!(is_accepted(flag), "{flag}");
        }
        for flag in
            ["--idle-instance-timeout=100ms", "--request-timeout=1s..2000ms", "--idle-instance-timeout=7ns"]
        {
            assert!(!is_accepted(flag), "{flag}");
        }
    }
}
