//! Real oha in its three formats. Needs `scripts/peers.sh oha fastapi`; oha takes long to compile.

mod common;

use std::process::Command;

use judge::verdict::Kind;
use results::document::Document;

use common::peers::{fastapi, installed};

/// Returns the verdict on oha's burst of ten in each of its formats.
fn by_oha(url: &str, service_ms: f64) -> Vec<Kind> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let oha = |args: &[&str]| {
        let mut command = Command::new(installed("bin/oha", "oha"));
        let always = ["-n", "10", "-c", "10", "--no-tui"];
        command.args(always).args(args).arg(url).output().expect("oha starts").stdout
    };
    for format in ["csv", "json"] {
        std::fs::write(path(format), oha(&["--output-format", format])).unwrap();
    }
    oha(&["--db-url", &path("sqlite")]);
    let analyzed = |name: &&str| {
        let args =
            ["analyze", "--format", "json", "-n", "10", "--service-ms", &service_ms.to_string(), &path(name)];
        let output = common::output(&args);
        let document: Document = serde_json::from_slice(&output.stdout).expect("a result");
        document.runs[0].bursts[0].verdict.kind
    };
    ["csv", "json", "sqlite"].iter().map(analyzed).collect()
}

#[test]
fn oha_and_loadtest_agree() {
    let served = common::serve("spin.toml", &[]);
    let peer = fastapi();
    let embedded = format!("http://{}", served.authority());
    for (base, path, kind) in [
        (&embedded, "/e1/p1?wait_ms=1000", Kind::Parallel),
        (&embedded, "/e1/p2?wait_ms=1000", Kind::Parallel),
        (&peer.url, "/e1/p1?wait_ms=1000", Kind::Parallel),
        (&peer.url, "/e1/p2?wait_ms=500", Kind::Sequential),
    ] {
        let url = format!("{base}{path}");
        let reference = common::burst(&["-n", "10", "-c", "10", &url]);
        assert_eq!(reference.verdict.kind, kind, "{url}");
        assert_eq!(by_oha(&url, reference.service_ms), [kind; 3], "{url}");
    }
}
