//! What the tests share: the program, its served applications, and servers whose truth is known.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod burst_run;
#[cfg(feature = "peers")]
pub mod peers;
pub mod pool;
pub mod raw;
pub mod servers;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use host::Startup;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use results::document::{Burst, Document};

/// The project's folder, where its manifests are.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The program, in the project's folder, with nothing of the caller's that would change it.
pub fn loadtest(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("loadtest"));
    command.current_dir(project()).args(args).env_remove("SPIN_HTTP_LISTEN_ADDR");
    for scheme in ["HTTP", "HTTPS", "ALL", "NO"] {
        let name = format!("{scheme}_PROXY");
        command.env_remove(name.to_lowercase()).env_remove(name);
    }
    command
}

/// Runs the program to its end.
pub fn output(args: &[&str]) -> Output {
    loadtest(args).output().expect("loadtest starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What was written to the folder that `--out` named.
pub fn result(folder: &Path) -> Document {
    let text = std::fs::read_to_string(folder.join("result.json")).expect("result.json was written");
    serde_json::from_str(&text).expect("result.json is one")
}

/// The one burst that these arguments fire. Its verdict may be that it can't be trusted.
pub fn burst(args: &[&str]) -> Burst {
    let folder = tempfile::tempdir().expect("a folder");
    let out = ["burst", "--out", folder.path().to_str().expect("text")];
    let ended = output(&[&out[..], args].concat());
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    result(folder.path()).runs.remove(0).bursts.remove(0)
}

pub const MANIFESTS: [&str; 2] = ["spin.toml", "spin-wasip3.toml"];
pub const CONFORMANCE: [&str; 2] =
    ["components/conformance/spin-wasip2.toml", "components/conformance/spin-wasip3.toml"];

/// Long enough for what takes a moment, also on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// Waits for what must come soon.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A GET request that goes straight to the server, whatever proxy the machine has.
pub async fn get(url: String) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::builder().no_proxy().build()?.get(url).send().await
}

/// Builds the guests, once for all tests of a file; installs the wasm target where it is missing.
pub fn build() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let output = output(&[&["build"], &MANIFESTS[..], &CONFORMANCE[..]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    });
}

/// The conformance guests' files.
pub const GUESTS: [&str; 2] = ["conformance_wasip2.wasm", "conformance_wasip3.wasm"];

/// The path of a guest's file.
pub fn wasm(guest: &str) -> PathBuf {
    let folder = project().canonicalize().expect("the project is there");
    folder.join("components/target/wasm32-wasip2/release").join(guest)
}

/// All that this process has started, itself or by others, but for the guards that watch over it.
pub fn started_by(parent: u32) -> Vec<i32> {
    let started = loadtest::machine::processes::descendants(&[parent.cast_signed()]);
    let command = |id: i32| std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    started.iter().map(|stat| stat.pid).filter(|id| !command(*id).contains("\0guard\0")).collect()
}

/// Those of them that serve by the embedded host.
pub fn hosts_of(parent: u32) -> Vec<i32> {
    let command = |id: i32| std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    started_by(parent).into_iter().filter(|id| command(*id).contains("loadtest\0serve\0")).collect()
}

/// Ended, even where nobody has asked how.
pub fn is_gone(id: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"));
    status.map_or(true, |status| status.contains("State:\tZ"))
}

/// A process that is killed when the test is done with it.
pub struct Process {
    pub child: Child,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        Self { child: command.spawn().expect("loadtest starts") }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("the process is there");
    }

    /// Waits for its end, which must come within `limit`.
    pub fn ended_within(&mut self, limit: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                return status;
            }
            assert!(began.elapsed() < limit, "the process still runs after {limit:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An application on the embedded host.
pub struct Served {
    pub process: Process,
    pub url: String,
}

impl Served {
    /// The host and port.
    pub fn authority(&self) -> &str {
        self.url.split_once("://").expect("a URL").1
    }

    /// The status and the body of what a GET request for this path gets.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = get(format!("{}{path}", self.url)).await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a whole body"))
    }

    /// Ends it; what it wrote to its standard error.
    pub fn log(self) -> String {
        self.log_that_says(&[])
    }

    /// Ends it once it has written all of this to its standard error; what it wrote there in all. The log
    /// may come after the answer.
    pub fn log_that_says(mut self, said: &[&str]) -> String {
        let mut stderr = self.process.child.stderr.take().expect("piped");
        let (sender, pieces) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut piece) {
                let _ = sender.send(String::from_utf8_lossy(&piece[..length]).into_owned());
            }
        });
        let mut log = String::new();
        while let Some(missing) = said.iter().find(|said| !log.contains(**said)) {
            match pieces.recv_timeout(SOON) {
                Ok(piece) => log += &piece,
                Err(_) => panic!("{missing:?} is missing in\n{log}"),
            }
        }
        self.process.signal(Signal::SIGTERM);
        self.process.ended_within(SOON);
        log.extend(pieces);
        log
    }
}

/// What a request gets that is answered with 200 and this.
pub fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

/// Serves the manifest on a free port, with more flags.
pub fn serve(manifest: &str, flags: &[&str]) -> Served {
    serve_at("127.0.0.1:0", manifest, flags)
}

/// Serves the manifest at an address, with more flags.
pub fn serve_at(address: &str, manifest: &str, flags: &[&str]) -> Served {
    build();
    let args = [&["serve", manifest, "--listen", address, "--format", "json"], flags].concat();
    serve_by(&mut loadtest(&args))
}

/// Runs a `serve` that tells where it serves in JSON.
pub fn serve_by(command: &mut Command) -> Served {
    let mut process = Process::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let startup = read_startup(process.child.stdout.take().expect("piped"));
    Served { process, url: startup.base_url }
}

fn read_startup(stdout: ChildStdout) -> Startup {
    let mut documents = serde_json::Deserializer::from_reader(stdout).into_iter();
    documents.next().expect("loadtest serve says where it serves").expect("in JSON")
}
