//! `wasmtime serve`, which has room for so many instances and refuses the rest.

mod common;

use common::peers::wasmtime;
use common::{build, burst};
use loadtest::verdict::Kind;

#[test]
fn what_it_refuses_is_counted_and_said() {
    build();
    let peer = wasmtime("wasip2_sync.wasm");
    let url = format!("{}/e2/p1?wait_ms=1000", peer.url);
    let burst = burst(&["-n", "400", "-c", "400", "--service-ms", "1000", &url]);
    assert_eq!(burst.verdict.kind, Kind::Refused, "{:?}", burst.verdict);
    // A third or a quarter of the 1,000 core instances that it has room for, by the component.
    assert!((200..400).contains(&burst.ok) && burst.ok + burst.failed == 400, "{} answered", burst.ok);
    let why = &burst.verdict.why;
    assert!(why.contains(&burst.ok.to_string()) && why.contains(&burst.failed.to_string()), "{why}");
}
