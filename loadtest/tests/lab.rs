//! `loadtest lab export`: the lab's application in a folder of its own.

mod common;

use std::fs;

use common::{build, get, loadtest, output, serve_by, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn the_exported_application_needs_no_sources() {
    build();
    let folder = tempfile::tempdir().expect("a folder");
    let lab = folder.path().join("lab");
    let lab = lab.to_str().expect("text");
    let exported = output(&["lab", "export", lab]);
    assert!(exported.status.success(), "{}", stderr(&exported));
    assert_eq!(stdout(&exported), format!("{lab}/spin.toml\n{lab}/spin-wasip3.toml\n"));
    assert_eq!(fs::read_dir(format!("{lab}/components")).expect("a folder").count(), 10);

    for manifest in ["spin.toml", "spin-wasip3.toml"] {
        let mut command = loadtest(&["serve", manifest, "--listen", "127.0.0.1:0", "--format", "json"]);
        // Neither cargo nor a shell: nothing is built.
        let served = serve_by(command.current_dir(lab).env("PATH", ""));
        for path in ["e1/p1", "e2/p3"] {
            let reply = get(format!("{}/{path}?wait_ms=1", served.url)).await.expect("a reply");
            let text = reply.text().await.expect("text");
            assert!(text.contains(&format!("\"endpoint\":\"{}\"", path.replace('/', "-"))), "{text}");
        }
    }
}

#[test]
fn an_export_overwrites_nothing() {
    build();
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("spin.toml"), "mine").expect("a file");
    let ended = output(&["lab", "export", folder.path().to_str().expect("text")]);
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("spin.toml exists already; a new or empty folder is allowed"));
    assert_eq!(fs::read_to_string(folder.path().join("spin.toml")).expect("text"), "mine");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[cfg(feature = "bundled")]
#[test]
fn a_program_that_carries_the_lab_needs_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let out = out.to_str().expect("text");
    let mut command = loadtest(&["--setup", "6,7", "--time-scale", "0.3", "--quiet", "--out", out]);
    let ended = command.current_dir(folder.path()).env("PATH", "").output().expect("it starts");
    // 4: on a busy machine, so short a burst may be inconclusive.
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let runs = common::result(std::path::Path::new(out)).runs;
    let mut manifests: Vec<_> = runs.iter().filter_map(|run| run.manifest.as_deref()).collect();
    manifests.sort_unstable();
    assert_eq!(manifests, ["spin-wasip3.toml", "spin-wasip3.toml", "spin.toml", "spin.toml"]);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "only `out` is written");
}

#[test]
fn another_plan_never_fires_at_the_lab() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = "[[setup]]\nid = \"a\"\n[[setup.burst]]\npath = \"/x\"\nn = 2\n";
    fs::write(folder.path().join("plan.toml"), plan).expect("a file");
    let mut command = loadtest(&["run", "--plan", "plan.toml"]);
    let ended = command.current_dir(folder.path()).output().expect("it starts");
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("spin.toml"), "{}", stderr(&ended));
}
