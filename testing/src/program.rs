use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::{CONFORMANCE, MANIFESTS, Process, Server, project};

/// A program with the subcommands `build MANIFEST...` and `serve MANIFEST`: `loadtest`, or the host's test server.
#[derive(Clone, Copy)]
pub struct Program {
    /// The path of the executable file.
    path: &'static str,
}

impl Program {
    /// Returns the program at this path.
    pub const fn new(path: &'static str) -> Self {
        Self { path }
    }

    /// Returns a command that runs the program in the project's folder, without the caller's variables that would change
    /// its behaviour.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.path);
        command.current_dir(project()).args(args).env_remove("SPIN_HTTP_LISTEN_ADDR");
        for scheme in ["HTTP", "HTTPS", "ALL", "NO"] {
            let name = format!("{scheme}_PROXY");
            command.env_remove(name.to_lowercase()).env_remove(name);
        }
        command
    }

    /// Runs the program to its end.
    pub fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    /// Builds the guests, once in this process. Installs the wasm target if it is missing.
    pub fn build_guests(&self) {
        static BUILT: OnceLock<()> = OnceLock::new();
        BUILT.get_or_init(|| {
            let output = self.output(&[&["build"], &MANIFESTS[..], &CONFORMANCE[..]].concat());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        });
    }

    /// Serves the manifest on a free port.
    pub fn serve(&self, manifest: &str, flags: &[&str]) -> Server {
        self.serve_at("127.0.0.1:0", manifest, flags)
    }

    /// Serves the manifest at an address.
    pub fn serve_at(&self, address: &str, manifest: &str, flags: &[&str]) -> Server {
        self.build_guests();
        Self::start_server(&mut self.serve_command(address, manifest, flags))
    }

    /// Returns the command that serves the manifest at an address.
    pub fn serve_command(&self, address: &str, manifest: &str, flags: &[&str]) -> Command {
        self.command(&[&["serve", manifest, "--listen", address, "--format", "json"], flags].concat())
    }

    /// Starts a server by a command that prints its start-up output in JSON.
    pub fn start_server(command: &mut Command) -> Server {
        let mut process = Process::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let url = read_base_url(take_stdout(&mut process.child));
        Server::new(process, url)
    }
}

fn take_stdout(child: &mut Child) -> ChildStdout {
    child.stdout.take().expect("a pipe")
}

fn read_base_url(stdout: ChildStdout) -> String {
    let mut documents = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
    let startup = documents.next().expect("the server prints where it serves").expect("JSON");
    startup["base_url"].as_str().expect("a URL").to_owned()
}
