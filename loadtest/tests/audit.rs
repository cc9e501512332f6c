//! `loadtest audit`: which routes of an application sharing instances slows.

mod common;

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};
use std::sync::{Mutex, PoisonError};

use judge::verdict::Kind;
use nix::sys::signal::Signal;
use results::document::{Audit, AuditedRoute, Document, Isolation, Meaning, Run};
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
             environment = {{ WAIT_MS = \"{wait_ms}\" }}\n",
            wasm(guest)
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = folder.path().join("spin.toml");
    fs::write(&manifest, text).expect("a file");
    let name = manifest.to_str().expect("text").to_owned();
    (folder, name)
}

/// An application with six kinds of handlers, of WASIp3 and of WASIp2. Its responses say nothing about instances or times.
const APP: &str = "components/audit/spin.toml";
/// The only route of it that sharing instances slows.
const TRAP: &str = "/users/:id/await-then-block";
const PATHS: [&str; 4] = [
    "--path",
    "/users/:id/await-then-block=/users/7/await-then-block",
    "--path",
    "/isolated/users/:id/await-then-block=/isolated/users/7/await-then-block",
];
/// What each route of it means, in the order of the manifest.
const MEANINGS: [(&str, Meaning); 12] = [
    ("/block", Meaning::NotSeen),
    ("/await", Meaning::NotSeen),
    (TRAP, Meaning::SharedSlower),
    ("/compute", Meaning::OtherLimit),
    ("/count", Meaning::NotSeen),
    ("/call", Meaning::NotSeen),
    ("/isolated/block", Meaning::Isolated),
    ("/isolated/await", Meaning::Isolated),
    ("/isolated/users/:id/await-then-block", Meaning::Isolated),
    ("/isolated/compute", Meaning::OtherLimit),
    ("/isolated/count", Meaning::Isolated),
    ("/isolated/call", Meaning::Isolated),
];

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

/// Held while the application is audited. An audit compares bursts that follow each other: with another audit at the same time,
/// the one or the other burst has fewer processors.
static AUDITED: Mutex<()> = Mutex::new(());

/// Audits the application. If the trap has no verdict, because the machine was busy, the audit is made once more.
fn audited_app(args: &[&str], environment: &[(&str, &str)]) -> (Output, Document) {
    build();
    let _alone = AUDITED.lock().unwrap_or_else(PoisonError::into_inner);
    let args = [&[APP], args, &PATHS[..]].concat();
    let once = || {
        let (output, document) = audited(&args, environment);
        let document = document.unwrap_or_else(|| panic!("a result: {}", stderr(&output)));
        (output, document)
    };
    let first = once();
    let audit = first.1.audit.as_ref().expect("an audit");
    match route(audit, TRAP).meaning {
        Meaning::Inconclusive => once(),
        _ => first,
    }
}

/// Asserts that sharing slows the trap, and no other route. On a busy machine, the others may have no verdict, or one that
/// means the same for the user.
fn assert_table(document: &Document) {
    let audit = document.audit.as_ref().expect("an audit");
    let named: Vec<&str> = audit.routes.iter().map(|route| route.route.as_str()).collect();
    assert_eq!(named, MEANINGS.map(|(name, _)| name));
    for (name, expected) in MEANINGS {
        let route = route(audit, name);
        let allowed: &[Meaning] = match expected {
            Meaning::SharedSlower => &[Meaning::SharedSlower],
            _ if route.wasi == Some(2) => &[Meaning::Isolated, Meaning::OtherLimit, Meaning::Inconclusive],
            _ => &[Meaning::NotSeen, Meaning::OtherLimit, Meaning::Inconclusive],
        };
        assert!(allowed.contains(&route.meaning), "{name} isn't {expected:?}: {route:?}");
        assert!(route.alone_ms.is_some(), "{route:?}");
    }
    let trap = route(audit, TRAP);
    assert_eq!(
        (trap.component.as_deref(), trap.wasi, trap.path.as_deref()),
        (Some("trap"), Some(3), Some("/users/7/await-then-block"))
    );
    let (shared, isolated) = trap.shared.as_ref().zip(trap.isolated.as_ref()).expect("a pair");
    assert_ne!(shared.kind, Kind::Parallel);
    assert!(shared.makespan_ms >= 1.5 * isolated.makespan_ms, "{trap:?}");
    assert_eq!(isolated.spread_ms, shared.spread_ms);
    let remedy = trap.remedy.as_ref().expect("a remedy");
    assert!(remedy.contains("--max-instance-concurrent-reuse-count 1"), "{remedy}");
    assert_eq!(audit.shared_components, ["await", "block", "call", "compute", "count", "trap"]);
    let uses = runs_at(document, TRAP).map(|run| run.instances.expect("known").isolation);
    assert_eq!(uses.collect::<Vec<_>>(), [Isolation::Shared, Isolation::Fresh]);
}

fn runs_at<'a>(document: &'a Document, route: &'a str) -> impl Iterator<Item = &'a Run> {
    document.runs.iter().filter(move |run| run.setup == route)
}

#[test]
fn the_routes_that_sharing_slows_are_named_with_evidence() {
    let (output, document) = audited_app(&["--fail-on", "shared-slower"], &[]);
    assert_table(&document);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let audit = document.audit.as_ref().expect("an audit");
    let (shared, isolated) =
        route(audit, TRAP).shared.as_ref().zip(route(audit, TRAP).isolated.as_ref()).expect("a pair");
    assert!(shared.most_in_one > 1 && shared.instances < 10, "{shared:?}");
    assert_eq!((isolated.most_in_one, isolated.instances), (1, 10), "{isolated:?}");
    // The host knows it, whatever the guest does: the instance, when the request was in it, and what came before.
    for request in runs_at(&document, TRAP).flat_map(|run| &run.bursts).flat_map(|burst| &burst.requests) {
        let (entered, left) = request.entered_us.zip(request.left_us).expect("times in the handler");
        assert!(request.instance.is_some() && left - entered >= 200_000.0, "{request:?}");
        let phases = request.phases.expect("times in the host");
        assert!((phases.handler_us - (left - entered)).abs() < 1_000.0, "{request:?}");
    }
    let text = words(&stdout(&output));
    for words in ["sharing slows it", "in one instance at once", "6 components are of WASIp3"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// A text without its line breaks: lines are wrapped.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The path of a stand-in, and the variables that make it the program.
fn stand_in(name: &str) -> [(String, String); 2] {
    let path = format!("{}/tests/stand-ins/{name}", env!("CARGO_MANIFEST_DIR"));
    let program = assert_cmd::cargo::cargo_bin!("loadtest").to_str().expect("text").to_owned();
    [(name.to_uppercase(), path), ("LOADTEST".to_owned(), program)]
}

fn as_variables(environment: &[(String, String); 2]) -> [(&str, &str); 2] {
    [0, 1].map(|at| (environment[at].0.as_str(), environment[at].1.as_str()))
}

#[test]
fn a_stand_in_for_spin_gives_the_same_table_without_evidence() {
    let (output, document) = audited_app(&["--on", "spin"], &as_variables(&stand_in("spin")));
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", stderr(&output));
    assert_table(&document);
    assert!(document.bursts().all(|burst| burst.instances == 0), "the replies name no instances");
    assert_eq!(document.audit.expect("an audit").system, "spin");
}

/// `wasmtime serve` has neither key-value stores nor calls within the application.
#[test]
fn a_stand_in_for_wasmtime_gives_the_same_table_for_what_it_can_run() {
    let (output, document) = audited_app(&["--on", "wasmtime"], &as_variables(&stand_in("wasmtime")));
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", stderr(&output));
    let audit = document.audit.as_ref().expect("an audit");
    assert_eq!(audit.system, "wasmtime");
    for (name, expected) in MEANINGS {
        let route = route(audit, name);
        let seen = (route.meaning, route.why.as_str());
        match name.rsplit('/').next() {
            Some("count") => {
                assert_eq!(route.meaning, Meaning::NotFired, "{route:?}");
                assert!(
                    route.why.contains("wasmtime can't run the component") && route.why.contains("key-value"),
                    "{seen:?}"
                );
            }
            Some("call") => assert_eq!(
                seen,
                (Meaning::FailsAlone, "A request alone got status 502: error: ErrorCode::HttpRequestDenied.")
            ),
            _ => assert!(
                (route.meaning == Meaning::SharedSlower) == (expected == Meaning::SharedSlower),
                "{name} isn't {expected:?}: {route:?}"
            ),
        }
    }
}

/// `wasmtime serve` runs components only.
#[test]
fn a_core_module_is_wrapped_for_wasmtime() {
    let (_folder, manifest) = app(&[("/module", "conformance_wasip1.wasm", 0)]);
    let (output, document) =
        audited(&[&manifest, "--on", "wasmtime", "-n", "2"], &as_variables(&stand_in("wasmtime")));
    let audit = document.unwrap_or_else(|| panic!("a result: {}", stderr(&output))).audit.expect("an audit");
    let module = route(&audit, "/module");
    assert!(module.alone_ms.is_some() && module.wasi == Some(2), "{module:?}");
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
    assert_eq!(seen("/broken"), (Meaning::FailsAlone, "A request alone got status 500: bad environment \"WAIT_MS=99999\": allowed is WAIT_MS=N, N being milliseconds from 0 to 60000.".to_owned()));
    let (meaning, why) = seen("/query");
    assert!(meaning == Meaning::FailsAlone && why.starts_with("A request alone got status 400: "), "{why}");
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
