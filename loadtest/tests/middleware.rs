//! The middleware for servers in Python, Node and Go, which need `scripts/peers.sh fastapi express go` and Node: a burst shows instances and times in the handler from the header alone.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use judge::verdict::Kind;
use results::document::Burst;

use common::peers::{Peer, installed, start};
use common::project;

fn app(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/middleware").join(file)
}

/// Python with the middleware on its path.
fn python(program: &Path) -> Command {
    let mut command = Command::new(program);
    let path = format!("{}:{}", project().join("middleware").display(), app("").display());
    command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A burst of eight requests, all with evidence in their replies.
fn eight(peer: &Peer, path: &str) -> Burst {
    let burst = common::burst(&["-n", "8", "-c", "8", &format!("{}{path}", peer.url)]);
    for request in &burst.requests {
        let (entered, left) = request.entered_us.zip(request.left_us).expect("times in the handler");
        assert!(left - entered >= 190_000.0 && left <= request.done_us + 1_000.0, "{request:?}");
        assert!(request.served.is_some(), "{request:?}");
    }
    burst
}

/// One instance that awaits in parallel, and blocks one by one.
fn assert_event_loop(peer: &Peer) {
    let awaits = eight(peer, "/await");
    assert_eq!((awaits.verdict.kind, awaits.instances), (Kind::Parallel, 1), "{:?}", awaits.verdict);
    let blocks = eight(peer, "/block");
    assert_eq!((blocks.verdict.kind, blocks.instances), (Kind::Sequential, 1), "{:?}", blocks.verdict);
}

#[test]
fn asgi() {
    let mut uvicorn = python(&installed("fastapi/bin/uvicorn", "fastapi"));
    let peer = start(uvicorn.args(["asgi_app:app", "--port", "0"]));
    assert_event_loop(&peer);
    let burst = eight(&peer, "/await");
    assert!(burst.requests.iter().all(|request| request.style.as_deref() == Some("test")));
}

#[test]
fn wsgi() {
    let peer = start(python(&installed("fastapi/bin/python", "fastapi")).arg(app("wsgi_app.py")));
    let burst = eight(&peer, "/");
    assert_eq!((burst.verdict.kind, burst.instances), (Kind::Parallel, 8), "{:?}", burst.verdict);
}

#[test]
fn node() {
    assert_event_loop(&start(Command::new(installed("bin/node", "node")).arg(app("node_app.mjs"))));
}

#[test]
fn express() {
    let modules = project().join("target/peers/express/node_modules");
    assert!(modules.exists(), "Express is missing: scripts/peers.sh express");
    let mut node = Command::new(installed("bin/node", "node"));
    assert_event_loop(&start(node.arg(app("express_app.cjs")).env("NODE_PATH", modules)));
}

#[test]
fn go() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = folder.path().join("servedby");
    std::fs::create_dir(&package).expect("a folder");
    std::fs::copy(project().join("middleware/servedby.go"), package.join("servedby.go")).expect("a copy");
    std::fs::copy(app("go_app.go"), folder.path().join("main.go")).expect("a copy");
    std::fs::write(folder.path().join("go.mod"), "module test\n\ngo 1.19\n").expect("a file");
    let mut build = Command::new(installed("bin/go", "go"));
    let build = build.args(["build", "-o", "app"]).current_dir(folder.path()).env("GOFLAGS", "-mod=mod");
    assert!(build.status().expect("go starts").success());
    let burst = eight(&start(&mut Command::new(folder.path().join("app"))), "/");
    assert_eq!((burst.verdict.kind, burst.instances), (Kind::Parallel, 1), "{:?}", burst.verdict);
}
