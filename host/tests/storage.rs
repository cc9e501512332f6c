//! Key-value stores and SQLite in both versions of WASI: concurrent writers lose nothing, and what was answered stays.

mod common;

use std::fs;

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use testing::{Server, TIMEOUT, guest_app, ok, within_timeout};

use common::{PROGRAM, serve};

/// The guests for these tests: WASIp2 and WASIp3.
const GUESTS: [&str; 2] = ["conformance_wasip2_storage.wasm", "conformance_wasip3_storage.wasm"];
const BOTH: &str = "key_value_stores = [\"default\"]\nsqlite_databases = [\"default\"]";
const BURST: usize = 1000;

fn app(guest: &str, component_keys: &str) -> (TempDir, String) {
    PROGRAM.build_guests();
    guest_app(guest, "", component_keys)
}

/// The path of a request that runs these statements on one connection.
fn sql(statements: &[&str]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(statements.iter().map(|statement| ("q", statement)));
    format!("/sql?{}", query.finish())
}

/// Sends all requests at once. Each needs an instance of its own.
async fn burst(server: &Server, path: impl Fn(usize) -> String) {
    let answers = within_timeout(
        "all answers",
        join_all((0..BURST).map(|n| {
            let path = path(n);
            async move { server.get(&path).await }
        })),
    )
    .await;
    let failed: Vec<_> = answers.iter().filter(|(status, _)| *status != 200).take(3).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn a_guest_uses_the_key_value_store() {
    for guest in GUESTS {
        let (folder, manifest) = app(guest, BOTH);
        let server = serve(&manifest, &[]);
        for (path, answer) in [
            ("/get?key=a", "none"),
            ("/exists?key=a", "false"),
            ("/set?key=a&value=1", "set"),
            ("/set?key=b&value=2", "set"),
            ("/get?key=a", "1"),
            ("/set?key=a&value=3", "set"),
            ("/get?key=a", "3"),
            ("/exists?key=a", "true"),
            ("/keys", "a b"),
            ("/delete?key=a", "deleted"),
            ("/delete?key=a", "deleted"),
            ("/keys", "b"),
            ("/fill?key=&bytes=0", "filled"),
            ("/get?key=", ""),
        ] {
            assert_eq!(server.get(path).await, ok(answer), "{guest}: {path}");
        }
        assert!(folder.path().join(".spin/sqlite_key_value.db").exists(), "Spin's file");
    }
}

#[tokio::test]
async fn a_guest_uses_the_database() {
    for guest in GUESTS {
        let (folder, manifest) = app(guest, BOTH);
        let server = serve(&manifest, &[]);
        let run = async |statements: &[&str]| server.get(&sql(statements)).await;
        assert_eq!(run(&["CREATE TABLE t (a INTEGER, b TEXT, c REAL, d BLOB)"]).await, ok(""), "{guest}");
        assert_eq!(run(&["INSERT INTO t VALUES (1, 'x', 1.5, x'0102'), (2, NULL, 2, x'')"]).await, ok(""));
        assert_eq!(run(&["SELECT * FROM t ORDER BY a"]).await, ok("1 x 1.5 2 bytes\n2 null 2 0 bytes"));
        // A transaction that the guest doesn't end is rolled back, and another one isn't in its way.
        assert_eq!(run(&["BEGIN", "DELETE FROM t", "SELECT count(*) FROM t"]).await, ok("0"), "{guest}");
        assert_eq!(
            run(&["BEGIN", "UPDATE t SET a = a + 1", "COMMIT", "SELECT sum(a) FROM t"]).await,
            ok("5")
        );
        for (statement, reason) in [
            ("SELECT * FROM nowhere", "no such table"),
            ("SELECT FROM", "syntax error"),
            ("ATTACH '/tmp/other.db' AS other", "not authorized"),
            ("PRAGMA journal_mode = DELETE", "not authorized"),
        ] {
            let (status, body) = run(&[statement]).await;
            assert!(
                status == 500 && body.contains("Io(") && body.contains(reason),
                "{guest}: {statement}: {body}"
            );
        }
        assert!(folder.path().join(".spin/sqlite_db.db").exists(), "Spin's file");
    }
}

#[tokio::test]
async fn a_component_without_a_label_is_denied() {
    for guest in GUESTS {
        let (folder, manifest) = app(guest, "");
        let server = serve(&manifest, &[]);
        for path in ["/get?key=a", "/get?key=a&label=other", &sql(&["SELECT 1"])] {
            assert_eq!(server.get(path).await, (500, "Error::AccessDenied".to_owned()), "{guest}: {path}");
        }
        assert!(!folder.path().join(".spin/sqlite_db.db").exists(), "no file without need");
        let (_folder, manifest) = app(guest, BOTH);
        let server = serve(&manifest, &[]);
        let (status, body) = server.get("/get?key=a&label=other").await;
        assert!(status == 500 && body.contains("AccessDenied"), "{guest}: {body}");
    }
}

#[tokio::test]
async fn of_a_thousand_keys_set_at_once_all_are_there() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, BOTH);
        let server = serve(&manifest, &["--max-instance-reuse-count", "1"]);
        burst(&server, |n| format!("/set?key=key-{n}&value={n}")).await;
        let (_, keys) = server.get("/keys").await;
        assert_eq!(keys.split(' ').count(), BURST, "{guest}");
        assert_eq!(server.get("/get?key=key-777").await, ok("777"), "{guest}");
    }
}

#[tokio::test]
async fn of_a_thousand_increments_at_once_none_is_lost_and_all_survive_a_kill() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, BOTH);
        let mut server = serve(&manifest, &["--max-instance-reuse-count", "1"]);
        assert_eq!(
            server.get(&sql(&["CREATE TABLE c (n INTEGER)", "INSERT INTO c VALUES (0)"])).await,
            ok("")
        );
        burst(&server, |_| sql(&["UPDATE c SET n = n + 1"])).await;
        assert_eq!(server.get("/set?key=last&value=words").await, ok("set"));
        server.process.signal(Signal::SIGKILL);
        server.process.ended_within(TIMEOUT);
        let server = serve(&manifest, &[]);
        assert_eq!(server.get(&sql(&["SELECT n FROM c"])).await, ok("1000"), "{guest}");
        assert_eq!(server.get("/get?key=last").await, ok("words"), "{guest}");
    }
}

#[tokio::test]
async fn a_guest_that_fills_the_store_gets_its_own_error() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, BOTH);
        let server = serve(&manifest, &["--max-store-size", "1MiB"]);
        assert_eq!(server.get("/set?key=before&value=here").await, ok("set"), "{guest}");
        let (status, body) = server.get("/fill?key=big&bytes=2000000").await;
        assert!(
            status == 500 && body.contains("Other(") && body.contains("--max-store-size"),
            "{guest}: {body}"
        );
        let fill = "INSERT INTO t VALUES (randomblob(2000000))";
        let (status, body) = server.get(&sql(&["CREATE TABLE t (a)", fill])).await;
        assert!(status == 500 && body.contains("DatabaseFull"), "{guest}: {body}");
        // The store is as it was, and small values have room.
        assert_eq!(server.get("/get?key=before").await, ok("here"), "{guest}");
        assert_eq!(server.get("/set?key=after&value=too").await, ok("set"), "{guest}");
        assert_eq!(server.get(&sql(&["SELECT count(*) FROM t"])).await, ok("0"), "{guest}");
    }
}

#[test]
fn a_file_that_can_not_be_used_is_named() {
    let (folder, manifest) = app(GUESTS[0], BOTH);
    fs::create_dir(folder.path().join(".spin")).unwrap();
    fs::write(
        folder.path().join(".spin/sqlite_db.db"),
        "this is no database, but a text that is long enough",
    )
    .unwrap();
    let output = PROGRAM.output(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains(".spin/sqlite_db.db, which keeps what the guests store: file is not a database"),
        "{error}"
    );
}
