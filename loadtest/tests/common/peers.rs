//! Peers, which `scripts/peers.sh` installs. A missing peer fails its tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Process, project};

/// A running peer.
pub struct Peer {
    /// The process, which is killed on drop.
    pub process: Process,
    /// Such as `http://127.0.0.1:3911`.
    pub url: String,
}

/// The lab's endpoints in FastAPI, under uvicorn with one worker.
pub fn fastapi() -> Peer {
    let mut uvicorn = Command::new(installed("fastapi/bin/uvicorn", "fastapi"));
    uvicorn.args(["app:app", "--port", "0", "--app-dir", "baselines/fastapi"]);
    start(uvicorn.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(project()))
}

/// `wasmtime serve` with a component.
pub fn wasmtime(component: &str) -> Peer {
    let mut wasmtime = Command::new(installed("bin/wasmtime", "wasmtime"));
    wasmtime.args(["serve", "-Scli", "--addr", "127.0.0.1:0"]).arg(super::wasm(component));
    start(&mut wasmtime)
}

/// The path of a program: below `target/peers` if `scripts/peers.sh` has installed it, or else on the PATH.
pub fn installed(path: &str, name: &str) -> PathBuf {
    let in_project = project().join("target/peers").join(path);
    let file = PathBuf::from(path);
    let program = file.file_name().expect("a program");
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.exists())
    });
    match in_project.exists() {
        true => in_project,
        false => on_path.unwrap_or_else(|| panic!("{name} is missing: scripts/peers.sh {name}")),
    }
}

/// Starts a server, and waits for the line with its URL on standard error.
pub fn start(command: &mut Command) -> Peer {
    let mut process = Process::spawn(command.stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(process.child.stderr.take().expect("piped")).lines();
    let mut output = Vec::new();
    let url = loop {
        let line = lines.next().unwrap_or_else(|| panic!("it does not serve: {output:?}")).expect("text");
        if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")) {
            break url.trim_end_matches('/').to_owned();
        }
        output.push(line);
    };
    // The output must be read: the peer blocks when the pipe is full.
    std::thread::spawn(move || lines.for_each(drop));
    Peer { process, url }
}
