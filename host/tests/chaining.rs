//! A guest calls components of its own application: by `ID.spin.internal`, and by a path.

mod common;

use std::fs;

use tempfile::TempDir;
use testing::{GUESTS, ok, wasm, within_timeout};

use common::{PROGRAM, serve};

/// An application with the components `front` for all paths and `back` without a route.
fn app(guest: &str, allowed: &str) -> (TempDir, String) {
    PROGRAM.build_guests();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml");
    let source = wasm(guest);
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"chain\"\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"front\"\n\
         [[trigger.http]]\nroute = {{ private = true }}\ncomponent = \"back\"\n\
         [component.front]\nsource = {source:?}\nallowed_outbound_hosts = {allowed}\n\
         [component.back]\nsource = {source:?}\nenvironment = {{ ROLE = \"back\" }}\n"
    );
    fs::write(&manifest, text).unwrap();
    let path = manifest.display().to_string();
    (folder, path)
}

#[tokio::test]
async fn a_guest_calls_another_component_by_its_id() {
    for guest in GUESTS {
        let (_folder, manifest) =
            app(guest, "[\"http://back.spin.internal\", \"https://back.spin.internal\"]");
        let server = serve(&manifest, &[]);
        for scheme in ["http", "https"] {
            let (status, body) =
                server.get(&format!("/outbound?url={scheme}://back.spin.internal/env")).await;
            assert_eq!((status, body.contains("\"ROLE\":\"back\"")), (200, true), "{guest}: {body}");
        }
        let (_, body) = server.get("/outbound?url=http://back.spin.internal/x/headers").await;
        for (name, value) in [
            ("host", "back.spin.internal"),
            ("spin-path-info", "/x/headers"),
            ("spin-matched-route", "/..."),
            ("spin-component-route", ""),
            ("spin-full-url", "http://back.spin.internal/x/headers"),
            ("spin-client-addr", "127.0.0.1:0"),
        ] {
            assert!(body.contains(&format!("{name:?}:[{value:?}]")), "{guest}: {name}: {body}");
        }
    }
}

#[tokio::test]
async fn a_guest_can_call_only_components_that_the_manifest_allows() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, "[\"http://back.spin.internal\"]");
        let server = serve(&manifest, &[]);
        for url in
            ["https://back.spin.internal/", "http://front.spin.internal/", "http://back.spin.internal:81/"]
        {
            let (status, body) = server.get(&format!("/outbound?url={url}")).await;
            assert!(status == 502 && body.contains("Denied"), "{guest}: {url}: {status} {body}");
        }
        let (_folder, manifest) = app(guest, "[\"http://*.spin.internal\"]");
        let server = serve(&manifest, &[]);
        assert_eq!(
            server.get("/outbound?url=http://front.spin.internal/a").await,
            ok("200\n/a is fine\n"),
            "{guest}"
        );
        let (status, body) = server.get("/outbound?url=http://nobody.spin.internal/").await;
        assert!(status == 502 && body.contains("DestinationNotFound"), "{guest}: {status} {body}");
        let log = server.log();
        assert!(
            log.contains("no component has the id \"nobody\"; this application has: back, front"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn an_error_of_the_called_component_is_a_response() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, "[\"http://*.spin.internal\"]");
        let server = serve(&manifest, &[]);
        assert_eq!(server.get("/outbound?url=http://back.spin.internal/panic").await, ok("500\n"), "{guest}");
    }
}

/// The only instance waits for another one.
#[tokio::test]
async fn a_guest_that_calls_its_application_gets_an_answer_if_the_host_is_full() {
    let one = ["--max-instances", "1", "--max-instance-reuse-count", "1"];
    for guest in GUESTS {
        for (allowed, url) in
            [("http://*.spin.internal", "http://front.spin.internal/x"), ("http://self", "http://self.alt/x")]
        {
            let (_folder, manifest) = app(guest, &format!("[{allowed:?}]"));
            let server = serve(&manifest, &one);
            let path = format!("/outbound?url={url}");
            assert_eq!(within_timeout("an answer", server.get(&path)).await, ok("503\n"), "{guest}: {url}");
            // The host is free again.
            assert_eq!(server.get("/x").await, ok("/x is fine\n"), "{guest}: {url}");
        }
    }
}

/// Each of these needs two instances, and there are more requests than instances.
#[tokio::test]
async fn calls_go_before_the_requests_of_clients() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, "[\"http://*.spin.internal\"]");
        let server = serve(&manifest, &["--max-instances", "2", "--max-instance-reuse-count", "1"]);
        let first = server.get("/outbound?url=http://back.spin.internal/a");
        let others = futures_util::future::join_all((0..5).map(|_| server.get("/await?ms=100")));
        let (first, others) = tokio::join!(first, others);
        assert_eq!((first, others), (ok("200\n/a is fine\n"), vec![ok("awaited"); 5]), "{guest}");
    }
}
