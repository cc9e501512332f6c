//! Other people's servers, which `scripts/peers.sh` installs. One that is missing fails its tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Process, project};

/// A peer that serves.
pub struct Peer {
    /// Ends with this.
    pub process: Process,
    /// Such as `http://127.0.0.1:3911`.
    pub url: String,
}

/// FastAPI's own version of the lab's endpoints, under uvicorn with one worker.
pub fn fastapi() -> Peer {
    let mut uvicorn = Command::new(installed("fastapi/bin/uvicorn", "fastapi"));
    uvicorn.args(["app:app", "--port", "0", "--app-dir", "baselines/fastapi"]);
    serving(uvicorn.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(project()))
}

/// `wasmtime serve` with a component.
pub fn wasmtime(component: &str) -> Peer {
    let mut wasmtime = Command::new(installed("bin/wasmtime", "wasmtime"));
    wasmtime.args(["serve", "-Scli", "--addr", "127.0.0.1:0"]).arg(super::wasm(component));
    serving(&mut wasmtime)
}

/// Where `scripts/peers.sh` puts it, or where the PATH has it.
pub fn installed(path: &str, name: &str) -> PathBuf {
    let own = project().join("target/peers").join(path);
    let file = PathBuf::from(path);
    let program = file.file_name().expect("a program");
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.exists())
    });
    match own.exists() {
        true => own,
        false => on_path.unwrap_or_else(|| panic!("{name} is missing: scripts/peers.sh {name}")),
    }
}

/// Waits until it says where it serves.
fn serving(command: &mut Command) -> Peer {
    let mut process = Process::spawn(command.stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(process.child.stderr.take().expect("piped")).lines();
    let mut said = Vec::new();
    let url = loop {
        let line = lines.next().unwrap_or_else(|| panic!("it does not serve: {said:?}")).expect("text");
        if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")) {
            break url.trim_end_matches('/').to_owned();
        }
        said.push(line);
    };
    // Somebody has to read what it says, or it would wait for that.
    std::thread::spawn(move || lines.for_each(drop));
    Peer { process, url }
}
