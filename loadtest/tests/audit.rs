//! `loadtest audit`: which routes of an application sharing instances slows.

mod common;

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use judge::verdict::Kind;
use nix::sys::signal::Signal;
use results::document::{Audit, AuditedRoute, Document, Isolation, Meaning};
use tempfile::TempDir;

use common::{Process, TIMEOUT, build, loadtest, stderr, stdout, wasm};

/// An application with a component for each route; a component is a guest and its wait.
fn app(routes: &[(&str, &str, u32)]) -> (TempDir, String) {
    build();
    let mut text = "spin_manifest_version = 2\n[application]\nname = \"shop\"\n".to_owned();
    for (number, (route, guest, wait_ms)) in routes.iter().enumerate() {
        let id = format!("part{number}");
        let _ = write!(
            text,
            "[[trigger.http]]\nroute = {route:?}\ncomponent = {id:?}\n[component.{id}]\nsource = {:?}\n\
             environment = {{ WAIT_MS = \"{wait_ms}\", ENDPOINT = {id:?}, SIBLING_URL = \"http://part0.spin.internal/\" }}\n\
             key_value_stores = [\"default\"]\nallowed_outbound_hosts = [\"http://part0.spin.internal\"]\n",
            wasm(guest)
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = folder.path().join("spin.toml");
    fs::write(&manifest, text).expect("a file");
    let name = manifest.to_str().expect("text").to_owned();
    (folder, name)
}

/// Six kinds of routes, three of them also of WASIp2.
fn shop() -> (TempDir, String) {
    app(&[
        ("/sync", "wasip3_sync.wasm", 200),
        ("/await", "wasip3_async_awaiting.wasm", 200),
        ("/trap/:id", "wasip3_await_then_block.wasm", 200),
        ("/cpu", "wasip3_cpu.wasm", 100),
        ("/old/...", "wasip2_await_then_block.wasm", 200),
        ("/old-sync", "wasip2_sync.wasm", 200),
        ("/counter", "audit_wasip3_key_value_counter.wasm", 0),
        ("/sibling", "audit_wasip3_sibling_call.wasm", 0),
        ("/old-counter", "audit_wasip2_key_value_counter.wasm", 0),
    ])
}

/// Runs an audit; returns its result if there is one.
fn audited(args: &[&str], environment: &[(&str, &str)]) -> (Output, Option<Document>) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut command = loadtest(&[&["audit", "--quiet", "--out", out.to_str().expect("text")], args].concat());
    let output = command.envs(environment.iter().copied()).output().expect("loadtest starts");
    let document = out.join("result.json").exists().then(|| common::result(&out));
    for file in ["report.html", "report.md", "requests.csv", "junit.xml"] {
        assert_eq!(document.is_some(), out.join(file).exists(), "{file}: {}", stderr(&output));
    }
    (output, document)
}

fn route<'a>(audit: &'a Audit, name: &str) -> &'a AuditedRoute {
    audit.routes.iter().find(|route| route.route == name).expect("the route")
}

const FILLED: [&str; 4] = ["--path", "/trap/:id=/trap/7", "--path", "/old/...=/old/x/y"];

/// Audits the shop. If the trap has no verdict, because the machine was busy, the audit is made once more.
fn audited_shop(args: &[&str], environment: &[(&str, &str)]) -> (Output, Document) {
    let (_folder, manifest) = shop();
    let args = [&[&*manifest], args, &FILLED[..]].concat();
    let once = || {
        let (output, document) = audited(&args, environment);
        let document = document.unwrap_or_else(|| panic!("a result: {}", stderr(&output)));
        (output, document)
    };
    let first = once();
    let audit = first.1.audit.as_ref().expect("an audit");
    match route(audit, "/trap/:id").meaning {
        Meaning::Inconclusive => once(),
        _ => first,
    }
}

/// Asserts what is so on every system. On a busy machine, a burst may have no verdict.
fn assert_shop(document: &Document) {
    let audit = document.audit.as_ref().expect("an audit");
    let meaning = |name: &str| route(audit, name).meaning;
    assert_eq!(meaning("/trap/:id"), Meaning::SharedSlower, "{:?}", route(audit, "/trap/:id"));
    for (name, expected) in [
        ("/sync", Meaning::NotSeen),
        ("/await", Meaning::NotSeen),
        ("/old/...", Meaning::Isolated),
        ("/old-sync", Meaning::Isolated),
    ] {
        assert!([expected, Meaning::Inconclusive].contains(&meaning(name)), "{:?}", route(audit, name));
    }
    // On a busy machine, the pair may be alike without a verdict on each.
    assert!(
        [Meaning::OtherLimit, Meaning::NotSeen, Meaning::Inconclusive].contains(&meaning("/cpu")),
        "{:?}",
        route(audit, "/cpu")
    );
    let trap = route(audit, "/trap/:id");
    assert_eq!(
        (trap.component.as_deref(), trap.wasi, trap.path.as_deref()),
        (Some("part2"), Some(3), Some("/trap/7"))
    );
    let (shared, isolated) = trap.shared.as_ref().zip(trap.isolated.as_ref()).expect("a pair");
    assert_ne!(shared.kind, Kind::Parallel);
    assert!(shared.makespan_ms >= 1.5 * isolated.makespan_ms && shared.most_in_one > 1, "{trap:?}");
    assert_eq!((isolated.instances, isolated.spread_ms), (10, shared.spread_ms));
    assert!(
        trap.remedy.as_ref().is_some_and(|remedy| remedy.contains("--max-instance-concurrent-reuse-count 1"))
    );
    assert_eq!(audit.shared_components, ["part0", "part1", "part2", "part3", "part6", "part7"]);
    // On a busy machine, the times of quicker routes differ by chance.
    let is_slow = |route: &&AuditedRoute| route.alone_ms.is_some_and(|ms| ms >= 100.0);
    let slower = audit.routes.iter().filter(is_slow).filter(|route| route.meaning == Meaning::SharedSlower);
    assert_eq!(slower.count(), 1, "{audit:?}");
    for name in ["/counter", "/sibling", "/old-counter"] {
        let route = route(audit, name);
        assert!(route.alone_ms.is_some(), "{route:?}");
    }
    let uses: Vec<_> = document
        .runs
        .iter()
        .filter(|run| run.setup == "/trap/:id")
        .filter_map(|run| Some(run.instances?.isolation))
        .collect();
    assert_eq!(uses, [Isolation::Shared, Isolation::Fresh]);
}

#[test]
fn the_routes_that_sharing_slows_are_named() {
    let (output, document) = audited_shop(&["--fail-on", "shared-slower"], &[]);
    assert_shop(&document);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    // Lines are wrapped.
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "sharing slows it",
        "/trap/7",
        "in one instance at once",
        "Fired once more",
        "6 components are of WASIp3",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_stand_in_for_spin_gives_the_same_table() {
    let program = assert_cmd::cargo::cargo_bin!("loadtest").to_str().expect("text");
    let spin = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand-ins/spin");
    let environment = [("SPIN", spin), ("LOADTEST", program)];
    let (output, document) = audited_shop(&["--on", "spin"], &environment);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", stderr(&output));
    assert_shop(&document);
    assert_eq!(document.audit.expect("an audit").system, "spin");
}

#[test]
fn an_interrupted_audit_keeps_its_bursts() {
    let (folder, manifest) = app(&[("/sync", "wasip3_sync.wasm", 200)]);
    let out = folder.path().join("out");
    let mut command = loadtest(&["audit", &manifest, "--out", out.to_str().expect("text")]);
    let mut process = Process::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let said = BufReader::new(process.child.stderr.take().expect("piped"));
    // A burst is fired twice at most, so that the first one is over at the third time.
    let mut fired =
        said.lines().map_while(Result::ok).filter(|line| line.contains("/sync, shared instances"));
    assert!(fired.nth(2).is_some(), "a third burst starts");
    process.signal(Signal::SIGINT);
    // It may still write.
    let rest = std::thread::spawn(move || fired.count());
    assert_eq!(process.ended_within(TIMEOUT).code(), Some(130));
    rest.join().expect("it ends");
    let document = common::result(&out);
    let [run] = &document.runs[..] else { panic!("one run: {:?}", document.runs) };
    assert!(run.setup == "/sync" && !run.bursts.is_empty(), "{run:?}");
    assert_eq!(route(&document.audit.expect("an audit"), "/sync").meaning, Meaning::Inconclusive);
}

#[test]
fn routes_without_a_path_and_routes_that_fail_alone_are_said_and_not_judged() {
    let (_folder, manifest) = app(&[
        ("/users/:id", "wasip3_sync.wasm", 10),
        ("/files/...", "wasip3_sync.wasm", 10),
        ("/broken", "wasip3_sync.wasm", 99_999),
        ("/query", "wasip3_sync.wasm", 10),
    ]);
    let (output, document) = audited(&[&manifest, "--path", "/query=/query?wait_ms=x"], &[]);
    // No route was judged.
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    let audit = document.expect("a result").audit.expect("an audit");
    let seen = |name: &str| (route(&audit, name).meaning, route(&audit, name).why.clone());
    assert_eq!(
        seen("/users/:id"),
        (Meaning::NotFired, "The route needs a path: --path '/users/:id=/...'.".to_owned())
    );
    assert_eq!(seen("/files/...").0, Meaning::NotFired);
    assert_eq!(seen("/broken"), (Meaning::FailsAlone, "A request alone got status 500.".to_owned()));
    assert_eq!(seen("/query"), (Meaning::FailsAlone, "A request alone got status 400.".to_owned()));
}

#[test]
fn bad_input_is_one_clear_error() {
    let (_folder, manifest) = app(&[("/a", "wasip3_sync.wasm", 10), ("/b/:id", "wasip3_sync.wasm", 10)]);
    for (args, words) in [
        (&["--path", "/c=/c"][..], "no route is \"/c\"; the routes are /a, /b/:id"),
        (&["--path", "/b/:id=/a"], "--path '/b/:id=/a': this path reaches the route /a"),
        (&["--path", "b=/a"], "a route starts with a slash"),
        (&["--method", "/a=G T"], "a method such as GET or POST is allowed"),
        (&["-H", "/a=secret"], "-H: `Name: value` is allowed"),
        (&["--on", "mars"], "embedded, spin or wasmtime is allowed"),
        (&["--on", "fastapi"], "embedded, spin or wasmtime is allowed"),
        (&["-n", "1"], "1 is not in 2..=1000"),
        (&["--plan", "/nowhere.toml"], "/nowhere.toml: cannot read"),
    ] {
        let (output, document) = audited(&[&[&*manifest], args].concat(), &[]);
        let said = stderr(&output);
        assert_eq!((output.status.code(), document.is_some()), (Some(2), false), "{args:?} {said}");
        assert!(said.contains(words) && !said.contains("secret"), "{args:?} {said}");
    }
}
