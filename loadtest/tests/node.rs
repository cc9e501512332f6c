//! Node, the example in `systems.toml`.

mod common;

use judge::verdict::Kind;

use common::{output, stderr};

#[test]
fn one_event_loop_blocks_one_by_one_and_awaits_in_parallel() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--setup", "1,2,6,7", "--time-scale", "0.3", "--out", folder.path().to_str().unwrap()];
    let ended = output(&[&["run", "--on", "node"][..], &flags].concat());
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let runs = common::result(folder.path()).runs;
    let kinds: Vec<_> = runs.iter().map(|run| (run.setup.as_str(), run.bursts[0].verdict.kind)).collect();
    assert_eq!(kinds[..3], [("1", Kind::Sequential), ("2", Kind::Sequential), ("6", Kind::Parallel)]);
    assert_ne!(kinds[3].1, Kind::Parallel);
    for burst in runs.iter().flat_map(|run| &run.bursts) {
        assert_eq!((burst.ok, burst.instances), (10, 1));
        assert!(burst.requests.iter().all(|request| request.left_us.is_some()));
    }
}
