//! `loadtest completions`, and the manual pages.

mod common;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use common::{output, stderr, stdout};

#[test]
fn bash_completes_commands_and_flags() {
    let script = output(&["completions", "bash"]);
    assert!(script.status.success(), "{}", stderr(&script));
    let completed = |words: &str, at: usize| {
        let text = format!(
            "{}\nCOMP_WORDS=({words}); COMP_CWORD={at}\n_loadtest loadtest \"${{COMP_WORDS[$COMP_CWORD]}}\" x\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\" | sort\n",
            stdout(&script)
        );
        let mut bash =
            Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bash");
        bash.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
        String::from_utf8(bash.wait_with_output().expect("it ends").stdout).expect("text")
    };
    assert_eq!(completed("loadtest bu", 1), "build\nburst\n");
    assert_eq!(completed("loadtest burst --http", 2), "--http2\n");
}

#[test]
fn each_shell_has_completions() {
    for (shell, line) in [
        ("zsh", "#compdef loadtest"),
        ("fish", "complete -c loadtest"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = stdout(&output(&["completions", shell]));
        assert!(script.contains(line) && script.contains("diagnose"), "{shell}");
        assert!(!script.contains("guard"), "{shell}: `guard` is hidden");
    }
    assert_eq!(output(&["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = output(&["man", folder.path().to_str().expect("text")]);
    assert!(ended.status.success(), "{}", stderr(&ended));
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a page");
    assert!(page("loadtest.1").contains("loadtest\\-burst(1)"));
    assert!(page("loadtest-run.1").contains("Examples:"));
    assert!(page("loadtest-lab-export.1").contains("lab"));
    assert!(!folder.path().join("loadtest-guard.1").exists(), "`guard` is hidden");
}
