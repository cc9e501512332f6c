//! `action.yml`: its script is run as GitHub's runner would, with the runner's variables.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use common::servers::{Model, ServerSpec, serve};
use common::{output, project, stderr, stdout};

/// The step in a folder of its own, with `loadtest` on the PATH.
struct Step {
    folder: TempDir,
}

impl Step {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Runs the step with this command. `path` is a folder with `loadtest`.
    fn run(&self, path: &Path, command: &str) -> Output {
        let search = format!("{}:/usr/bin:/bin", path.display());
        let mut step = Command::new(project().canonicalize().expect("it exists").join("scripts/action.sh"));
        step.current_dir(self.folder.path()).env("PATH", search).env("GITHUB_ACTIONS", "true");
        step.env("COMMAND", command).env("OUT", "report").env("VERSION", "v9.9.9");
        step.env("RELEASES", format!("file://{}", self.folder.path().display()));
        step.env("RUNNER_TEMP", self.folder.path());
        step.env("GITHUB_STEP_SUMMARY", self.path("summary.md")).env("GITHUB_OUTPUT", self.path("outputs"));
        step.output().expect("it starts")
    }
}

fn program_folder() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_loadtest")).parent().expect("a folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_with_reports_fills_the_summary_and_the_outputs() {
    let server = serve(ServerSpec::of(Model::EVENT_LOOP, Duration::from_millis(60))).await;
    let step = Step::new();
    let command = format!("burst -n 5 -c 5 --expect 'sequential' --expect \"makespan<1ms\" {}", server.url);
    let ended = tokio::task::block_in_place(|| step.run(program_folder(), &command));
    assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("::error title="), "{}", stderr(&ended));
    let summary = step.read("summary.md");
    assert!(summary.starts_with("### loadtest burst\n\n") && summary.contains("```"), "{summary}");
    assert_eq!(step.read("outputs"), "folder=report\nexit-code=1\n");
    assert!(step.path("report/report.html").is_file() && step.path("report/result.json").is_file());

    let compared = step.run(program_folder(), "compare report/result.json report/result.json");
    assert_eq!(compared.status.code(), Some(0), "{}", stderr(&compared));
    assert!(step.read("summary.md").contains("### loadtest compare\n\n"));
}

#[test]
fn the_words_of_the_command_are_never_run() {
    let step = Step::new();
    let ended = step.run(program_folder(), "compare '$(touch made)' `touch made`; touch made");
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
    assert!(!step.path("made").exists());
    let empty = step.run(program_folder(), " ");
    assert_eq!(empty.status.code(), Some(2));
    assert!(stdout(&empty).starts_with("::error::command: "), "{}", stdout(&empty));
}

#[test]
fn a_release_is_downloaded_and_its_checksum_verified() {
    let step = Step::new();
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let name = format!("loadtest-9.9.9-{target}");
    let script = format!(
        "cd {} && mkdir v9.9.9 {name} && printf '#!/bin/sh\\necho \"stand-in $*\"\\n' >{name}/loadtest && \
         chmod +x {name}/loadtest && tar -czf v9.9.9/{name}.tar.gz {name} && \
         cd v9.9.9 && sha256sum {name}.tar.gz >SHA256SUMS-{target}",
        step.folder.path().display()
    );
    let packed = Command::new("bash").args(["-c", &script]).output().expect("bash");
    assert!(packed.status.success(), "{}", stderr(&packed));
    let nothing = step.path("nothing");
    let ended = step.run(&nothing, "capacity http://127.0.0.1:1/");
    assert_eq!(ended.status.code(), Some(0), "{}", stdout(&ended));
    let expected = "### loadtest capacity\n\n```text\nstand-in capacity http://127.0.0.1:1/\n```\n";
    assert_eq!(step.read("summary.md"), expected);
    assert_eq!(step.read("outputs"), "exit-code=0\n");

    fs::write(step.path(&format!("v9.9.9/{name}.tar.gz")), "changed").expect("a file");
    let ended = step.run(&nothing, "capacity http://127.0.0.1:1/");
    assert_eq!(ended.status.code(), Some(2));
    assert!(stderr(&ended).contains("another checksum"), "{}", stderr(&ended));
    fs::remove_dir_all(step.path("v9.9.9")).expect("a folder");
    let ended = step.run(&nothing, "capacity http://127.0.0.1:1/");
    assert_eq!(ended.status.code(), Some(2));
    assert!(stderr(&ended).contains("no release v9.9.9"), "{}", stderr(&ended));
}

/// The runner hands the script what `action.yml` says.
#[test]
fn the_action_sets_the_variables_of_its_script() {
    let action: serde_json::Value =
        serde_yaml_ng::from_str(&fs::read_to_string(project().join("action.yml")).expect("text"))
            .expect("YAML");
    assert_eq!(action["runs"]["using"], "composite");
    let script = fs::read_to_string(project().join("scripts/action.sh")).expect("text");
    let variables = action["runs"]["steps"][0]["env"].as_object().expect("variables");
    for name in variables.keys().filter(|name| *name != "ACTION_PATH") {
        assert!(script.contains(&format!("${name}")) || script.contains(&format!("${{{name}")), "{name}");
    }
    for (name, input) in action["inputs"].as_object().expect("inputs") {
        assert!(input["description"].is_string(), "{name}");
    }
    // Each command that the script names exists.
    for command in ["run", "burst", "diagnose", "audit", "analyze", "merge"] {
        let help = stdout(&output(&[command, "--help"]));
        assert!(help.contains("--out <DIR>"), "{command}");
    }
}
