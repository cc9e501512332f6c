//! A guest calls components of its own application: by `ID.spin.internal`, and by a path.

mod common;

use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use testing::{GUESTS, ok, wasm, within_timeout};
use tokio::time::sleep;

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
            server.log_that_says(&["all 1 instances were in use", "a larger --max-instances has room"]);
        }
    }
}

/// Each level is a request of the level above it, and needs an instance of its own.
#[tokio::test]
async fn a_chain_of_calls_is_as_deep_as_there_are_instances() {
    let nested = |depth: usize| {
        (0..depth).fold("/x".to_owned(), |inner, _| {
            let url = format!("http://self.alt{inner}");
            format!(
                "/outbound?{}",
                url::form_urlencoded::Serializer::new(String::new()).append_pair("url", &url).finish()
            )
        })
    };
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, "[\"http://self\"]");
        let flags = ["--max-instances", "4", "--max-instance-reuse-count", "1", "--queue-timeout", "1s"];
        let server = serve(&manifest, &flags);
        assert_eq!(server.get(&nested(3)).await, ok("200\n200\n200\n/x is fine\n"), "{guest}");
        // The fifth instance isn't there: the innermost call gets no instance, and the others get that answer.
        assert_eq!(server.get(&nested(4)).await, ok("200\n200\n200\n503\n"), "{guest}");
        assert_eq!(server.get("/x").await, ok("/x is fine\n"), "{guest}");
        server.log_that_says(&["no instance was free within 1s", "all 4 instances"]);
    }
}

/// The first request needs two instances. Clients came before its call whose requests take longer than a call may wait.
#[tokio::test]
async fn calls_go_before_the_requests_of_clients() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, "[\"http://*.spin.internal\"]");
        let server = serve(&manifest, &["--max-instances", "2", "--max-instance-reuse-count", "1"]);
        // All instances are busy until the first request and the others are in the queue, in this order.
        let busy = futures_util::future::join_all((0..2).map(|_| server.get("/await?ms=1500")));
        let first = async {
            sleep(Duration::from_millis(300)).await;
            server.get("/outbound?url=http://back.spin.internal/a").await
        };
        let others = async {
            sleep(Duration::from_millis(900)).await;
            futures_util::future::join_all((0..14).map(|_| server.get("/await?ms=500"))).await
        };
        let (_, first, others) = tokio::join!(busy, first, others);
        assert_eq!((first, others), (ok("200\n/a is fine\n"), vec![ok("awaited"); 14]), "{guest}");
    }
}

/// The guests of the audit's application.
#[tokio::test]
async fn a_counter_in_the_key_value_store_is_called_by_a_sibling() {
    PROGRAM.build_guests();
    for wasi in ["wasip2", "wasip3"] {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("spin.toml");
        let source = |name: &str| wasm(&format!("audit_{wasi}_{name}.wasm"));
        let text = format!(
            "spin_manifest_version = 2\n[application]\nname = \"audit\"\n\
             [[trigger.http]]\nroute = \"/count\"\ncomponent = \"key-value-counter\"\n\
             [[trigger.http]]\nroute = \"/call\"\ncomponent = \"sibling-call\"\n\
             [component.key-value-counter]\nsource = {:?}\nkey_value_stores = [\"default\"]\n\
             [component.sibling-call]\nsource = {:?}\n\
             environment = {{ SIBLING_URL = \"http://key-value-counter.spin.internal/\" }}\n\
             allowed_outbound_hosts = [\"http://key-value-counter.spin.internal\"]\n",
            source("key_value_counter"),
            source("sibling_call")
        );
        fs::write(&manifest, text).unwrap();
        let server = serve(&manifest.display().to_string(), &[]);
        assert_eq!(server.get("/count").await, ok("1\n"), "{wasi}");
        assert_eq!(server.get("/call").await, ok("200 from the sibling: 2\n"), "{wasi}");
        assert_eq!(server.get("/count").await, ok("3\n"), "{wasi}");
    }
}
