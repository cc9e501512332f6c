//! `wasmtime serve`, which serves one component: a process for each, behind a port of its own.

use std::collections::HashMap;
use std::path::Path;

use host::wasm::Wasi;
use host::{App, Component};
use nix::sys::signal::Signal;

use super::child::{Child, guarded};
use super::output::{Line, Lines};
use super::spin::speaks;
use super::tool::{Tool, at_least};
use super::{NotStarted, Options, Running};
use crate::console::note;
use crate::exit::{Exit, Failure};

const WASMTIME: Tool = Tool {
    name: "wasmtime",
    variable: "WASMTIME",
    own: Some("target/peers/bin/wasmtime"),
    install: "scripts/peers.sh wasmtime installs it",
};

/// Starts a `wasmtime serve` on a free port for each component that answers at one of `paths`, and waits until
/// all are ready.
pub async fn start(app: &App, paths: &[&str], options: &Options<'_>) -> Result<Running, NotStarted> {
    let wasmtime = WASMTIME.find()?;
    let version = WASMTIME.version(&wasmtime).await?;
    if speaks(app, Wasi::P3) && !at_least(&version, 46, 0) {
        let manifest = app.manifest.display();
        return Err(NotStarted::Skipped(format!(
            "{manifest} is left out on wasmtime {version}: WASIp3 components need wasmtime 46 or later"
        )));
    }
    let flags = taken(options.policy.flags(), &WASMTIME.ask(&wasmtime, &["serve", "--help"]).await?)?;
    let mut starting: Vec<(&str, Child, Lines)> = Vec::new();
    let mut ids = HashMap::new();
    for &path in paths {
        let (id, component) = component_at(app, path)?;
        ids.insert(path, id);
        if !starting.iter().any(|(started, ..)| *started == id) {
            let (child, lines) = spawn(&wasmtime, app, id, component, &flags)?;
            starting.push((id, child, lines));
        }
    }
    let (mut children, mut urls) = (Vec::new(), HashMap::new());
    for (id, child, lines) in starting {
        let ready = child.ready(options.ready_timeout(), lines.first(url)).await;
        let (child, url) = ready.map_err(Failure::from)?;
        children.push(child);
        urls.insert(id, url);
    }
    let by_path = ids.into_iter().filter_map(|(path, id)| Some((path.to_owned(), urls.get(id)?.clone())));
    Ok(Running::children(children, by_path.collect()).of_version(version))
}

fn component_at<'a>(app: &'a App, path: &str) -> Result<(&'a str, &'a Component), Failure> {
    let trigger = app.triggers.iter().find(|trigger| trigger.route.path() == path);
    let id = trigger.and_then(|trigger| trigger.component());
    id.and_then(|id| app.components.get_key_value(id))
        .map(|(id, component)| (id.as_str(), component))
        .ok_or_else(|| {
            let manifest = app.manifest.display();
            Failure::new(
                Exit::Usage,
                format!("{manifest}: no component answers at {path}, so wasmtime can't serve it"),
            )
        })
}

fn spawn(
    wasmtime: &Path,
    app: &App,
    id: &str,
    component: &Component,
    flags: &[String],
) -> Result<(Child, Lines), Failure> {
    let wasm = app.wasm(id, component).map_err(host::Error::from)?;
    let mut command = guarded(wasmtime, Signal::SIGTERM)?;
    command.args(["serve", "--addr=127.0.0.1:0", "-Scli"]);
    if wasm.wasi == Wasi::P3 {
        command.args(["-Sp3", "-Wcomponent-model-async"]);
    }
    command.args(component.environment.iter().map(|(name, value)| format!("--env={name}={value}")));
    command.args(flags).arg(&component.source);
    Child::spawn(&format!("wasmtime serve ({id})"), command)
}

/// In `Serving HTTP on http://127.0.0.1:3911/`.
fn url(line: &Line) -> Option<String> {
    let url = line.text.strip_prefix("Serving HTTP on ")?;
    url.starts_with("http://").then(|| url.to_owned())
}

/// The flags, as far as this wasmtime knows them.
fn taken(flags: Vec<String>, help: &str) -> Result<Vec<String>, Failure> {
    let mut taken = Vec::new();
    for flag in flags {
        let (name, value) = flag.split_once('=').unwrap_or_default();
        if name == "--request-timeout" {
            note("wasmtime serve has no --request-timeout: requests there may take as long as they like");
            continue;
        }
        let wrong = if !help.contains(name) {
            "is unknown to this wasmtime; scripts/peers.sh wasmtime installs one that knows it"
        } else if value.contains("..") {
            "is not for wasmtime, which takes no ranges"
        } else {
            taken.push(flag);
            continue;
        };
        return Err(Failure::new(Exit::Usage, format!("{flag} {wrong}")));
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_wasmtime_knows_is_passed_on() {
        let help = "--max-instance-reuse-count <N>\n  --idle-instance-timeout <T>";
        let taken = |flag: &str| taken(vec![flag.to_owned()], help);
        assert_eq!(
            taken("--max-instance-reuse-count=3").ok(),
            Some(vec!["--max-instance-reuse-count=3".to_owned()])
        );
        assert_eq!(taken("--request-timeout=3s").ok(), Some(Vec::new()));
        assert!(taken("--max-instance-reuse-count=1..3").is_err());
        assert!(taken("--max-instance-concurrent-reuse-count=3").is_err());
    }
}
