//! FastAPI under uvicorn, the system of the original experiment.

mod common;

use std::io::{BufRead, BufReader};

use judge::verdict::{Confidence, Kind, Shape};

use common::peers::fastapi;
use common::{burst, output, stderr};

#[test]
fn def_handlers_run_forty_at_a_time() {
    let peer = fastapi();
    let verdict = burst(&["-n", "100", "-c", "100", &format!("{}/e2/p1", peer.url)]).verdict;
    assert_eq!((verdict.kind, verdict.at_a_time), (Kind::Limited, Some(40.0)), "{verdict:?}");
    assert_eq!((verdict.shape, verdict.confidence), (Some(Shape::Waves), Confidence::High), "{verdict:?}");
    assert!(verdict.remedy.is_some_and(|remedy| remedy.contains("40")));
}

#[test]
fn async_handlers_that_block_run_one_by_one() {
    let peer = fastapi();
    let url = format!("{}/e2/p2?wait_ms=300", peer.url);
    let verdict = burst(&["-n", "10", "-c", "10", &url]).verdict;
    assert_eq!((verdict.kind, verdict.shape), (Kind::Sequential, Some(Shape::Staircase)), "{verdict:?}");
    assert!(verdict.remedy.is_some_and(|remedy| remedy.contains("async def")));
}

#[test]
fn async_handlers_that_await_run_in_parallel() {
    let peer = fastapi();
    let url = format!("{}/e2/p3?wait_ms=2000", peer.url);
    let verdict = burst(&["-n", "100", "-c", "100", &url]).verdict;
    assert_eq!((verdict.kind, verdict.remedy), (Kind::Parallel, None));
}

#[test]
fn replies_have_the_same_fields_as_those_of_components() {
    let peer = fastapi();
    let folder = tempfile::tempdir().unwrap();
    let on = ["run", "--on", &peer.url, "--setup", "1", "--time-scale", "0.05"];
    let ended = output(&[&on[..], &["--out", folder.path().to_str().unwrap()]].concat());
    assert!(ended.status.success(), "{}", stderr(&ended));
    let burst = common::result(folder.path()).runs.remove(0).bursts.remove(0);
    assert_eq!((burst.ok, burst.instances), (10, 10), "one thread for each request");
    assert!(burst.requests.iter().all(|request| request.served.is_some() && request.left_us.is_some()));
}

/// The results of the original experiment.
#[test]
fn the_original_results_are_reproduced() {
    let folder = tempfile::tempdir().unwrap();
    let setups = ["--setup", "1,2,3,4,5", "--time-scale", "0.3"];
    let on = ["run", "--check", "--on", "fastapi", "--out", folder.path().to_str().unwrap()];
    let ended = output(&[&on[..], &setups].concat());
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let runs = common::result(folder.path()).runs;
    assert_eq!(runs.iter().map(|run| run.setup.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);
    for run in &runs {
        assert_eq!((run.system.as_str(), run.manifest.as_deref()), ("fastapi", None));
        for burst in &run.bursts {
            assert_eq!(Some(burst.verdict.kind), burst.fastapi, "setup {}: {:?}", run.setup, burst.verdict);
            assert_eq!(burst.expected, burst.fastapi, "setup {}", run.setup);
        }
    }
}

/// The first burst of a setup on FastAPI.
fn on_fastapi(setup: &str, flags: &[&str]) -> results::document::Burst {
    let folder = tempfile::tempdir().unwrap();
    let on = ["run", "--on", "fastapi", "--setup", setup, "--out", folder.path().to_str().unwrap()];
    let ended = output(&[&on[..], flags].concat());
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    common::result(folder.path()).runs.remove(0).bursts.remove(0)
}

#[test]
fn threads_sets_the_size_of_the_pool() {
    let burst = on_fastapi("1", &["--threads", "5", "--time-scale", "0.05"]);
    assert_eq!((burst.verdict.kind, burst.instances), (Kind::Limited, 5), "{:?}", burst.verdict);
}

/// The kernel distributes the connections among the workers.
#[test]
fn all_workers_start_and_end() {
    let args = ["run", "--on", "fastapi", "--workers", "3", "--setup", "1"];
    let mut process = common::Process::spawn(common::loadtest(&args).stderr(std::process::Stdio::piped()));
    let mut lines = BufReader::new(process.child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("setup 1 on fastapi")));
    let started = common::started_by(process.child.id());
    assert!(started.len() >= 4, "a parent and three workers: {started:?}");
    process.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(process.ended_within(common::TIMEOUT).code(), Some(130));
    common::wait_until("all processes end", || started.iter().all(|id| common::is_gone(*id)));
}
