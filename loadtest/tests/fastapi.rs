//! FastAPI under uvicorn, where the question was first asked.

mod common;

use common::peers::fastapi;
use common::{burst, output, stderr};
use loadtest::verdict::{Confidence, Kind, Shape};

#[test]
fn plain_functions_run_forty_at_a_time() {
    let peer = fastapi();
    let verdict = burst(&["-n", "100", "-c", "100", &format!("{}/e2/p1", peer.url)]).verdict;
    assert_eq!((verdict.kind, verdict.at_a_time), (Kind::Limited, Some(40.0)), "{verdict:?}");
    assert_eq!((verdict.shape, verdict.confidence), (Some(Shape::Waves), Confidence::High), "{verdict:?}");
}

#[test]
fn asynchronous_functions_that_block_run_one_by_one() {
    let peer = fastapi();
    let url = format!("{}/e2/p2?wait_ms=300", peer.url);
    let verdict = burst(&["-n", "10", "-c", "10", &url]).verdict;
    assert_eq!((verdict.kind, verdict.shape), (Kind::Sequential, Some(Shape::Staircase)), "{verdict:?}");
}

#[test]
fn asynchronous_functions_that_await_run_together() {
    let peer = fastapi();
    let url = format!("{}/e2/p3?wait_ms=1000", peer.url);
    let verdict = burst(&["-n", "100", "-c", "100", &url]).verdict;
    assert_eq!((verdict.kind, verdict.remedy), (Kind::Parallel, None));
}

#[test]
fn a_reply_is_what_the_components_reply() {
    let peer = fastapi();
    let folder = tempfile::tempdir().unwrap();
    let on = ["run", "--on", &peer.url, "--setup", "1", "--time-scale", "0.05"];
    let ended = output(&[&on[..], &["--out", folder.path().to_str().unwrap()]].concat());
    assert!(ended.status.success(), "{}", stderr(&ended));
    let burst = common::result(folder.path()).runs.remove(0).bursts.remove(0);
    assert_eq!((burst.ok, burst.instances), (10, 10), "a thread each");
    assert!(burst.requests.iter().all(|request| request.served.is_some() && request.left_us.is_some()));
}
