//! `loadtest diagnose`, at real servers of known mechanism.

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use judge::experiment::End;
use judge::mechanism::Name;
use results::document::{Diagnosed, Document};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use common::servers::{Model, ServerSpec, serve, unresponsive};
use common::{output, result, stderr, stdout};

/// Long compared with the delays on a busy machine.
const SERVICE: Duration = Duration::from_millis(200);

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn ran(args: &[&str]) -> Ran {
    let args: Vec<String> = ["diagnose"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let run = move || output(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    Ran { code: output.status.code(), stdout: stdout(&output), stderr: stderr(&output) }
}

/// The result of a diagnosis, and its exit code.
async fn diagnosed(args: &[&str]) -> (Document, Option<i32>) {
    let ran = ran(&[&["--format", "json"], args].concat()).await;
    let document = serde_json::from_str(&ran.stdout);
    (document.unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.stdout, ran.stderr)), ran.code)
}

fn found(document: &Document) -> &Diagnosed {
    document.diagnosis.as_ref().unwrap()
}

fn class(document: &Document) -> Vec<Name> {
    found(document).diagnosis.mechanism.iter().flat_map(|one| one.class().collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn a_pool_is_named_in_all_formats_with_a_run_for_each_experiment() {
    let server = serve(ServerSpec::of(Model::Pool(4), SERVICE)).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let ran =
        ran(&["--out", out, "--expect", "mechanism=worker_pool", "--expect", "limited", &server.url]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let document = result(folder.path());
    let diagnosis = &found(&document).diagnosis;
    let mechanism = diagnosis.mechanism.as_ref().unwrap();
    assert_eq!((mechanism.name, mechanism.parameters.workers), (Name::WorkerPool, Some(4.0)));
    assert_eq!(diagnosis.experiments.len(), document.runs.len());
    for (finding, run) in diagnosis.experiments.iter().zip(&document.runs) {
        assert_eq!(finding.title, run.title);
        assert!(ran.stdout.contains(&finding.title), "{}", ran.stdout);
    }
    let ruled_out = || diagnosis.experiments.iter().flat_map(|finding| &finding.ruled_out);
    assert!(ruled_out().any(|name| *name == Name::None), "{diagnosis:?}");
    assert!(
        found(&document).thresholds.iter().all(|checked| checked.met),
        "{:?}",
        found(&document).thresholds
    );
    assert!(server.requests.load(SeqCst) <= 500);
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    for file in ["report.html", "report.md", "junit.xml"] {
        assert!(read(file).contains("a worker pool, 4 workers"), "{file}");
    }
    let legend = "Each drawing shows when answers came.";
    assert!(ran.stdout.contains(legend) && read("report.md").contains(legend), "{}", ran.stdout);
    let rows: usize = document.bursts().map(|burst| burst.requests.len()).sum();
    assert_eq!(read("requests.csv").lines().count(), 1 + rows);
}

#[tokio::test]
async fn a_rate_limit_is_no_pool() {
    let paced = serve(ServerSpec::of(Model::Paced(Duration::from_millis(70)), SERVICE)).await;
    let (document, code) = diagnosed(&[&paced.url]).await;
    let class = class(&document);
    assert!(class.contains(&Name::RateLimit) && !class.contains(&Name::WorkerPool), "{class:?}");
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn a_second_url_tells_a_lock_from_the_servers_own_cost() {
    let url = serve_locked().await;
    let also = format!("{url}free");
    let (document, _) = diagnosed(&["--also", &also, &format!("{url}locked")]).await;
    let class = class(&document);
    assert!(class.contains(&Name::Lock) && !class.contains(&Name::Throughput), "{class:?}");
    let has_other = document.runs.iter().any(|run| run.bursts.iter().any(|burst| burst.url == also));
    assert!(has_other, "{:?}", found(&document).diagnosis);
}

#[tokio::test]
async fn another_session_tells_a_lock_of_the_session_from_one_of_the_server() {
    let url = serve_locked().await;
    for (path, scope) in [
        ("session", "Each session has a limit of its own."),
        ("locked", "Requests of another session meet the same limit."),
    ] {
        let sessions = ["-H", "Cookie: id=1", "--also-header", "Cookie: id=2"];
        let (document, _) = diagnosed(&[&sessions[..], &[&format!("{url}{path}")]].concat()).await;
        let diagnosis = &found(&document).diagnosis;
        assert!(class(&document).contains(&Name::Lock), "{path}: {diagnosis:?}");
        assert!(diagnosis.why.contains(scope), "{path}: {diagnosis:?}");
    }
}

#[tokio::test]
async fn requests_that_share_an_instance_are_seen_in_the_replies() {
    common::build();
    let server = tokio::task::spawn_blocking(|| common::serve("spin-wasip3.toml", &[])).await.unwrap();
    let url = format!("{}/e2/p4?wait_ms=300", server.url);
    let (document, code) = diagnosed(&[&url]).await;
    assert_eq!((class(&document), code), (vec![Name::SharedInstance], Some(0)));
    let remedy = found(&document).diagnosis.remedy.as_deref().unwrap();
    assert!(remedy.contains("--max-instance-concurrent-reuse-count 1"), "{remedy}");
}

#[tokio::test]
async fn the_budget_is_never_exceeded() {
    let server = serve(ServerSpec { jitter: 0.6, ..ServerSpec::of(Model::Pool(7), SERVICE) }).await;
    diagnosed(&["--max-requests", "60", &server.url]).await;
    assert!(server.requests.load(SeqCst) <= 60, "{}", server.requests.load(SeqCst));
}

#[tokio::test]
async fn an_expectation_that_is_not_met_is_reported() {
    let server = serve(ServerSpec::of(Model::Pool(3), SERVICE)).await;
    let ran = ran(&["--quiet", "--expect", "mechanism=rate_limit", &server.url]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(!ran.stdout.contains("drawing"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("--expect 'mechanism=rate_limit' is not met: a worker pool"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn an_endpoint_that_answers_at_once_shows_nothing() {
    let server = serve(ServerSpec::of(Model::UNLIMITED, Duration::ZERO)).await;
    let (document, code) = diagnosed(&["--service-ms", "0.2", &server.url]).await;
    let diagnosis = &found(&document).diagnosis;
    assert_eq!((diagnosis.ended, code), (End::TooQuick, Some(4)));
    assert!(diagnosis.mechanism.is_none() && diagnosis.why.contains("at least 1 ms"), "{}", diagnosis.why);
}

#[tokio::test]
async fn a_server_that_falls_silent_ends_the_diagnosis() {
    let server = serve(ServerSpec::of(Model::Silent(20), SERVICE)).await;
    let (document, code) = diagnosed(&["-t", "1", &server.url]).await;
    let diagnosis = &found(&document).diagnosis;
    assert_eq!((diagnosis.ended, code), (End::Unanswered, Some(3)));
    assert!(
        diagnosis.mechanism.is_none() && diagnosis.why.contains("stopped answering"),
        "{}",
        diagnosis.why
    );
}

#[tokio::test]
async fn the_end_of_the_time_ends_an_experiment_without_taking_it_for_evidence() {
    let server = serve(ServerSpec::of(Model::Silent(9), SERVICE)).await;
    let (document, code) = diagnosed(&["--max-time", "4", &server.url]).await;
    let diagnosis = &found(&document).diagnosis;
    assert_eq!((diagnosis.ended, code), (End::TimeSpent, Some(4)));
    assert!(diagnosis.experiments.is_empty() && diagnosis.mechanism.is_none(), "{diagnosis:?}");
}

#[tokio::test]
async fn a_server_that_is_gone_ends_the_diagnosis() {
    let server = serve(ServerSpec::of(Model::Gone(20), SERVICE)).await;
    let (document, code) = diagnosed(&[&server.url]).await;
    assert_eq!((found(&document).diagnosis.ended, code), (End::Unanswered, Some(3)));
}

#[tokio::test]
async fn an_interruption_leaves_the_diagnosis_so_far() {
    let server = serve(ServerSpec::of(Model::Pool(2), SERVICE)).await;
    let requests = server.requests.clone();
    // 9 requests alone, 8 at once, and some of the next burst.
    let is_over = move || requests.load(SeqCst) >= 19;
    let args = ["diagnose", &server.url];
    let (code, text) = common::interrupted(&args, "the first experiment is over", is_over).await;
    assert_eq!(code, Some(130));
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_told = unwrapped.contains("The experiments were interrupted.");
    assert!(is_told && unwrapped.contains("1. 8 at once"), "{text}");
}

#[tokio::test]
async fn bad_input_is_one_clear_error() {
    let mute = unresponsive().await;
    for (args, exit, expected) in [
        (vec!["-m", "POST", "http://127.0.0.1:1/"], 2, "--solo"),
        (vec!["--disable-keepalive", "http://127.0.0.1:1/"], 2, "choose the connections themselves"),
        (
            vec!["--also", "http://127.0.0.1:1/b", "--service-ms", "9", "http://127.0.0.1:1/"],
            2,
            "cannot be used with",
        ),
        (vec!["--expect", "a: parallel", "http://127.0.0.1:1/"], 2, "a diagnosis is checked for a verdict"),
        (vec!["--max-requests", "5", "http://127.0.0.1:1/"], 2, "a whole number from 40 to 10000 is allowed"),
        (vec!["--max-time", "0", "http://127.0.0.1:1/"], 2, "a number of seconds from 1 to 3600 is allowed"),
        (vec!["--expect", "p99<1s", "http://127.0.0.1:1/"], 2, "a diagnosis is checked for a verdict"),
        (vec!["--expect", "mechanism=magic", "http://127.0.0.1:1/"], 2, "mechanism=worker_pool"),
        (
            vec!["--also-header", "secret", "http://127.0.0.1:1/"],
            2,
            "--also-header: `Name: value` is allowed",
        ),
        (vec!["http://127.0.0.1:1/"], 3, "a request alone got no answer"),
        (vec!["-t", "0.2", &mute], 3, "no answer within 0.2 s"),
    ] {
        let ran = ran(&args).await;
        assert!(
            ran.code == Some(exit) && ran.stderr.contains(expected),
            "{args:?}: {:?} {}",
            ran.code,
            ran.stderr
        );
        assert!(!ran.stderr.contains("panicked") && ran.stdout.is_empty(), "{args:?}: {}", ran.stderr);
    }
}

/// Locks by their names.
type Locks = Arc<std::sync::Mutex<HashMap<String, Arc<Mutex<()>>>>>;

/// A server whose endpoint `/locked` holds a lock for half of its time, `/session` one of the session, which a cookie names. Others
/// take longer, and no lock.
async fn serve_locked() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let locks = Locks::default();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, locks.clone()));
        }
    });
    url
}

async fn answer(mut stream: TcpStream, locks: Locks) {
    let mut head = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut head).await {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&head).to_lowercase();
        let name = match text.split_whitespace().nth(1) {
            Some("/locked") => Some("locked"),
            Some("/session") => text.lines().find(|line| line.starts_with("cookie:")),
            _ => None,
        };
        if let Some(name) = name {
            let lock = locks.lock().unwrap().entry(name.to_owned()).or_default().clone();
            tokio::time::sleep(SERVICE / 2).await;
            let _held = lock.lock().await;
            tokio::time::sleep(SERVICE / 2).await;
        } else {
            tokio::time::sleep(SERVICE * 3 / 2).await;
        }
        head.clear();
        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.is_err() {
            return;
        }
    }
}
