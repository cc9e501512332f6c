//! `loadtest guard`, and systems from a `systems.toml`.

mod common;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use common::{Process, TIMEOUT, is_gone, loadtest, output, started_by, stderr, wait_until};

/// A `systems.toml` in a temporary folder, with a system called `custom`.
struct Systems(TempDir);

impl Systems {
    fn new(definition: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("systems.toml"), format!("[[system]]\nname = \"custom\"\n{definition}"))
            .unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("systems.toml")
    }

    /// A command for a short run on the system.
    fn run(&self, args: &[&str]) -> Command {
        common::build();
        let mut command =
            loadtest(&["run", "--setup", "6", "--time-scale", "0.3", "--on", "custom", "--systems"]);
        command.arg(self.file()).args(args);
        command
    }

    /// The exit code and the standard error of a short run.
    fn ended(&self, args: &[&str]) -> (Option<i32>, String) {
        let ended = self.run(args).output().unwrap();
        (ended.status.code(), stderr(&ended))
    }
}

/// The project's endpoints on the embedded host.
fn embedded_host(more: &str) -> String {
    let program = assert_cmd::cargo::cargo_bin!("loadtest");
    let project = common::project();
    format!(
        "command = [{program:?}, \"serve\", \"--no-build\", \"--listen\", \"127.0.0.1:{{port}}\"]\n\
         workdir = {project:?}\nbase_url = \"http://127.0.0.1:{{port}}\"\n{more}"
    )
}

/// A system that runs a shell script.
fn shell(script: &str, more: &str) -> String {
    format!("command = [\"sh\", \"-c\", {script:?}]\nbase_url = \"http://127.0.0.1:{{port}}\"\n{more}")
}

#[test]
fn a_system_from_systems_toml_is_tested() {
    let out = tempfile::tempdir().unwrap();
    let systems =
        Systems::new(&embedded_host("ready = \"/.well-known/spin/health\"\nready_timeout = \"60s\"\n"));
    let (code, said) = systems.ended(&["--out", out.path().to_str().unwrap()]);
    // 4: on a busy machine, so short a burst may be inconclusive.
    assert!(matches!(code, Some(0 | 4)), "{said}");
    let run = common::result(out.path()).runs.remove(0);
    assert_eq!((run.system.as_str(), run.manifest, run.bursts[0].ok), ("custom", None, 10));
}

#[test]
fn a_system_that_does_not_start_is_an_error_with_its_output() {
    let (code, said) = Systems::new(&shell("echo no licence; exit 7", "")).ended(&[]);
    assert_eq!(code, Some(3), "{said}");
    assert_eq!(said, "error: custom did not start (exit status: 7); its last lines:\n    no licence\n");
    let (code, said) = Systems::new(&shell("kill -9 $$", "")).ended(&[]);
    assert_eq!(
        (code, said.as_str()),
        (Some(3), "error: custom did not start (by SIGKILL); it wrote nothing\n")
    );
    let (code, said) = Systems::new(&shell("echo soon; sleep 1000", "ready_timeout = \"1s\"\n")).ended(&[]);
    assert_eq!(code, Some(3), "{said}");
    assert_eq!(said, "error: custom was not ready after 1 s; its last lines:\n    soon\n");
    let (code, said) = Systems::new(&shell("", "workdir = \"nowhere\"\n")).ended(&[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("workdir: no such folder: ") && said.contains("nowhere"), "{said}");
    let nothing = "command = [\"./nothing\"]\nbase_url = \"http://127.0.0.1:{port}\"\n";
    let (code, said) = Systems::new(nothing).ended(&[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("    error: cannot start ./nothing: No such file"), "{said}");
}

#[test]
fn another_server_at_the_port_is_an_error() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let systems =
        Systems::new(&format!("command = [\"sleep\", \"1000\"]\nbase_url = \"http://{address}\"\n"));
    let (code, said) = systems.ended(&[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains(&format!("cannot start custom: another server is listening at {address}")),
        "{said}"
    );
}

#[test]
fn an_error_in_systems_toml_has_its_line_and_column() {
    let systems = Systems::new("command = [\"true\"]\nbase_url = \"http://127.0.0.1:{port}\"\nprot = 3\n");
    let (code, said) = systems.ended(&[]);
    assert_eq!(code, Some(2), "{said}");
    let expected =
        format!("error: {}:5:1: unknown field `prot`, expected one of `name`", systems.file().display());
    assert!(said.starts_with(&expected) && said.lines().count() == 1, "{said}");
    for (args, said) in [
        (
            &["run", "--on", "other", "--systems", "nowhere.toml"][..],
            "nowhere.toml: cannot read: No such file",
        ),
        (&["run", "--on", "other"], "a name from systems.toml (node)"),
    ] {
        let ended = output(args);
        assert_eq!(ended.status.code(), Some(2));
        assert!(stderr(&ended).contains(said), "{}", stderr(&ended));
    }
}

#[test]
fn a_system_is_stopped_with_its_signal() {
    let folder = tempfile::tempdir().unwrap();
    let stopped = folder.path().join("stopped");
    let script = format!("trap 'touch {}; exit' INT; while :; do sleep 0.1; done", stopped.display());
    let systems = Systems::new(&shell(&script, "stop = \"SIGINT\"\nready_timeout = \"1s\"\n"));
    assert_eq!(systems.ended(&[]).0, Some(3));
    assert!(stopped.exists());
}

/// In a new project folder, where nothing is installed, on a machine where nothing can be installed.
#[test]
fn fastapi_without_python_is_an_error_with_the_remedy() {
    let project = tempfile::tempdir().unwrap();
    for file in ["scripts/peers.sh", "baselines/fastapi/requirements.txt", "Cargo.lock"] {
        let copy = project.path().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(common::project().join(file), copy).unwrap();
    }
    for program in ["python3", "apt-get", "apt-cache", "sudo"] {
        let stand_in = project.path().join(program);
        fs::write(&stand_in, "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", project.path().display());
    let mut command = loadtest(&["run", "--on", "fastapi"]);
    let ended = command.current_dir(project.path()).env("PATH", path).output().unwrap();
    let said = stderr(&ended);
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("install python3 with its venv module"), "{said}");
    assert!(said.ends_with("error: FastAPI could not be installed; see the messages above\n"), "{said}");
}

#[test]
fn fastapi_outside_the_project_is_an_error() {
    let elsewhere = tempfile::tempdir().unwrap();
    let program = elsewhere.path().join("loadtest");
    fs::copy(assert_cmd::cargo::cargo_bin!("loadtest"), &program).unwrap();
    let ended = Command::new(program)
        .args(["run", "--on", "fastapi"])
        .current_dir(elsewhere.path())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
    assert_eq!(stderr(&ended), "error: scripts/peers.sh not found; run this in the project's folder\n");
}

/// A guard over a shell script; its standard input stays open.
fn guard(script: &str) -> Process {
    let mut guard = loadtest(&["guard", "--grace", "1s", "--", "sh", "-c", script]);
    Process::spawn(guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()))
}

fn started(guard: &Process, count: usize) -> Vec<i32> {
    wait_until("all have started", || started_by(guard.child.id()).len() == count);
    started_by(guard.child.id())
}

#[test]
fn a_guard_exits_with_the_code_of_its_program() {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + 15)] {
        assert_eq!(guard(script).ended_within(TIMEOUT).code(), Some(code), "{script}");
    }
}

#[test]
fn a_guard_ends_all_processes_if_its_input_closes() {
    for script in [
        "sleep 1000",
        "sleep 1000 & sleep 1000",
        "trap '' TERM; sleep 1000 & sleep 1000",
        "(setsid sleep 1000 &); sleep 1000",
        "(setsid sh -c \"trap '' TERM; sleep 1000\" &); sleep 1000",
    ] {
        let mut guard = guard(script);
        // A shell replaces itself by its last command.
        wait_until("it has started", || {
            let sleeping =
                |id: &i32| fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name == "sleep\n");
            started_by(guard.child.id()).iter().filter(|id| sleeping(id)).count()
                == script.matches("sleep").count()
        });
        let started = started_by(guard.child.id());
        drop(guard.child.stdin.take());
        guard.ended_within(TIMEOUT);
        assert!(started.iter().all(|id| is_gone(*id)), "{script}");
    }
}

#[test]
fn a_guard_ends_all_processes_if_its_program_ends() {
    let mut guard = guard("sleep 1000 & (setsid sleep 1000 &); sleep 3; exit 3");
    let started = started(&guard, 4);
    assert_eq!(guard.ended_within(TIMEOUT).code(), Some(3));
    assert!(started.iter().all(|id| is_gone(*id)));
}

#[test]
fn a_guard_ends_all_processes_on_a_signal() {
    let mut guard = guard("sleep 1000 & sleep 1000");
    let started = started(&guard, 3);
    guard.signal(Signal::SIGTERM);
    guard.ended_within(TIMEOUT);
    assert!(started.iter().all(|id| is_gone(*id)));
}
