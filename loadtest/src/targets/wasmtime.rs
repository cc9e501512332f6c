//! `wasmtime serve`. It serves one component, so each component has a process with its own port.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use host::wasm::Wasi;
use host::{App, Component};
use nix::sys::signal::Signal;
use tempfile::NamedTempFile;

use super::built_in::{BuiltIn, Content};
use super::child::{Child, guarded_command};
use super::launch::{Launch, StartError, for_spin_only, uses_wasi};
use super::output::{Line, Lines};
use super::route::trigger_at;
use super::running::Running;
use super::tool::{Tool, at_least};
use crate::console::note;
use crate::exit::{Exit, Failure, OrExit};

pub(super) const TARGET: BuiltIn = BuiltIn {
    name: "wasmtime",
    summary: "`wasmtime serve`, in a process for each component",
    content: Content::Applications,
    flags: &[],
    is_embedded_host: false,
    start: |launch| Box::pin(start(launch)),
};

const WASMTIME: Tool = Tool {
    name: "wasmtime",
    variables: &["WASMTIME"],
    project_path: Some("target/peers/bin/wasmtime"),
    install: "scripts/peers.sh wasmtime installs it",
};

/// The longest reason why wasmtime can't run a component, in characters.
const MAX_REASON: usize = 500;

/// Starts a `wasmtime serve` on a free port for each component with a route at one of the paths, and waits until all
/// are ready.
async fn start(launch: Launch<'_>) -> Result<Running, StartError> {
    let (app, options) = (launch.app()?, launch.options);
    let wasmtime = WASMTIME.find()?;
    let version = WASMTIME.version(&wasmtime).await?;
    if uses_wasi(app, Wasi::P3) && !at_least(&version, 46, 0) {
        let manifest = app.manifest.display();
        return Err(StartError::Unsupported(format!(
            "{manifest} is skipped on wasmtime {version}: WASIp3 components need wasmtime 46 or later"
        )));
    }
    if let Some(skipped) = for_spin_only(app, "wasmtime") {
        return Err(skipped);
    }
    let help = WASMTIME.output(&wasmtime, &["serve", "--help"]).await?;
    let flags = accepted_flags(options.policy.flags(), &help)?;
    let mut starting: Vec<(&str, Starting)> = Vec::new();
    let mut ids = HashMap::new();
    for &path in launch.paths {
        let (id, component) = component_at(app, path)?;
        ids.insert(path, id);
        if !starting.iter().any(|(started, ..)| *started == id) {
            starting.push((id, spawn(&wasmtime, app, id, component, &flags)?));
        }
    }
    let (mut children, mut urls, mut failures) = (Vec::new(), HashMap::new(), HashMap::new());
    for (id, Starting { child, lines, wrapped: _wrapped }) in starting {
        match child.ready(options.ready_timeout(), lines.first(url)).await {
            Ok((child, url)) => {
                children.push(child);
                urls.insert(id, url);
            }
            Err(not_ready) if options.leave_out && not_ready.code.is_some() => {
                failures.insert(id, Failure::from(not_ready));
            }
            Err(not_ready) => return Err(Failure::from(not_ready).into()),
        }
    }
    let left_out =
        ids.iter().filter_map(|(path, id)| Some(((*path).to_owned(), reason(id, failures.get(id)?))));
    let left_out = left_out.collect();
    if let (true, Some(failure)) = (children.is_empty(), failures.into_values().next()) {
        return Err(failure.into());
    }
    let by_path = ids.iter().filter_map(|(path, id)| Some(((*path).to_owned(), urls.get(id)?.clone())));
    Ok(Running::children(children, by_path.collect()).without(left_out).of_version(version))
}

/// A process that is not ready yet.
struct Starting {
    child: Child,
    lines: Lines,
    /// The component of a core module, which wasmtime doesn't wrap. wasmtime has read the file when it is ready.
    wrapped: Option<NamedTempFile>,
}

/// Why wasmtime can't run a component, on one line.
fn reason(id: &str, failure: &Failure) -> String {
    let text = format!("{:#}", failure.error);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("wasmtime can't run the component {id}: {}", words.chars().take(MAX_REASON).collect::<String>())
}

fn component_at<'a>(app: &'a App, path: &str) -> Result<(&'a str, &'a Component), Failure> {
    let id = trigger_at(app, path).and_then(|trigger| trigger.component());
    id.and_then(|id| app.components.get_key_value(id))
        .map(|(id, component)| (id.as_str(), component))
        .ok_or_else(|| {
            let manifest = app.manifest.display();
            Failure::new(
                Exit::Usage,
                format!("{manifest}: no component has the route {path}, so wasmtime cannot serve it"),
            )
        })
}

fn spawn(
    wasmtime: &Path,
    app: &App,
    id: &str,
    component: &Component,
    flags: &[String],
) -> Result<Starting, Failure> {
    let wasm = app.wasm(id, component).map_err(host::Error::from)?;
    let wrapped = wasm.is_wrapped.then(|| temporary(&wasm.bytes)).transpose().or_exit(Exit::System)?;
    let mut command = guarded_command(wasmtime, Signal::SIGTERM)?;
    command.args(["serve", "--addr=127.0.0.1:0", "-Scli"]);
    if wasm.wasi == Wasi::P3 {
        command.args(["-Sp3", "-Wcomponent-model-async"]);
    }
    command.args(component.environment.iter().map(|(name, value)| format!("--env={name}={value}")));
    command.args(flags).arg(wrapped.as_ref().map_or(component.source.as_path(), NamedTempFile::path));
    let (child, lines) = Child::spawn(&format!("wasmtime serve ({id})"), command)?;
    Ok(Starting { child, lines, wrapped })
}

/// A file with this content, which is deleted when dropped.
fn temporary(content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(content)?;
    Ok(file)
}

/// The URL in a line such as `Serving HTTP on http://127.0.0.1:3911/`.
fn url(line: &Line) -> Option<String> {
    let url = line.text.strip_prefix("Serving HTTP on ")?;
    url.starts_with("http://").then(|| url.to_owned())
}

/// The flags, if this wasmtime accepts them. `help` is the output of `wasmtime serve --help`.
fn accepted_flags(flags: Vec<String>, help: &str) -> Result<Vec<String>, Failure> {
    let mut accepted = Vec::new();
    for flag in flags {
        let (name, value) = flag.split_once('=').unwrap_or_default();
        if name == "--request-timeout" {
            note("wasmtime serve has no --request-timeout; its requests have no time limit");
            continue;
        }
        let wrong = if !help.contains(name) {
            "this wasmtime does not have this flag; `scripts/peers.sh wasmtime` installs a version that has it"
        } else if value.contains("..") {
            "wasmtime accepts no ranges"
        } else {
            accepted.push(flag);
            continue;
        };
        return Err(Failure::new(Exit::Usage, format!("{flag}: {wrong}")));
    }
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flags_that_wasmtime_has_are_accepted() {
        let help = "--max-instance-reuse-count <N>\n  --idle-instance-timeout <T>";
        let accepted = |flag: &str| accepted_flags(vec![flag.to_owned()], help);
        assert_eq!(
            accepted("--max-instance-reuse-count=3").ok(),
            Some(vec!["--max-instance-reuse-count=3".to_owned()])
        );
        assert_eq!(accepted("--request-timeout=3s").ok(), Some(Vec::new()));
        assert!(accepted("--max-instance-reuse-count=1..3").is_err());
        assert!(accepted("--max-instance-concurrent-reuse-count=3").is_err());
    }
}
