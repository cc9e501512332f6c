//! Evidence in headers: the middleware in Rust, hostile values, and the times that servers send already.

mod common;

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, Response};
use axum::routing::get;
use judge::verdict::Kind;
use results::document::Burst;
use tokio::net::TcpListener;

use common::burst_run::burst;
use common::project;

mod tower_middleware {
    include!("../../middleware/tower.rs");
}

mod spin_middleware {
    include!("../../middleware/spin.rs");
}

const SERVICE: Duration = Duration::from_millis(100);

/// Serves the router until the test's runtime ends; returns its URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A burst of six requests.
async fn six(url: &str) -> Burst {
    let run = burst(&["-n", "6", "-c", "6", url]).await;
    // 4: on a busy machine, so short a burst may be inconclusive.
    assert!(matches!(run.code, Some(0 | 4)), "{}", run.stderr);
    run.burst()
}

async fn slow() -> &'static str {
    tokio::time::sleep(SERVICE).await;
    "done"
}

#[tokio::test(flavor = "multi_thread")]
async fn the_middleware_for_tower_gives_evidence() {
    let layer = tower::layer::layer_fn(tower_middleware::ServedBy);
    let url = serve(Router::new().route("/slow", get(slow)).layer(layer)).await;
    let burst = six(&format!("{url}/slow")).await;
    let process = std::process::id().to_string();
    assert_eq!(burst.instances, 1);
    for request in &burst.requests {
        assert_eq!(request.instance.as_deref(), Some(process.as_str()));
        let (entered, left) = request.entered_us.zip(request.left_us).expect("times");
        assert!(
            left - entered >= 99_000.0 && entered >= request.sent_us.expect("sent") - 1_000.0,
            "{request:?}"
        );
        assert!(left <= request.done_us + 1_000.0, "{request:?}");
    }
    let served: Vec<_> = burst.requests.iter().filter_map(|request| request.served).collect();
    assert_eq!(served.len(), 6);
}

#[tokio::test]
async fn the_middleware_for_spin_names_the_instance() {
    let handler = async { Response::new("done".to_owned()) };
    let value =
        |response: &Response<String>| response.headers()["served-by"].to_str().expect("text").to_owned();
    let first = value(&spin_middleware::answer(handler).await);
    let second = value(&spin_middleware::answer(async { Response::new("done".to_owned()) }).await);
    let instance = first.split(';').next().expect("a name");
    assert_eq!(instance.len(), 18, "{first}");
    assert!(second.starts_with(&format!("{instance};served=2;in-flight=1;entered=\"")), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_headers_change_nothing() {
    let values = [
        "a".repeat(10_000),
        "\"\t\"".to_owned(),
        "a;served=-1;entered=\"253370764800\";left=\"253370764801\"".to_owned(),
        "a;entered=\"1764182123\";left=\"1764182100\"".to_owned(),
    ];
    for value in values {
        let named = value.starts_with("a;");
        let handler = || async move {
            tokio::time::sleep(SERVICE).await;
            let mut response = Response::new("done".to_owned());
            response.headers_mut().insert("served-by", HeaderValue::from_str(&value).expect("a value"));
            response
        };
        let burst = six(&serve(Router::new().route("/", get(handler))).await).await;
        assert!(matches!(burst.verdict.kind, Kind::Parallel | Kind::Inconclusive), "{:?}", burst.verdict);
        assert_eq!((burst.ok, burst.instances), (6, usize::from(named)));
        for request in &burst.requests {
            let times = [request.entered_us, request.left_us, request.server_entered_us];
            assert_eq!((request.served, times), (None, [None; 3]));
        }
        assert_eq!(burst.verdict.remedy, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_s_own_time_is_in_the_result_and_the_sentences() {
    // One at a time. Its own time doesn't include the wait.
    let turn = std::sync::Arc::new(tokio::sync::Mutex::new(()));
    let handler = || async move {
        let _turn = turn.lock().await;
        tokio::time::sleep(SERVICE).await;
        Response::builder()
            .header("server-timing", "total;dur=100")
            .body("done".to_owned())
            .expect("a response")
    };
    let burst = six(&serve(Router::new().route("/", get(handler))).await).await;
    assert!(burst.requests.iter().all(|request| request.server_time_us == Some(100_000.0)));
    let sentence = "By its own header, the server took 100 ms for a request (median).";
    let is_busy = burst.verdict.kind == Kind::Inconclusive;
    assert!(is_busy || burst.verdict.why.contains(sentence), "{:?}", burst.verdict);
}

#[test]
fn a_middleware_has_at_most_forty_lines() {
    for entry in std::fs::read_dir(project().join("middleware")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let lines = std::fs::read_to_string(&path).expect("text").lines().count();
        assert!(lines <= 40, "{}: {lines} lines", path.display());
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let page = std::fs::read_to_string(project().join("docs/evidence.md")).expect("text");
        assert!(page.contains(&format!("../middleware/{name}")), "docs/evidence.md lacks {name}");
    }
}
