//! `loadtest capacity`, at real servers of known capacity.

mod common;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use judge::capacity::{Beyond, End};
use judge::verdict::Confidence;
use results::capacity::Document;

use common::servers::{Model, ServerSpec, serve, unresponsive};
use common::{output, stderr, stdout};

/// Long compared with the delays on a busy machine.
const SERVICE: Duration = Duration::from_millis(400);

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn ran(args: &[&str]) -> Ran {
    let args: Vec<String> = ["capacity"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let run = move || output(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    Ran { code: output.status.code(), stdout: stdout(&output), stderr: stderr(&output) }
}

async fn found(truth: ServerSpec, args: &[&str]) -> Document {
    let server = serve(truth).await;
    let ran = ran(&[&["--json"], args, &[&server.url]].concat()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[track_caller]
fn holds(document: &Document, k: f64) {
    let answer = &document.answer;
    assert!(answer.ended == End::Found, "{answer}");
    assert!(
        answer.at_a_time_low <= k && answer.at_a_time_high.is_some_and(|high| k <= high),
        "k = {k}: {answer:?} {:#?}",
        document.sizes
    );
}

async fn pool_is_found(k: usize) {
    let document = found(ServerSpec::of(Model::Pool(k), SERVICE), &["--limit", "64"]).await;
    holds(&document, k as f64);
    assert_eq!(document.answer.beyond, Some(Beyond::Wait), "{}", document.answer);
    let most = document.bursts.iter().map(|burst| burst.n).max();
    assert!(most <= Some(2 * k), "at most twice the capacity is needed: {most:?}");
}

#[tokio::test]
async fn pools_of_every_size_are_found() {
    tokio::join!(pool_is_found(1), pool_is_found(4), pool_is_found(16));
}

#[tokio::test]
async fn a_pool_with_varying_service_time_is_found() {
    let truth = ServerSpec { jitter: 0.1, ..ServerSpec::of(Model::Pool(6), SERVICE) };
    holds(&found(truth, &["--limit", "32"]).await, 6.0);
}

#[tokio::test]
async fn a_server_with_slow_first_requests_and_a_short_backlog_is_found() {
    let truth = ServerSpec { slow: 2, backlog: 2, ..ServerSpec::of(Model::Pool(3), SERVICE) };
    holds(&found(truth, &["--limit", "32"]).await, 3.0);
}

#[tokio::test]
async fn a_server_without_limit_serves_at_least_the_limit() {
    let document = found(ServerSpec::of(Model::UNLIMITED, SERVICE), &["--limit", "40"]).await;
    let answer = &document.answer;
    assert_eq!((answer.ended, answer.at_a_time, answer.at_a_time_high), (End::Limit, None, None), "{answer}");
    assert_eq!((answer.at_a_time_low, answer.beyond), (40.0, None));
    assert_eq!((answer.confidence, answer.reasons.len()), (Confidence::High, 0), "{answer:?}");
    let most = document.bursts.iter().map(|burst| burst.n).max();
    assert_eq!(most, Some(40), "at most --limit");
}

async fn refusal_is_found(model: Model, refusal: &str) {
    let document = found(ServerSpec::of(model, SERVICE), &["--limit", "16"]).await;
    holds(&document, 3.0);
    assert_eq!(document.answer.beyond, Some(Beyond::Refused), "{}", document.answer);
    let found = document.answer.refusal.unwrap();
    assert!(found.contains(refusal), "{found}");
}

#[tokio::test]
async fn refused_requests_are_distinguished_from_waiting_requests() {
    tokio::join!(
        refusal_is_found(Model::Unavailable(3), "status 503"),
        refusal_is_found(Model::Resets(3), "reset")
    );
}

async fn slowing_is_found(model: Model, k: f64) {
    let document = found(ServerSpec::of(model, SERVICE), &["--limit", "16"]).await;
    holds(&document, k);
    assert_eq!(document.answer.beyond, Some(Beyond::Slow), "{}", document.answer);
}

#[tokio::test]
async fn if_all_requests_are_slowed_the_throughput_is_the_capacity() {
    tokio::join!(slowing_is_found(Model::Sharing(2), 2.0), slowing_is_found(Model::Batches, 1.0));
}

#[tokio::test]
async fn a_rate_is_given_as_a_rate() {
    let truth = ServerSpec::of(Model::Paced(SERVICE / 4), SERVICE);
    let answer = found(truth, &["--limit", "32"]).await.answer;
    assert_eq!(
        (answer.at_a_time, answer.at_a_time_high, answer.inconclusive),
        (None, None, false),
        "{answer}"
    );
    assert!(answer.per_second.is_some_and(|rate| (9.0..11.0).contains(&rate)), "{answer:?}");
    assert!(answer.to_string().contains(" a second, however many are sent"), "{answer}");
}

#[tokio::test]
async fn service_times_that_vary_give_no_sure_number() {
    let truth = ServerSpec { jitter: 0.9, ..ServerSpec::of(Model::UNLIMITED, SERVICE) };
    let server = serve(truth).await;
    let ran = ran(&["--json", "--limit", "32", &server.url]).await;
    let answer = serde_json::from_str::<Document>(&ran.stdout).unwrap().answer;
    assert_eq!(ran.code, Some(if answer.inconclusive { 4 } else { 0 }), "{answer}");
    assert_eq!((answer.at_a_time, answer.at_a_time_high), (None, None), "{answer}");
    assert!(answer.confidence < Confidence::High && !answer.reasons.is_empty(), "{answer:?}");
}

#[tokio::test]
async fn the_text_has_the_answer_a_plot_and_a_table_in_the_width_of_the_terminal() {
    let server = serve(ServerSpec::of(Model::EVENT_LOOP, SERVICE)).await;
    let ran = ran(&["--limit", "8", "--repeat", "1", &server.url]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said =
        format!("{} takes 1 request at a time; others wait until one of them is answered.", server.url);
    assert_eq!(ran.stdout.lines().next(), Some(&*said));
    for part in [
        "\nConfidence: ",
        "Checked with ",
        "the dotted line is a server without a limit",
        "all at once",
        "Universal Scalability Law",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\x1b'), "no colour without a terminal");
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
    assert!(ran.stderr.contains("burst 2: 2 at once (capacity so far: at least 1)"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_document_is_valid_by_its_schema() {
    let server = serve(ServerSpec::of(Model::EVENT_LOOP, SERVICE)).await;
    let ran = ran(&["--limit", "2", "--repeat", "1", "--json", &server.url]).await;
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let schema = std::fs::read_to_string(common::project().join("docs/capacity.schema.json")).unwrap();
    let schema = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!((&document["schema"], &document["url"]), (&1.into(), &server.url.into()));
}

#[tokio::test]
async fn an_interrupted_search_reports_a_lower_bound() {
    let server = serve(ServerSpec::of(Model::UNLIMITED, SERVICE)).await;
    let max_in_flight = server.max_in_flight.clone();
    let is_over = move || max_in_flight.load(SeqCst) >= 8;
    let args = ["capacity", "--limit", "4096", &server.url];
    let (code, text) = common::interrupted(&args, "a burst of 4 is over", is_over).await;
    assert_eq!(code, Some(130));
    assert!(text.contains(" takes at least ") && text.contains("the search was interrupted."), "{text}");
}

#[tokio::test]
async fn a_server_that_is_missing_or_mute_or_refuses_one_request_is_an_error() {
    let gone = ran(&["http://127.0.0.1:1/"]).await;
    assert_eq!(gone.code, Some(3), "{}", gone.stderr);
    assert!(gone.stderr.contains("a request alone got no answer: connect: "), "{}", gone.stderr);

    let mute = ran(&["-t", "1", &unresponsive().await]).await;
    assert_eq!(mute.code, Some(3), "{}", mute.stderr);
    assert!(mute.stderr.contains("no answer within 1 s"), "{}", mute.stderr);

    let full = serve(ServerSpec::of(Model::Unavailable(0), SERVICE)).await;
    let refused = ran(&[&full.url]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""));
    assert!(refused.stderr.contains("a request alone got status 503"), "{}", refused.stderr);
}

#[tokio::test]
async fn wrong_usage_is_an_error_with_the_allowed_values() {
    for (args, expected) in [
        (&["--limit", "0", "http://127.0.0.1:1/"][..], "a whole number from 1 is allowed"),
        (&["--limit", "many", "http://127.0.0.1:1/"], "a whole number from 1 is allowed"),
        (&["--repeat", "0", "http://127.0.0.1:1/"], "a whole number from 1 to 100 is allowed"),
        (&["-m", "POST", "http://127.0.0.1:1/"], "--service-ms"),
        (&["http://a b/"], "is not a URL"),
        (&[], "URL"),
    ] {
        let ran = ran(args).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn the_help_has_the_duration_and_an_example() {
    let help = ran(&["--help"]).await.stdout;
    for part in ["20 to 30 bursts", "Example:\n  loadtest capacity --limit 256"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
