//! Spin's HTTP behaviour in both versions of WASI, as guests and clients see it.

mod common;
mod protocol;

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use testing::{CONFORMANCE, GUESTS, RawClient, get, ok, wasm};

use common::{PROGRAM, serve};

const ROUTES: [&str; 7] = [
    "/exact/headers",
    "/slash/headers/",
    "bare/headers",
    "/deep/...",
    "/deep/er/...",
    "/headers/...",
    "/user/:id/...",
];

/// Writes the manifest of an application with a route for every case.
fn app_with_routes(guest: &str) -> (TempDir, String) {
    PROGRAM.build_guests();
    let mut text = String::from("spin_manifest_version = 2\n[application]\nname = \"routes\"\n");
    for route in ROUTES.map(|route| format!("{route:?}")).into_iter().chain([
        "\"/user/:id/headers\"".to_owned(),
        "\"/any/:Name/headers\"".to_owned(),
        "{ private = true }".to_owned(),
    ]) {
        text += &format!("[[trigger.http]]\nroute = {route}\ncomponent = \"guest\"\n");
    }
    text += &format!("[component.guest]\nsource = {:?}\n", wasm(guest));
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml");
    fs::write(&manifest, text).unwrap();
    (folder, manifest.display().to_string())
}

#[tokio::test]
async fn guests_get_their_route_in_headers() {
    for guest in GUESTS {
        let (_folder, manifest) = app_with_routes(guest);
        let server = serve(&manifest, &[]);
        // Path, route, prefix before the wildcard, text of the wildcard, parameters.
        for (path, route, prefix, rest, parameters) in [
            ("/exact/headers", "/exact/headers", "/exact/headers", "", &[][..]),
            ("/exact/headers?a=b", "/exact/headers", "/exact/headers", "", &[]),
            ("/exact/headers/", "/exact/headers", "/exact/headers", "", &[]),
            ("/slash/headers", "/slash/headers", "/slash/headers", "", &[]),
            ("/bare/headers", "/bare/headers", "/bare/headers", "", &[]),
            ("/deep/headers", "/deep/...", "/deep", "/headers", &[]),
            ("/deep/x/headers", "/deep/...", "/deep", "/x/headers", &[]),
            ("/deep/er/headers", "/deep/er/...", "/deep/er", "/headers", &[]),
            ("/headers", "/headers/...", "/headers", "", &[]),
            ("/headers/", "/headers/...", "/headers", "/", &[]),
            ("/user/7/headers", "/user/:id/headers", "/user/:id/headers", "", &[("id", "7")]),
            ("/user/7/x/headers", "/user/:id/...", "/user/:id", "/x/headers", &[("id", "7")]),
            ("/any/one/headers", "/any/:Name/headers", "/any/:Name/headers", "", &[("name", "one")]),
        ] {
            let (status, body) = server.get(path).await;
            assert_eq!(status, 200, "{guest}: {path}");
            let seen: Value = serde_json::from_str(&body).unwrap();
            let full_url = format!("{}{path}", server.url);
            let mut expected = vec![
                ("spin-path-info".to_owned(), rest),
                ("spin-full-url".to_owned(), &full_url),
                ("spin-matched-route".to_owned(), route),
                ("spin-base-path".to_owned(), "/"),
                ("spin-raw-component-route".to_owned(), route),
                ("spin-component-route".to_owned(), prefix),
            ];
            expected
                .extend(parameters.iter().map(|(name, value)| (format!("spin-path-match-{name}"), *value)));
            for (name, value) in expected {
                assert_eq!(seen[&name], Value::from(vec![value]), "{guest}: {path}: {name}");
            }
            let client = seen["spin-client-addr"][0].as_str().unwrap();
            assert!(client.starts_with("127.0.0.1:"), "{guest}: {client}");
        }
        for path in ["/", "/private", "/exact", "/exact/headers/x", "/user", "/user/", "/user//headers"] {
            assert_eq!(server.get(path).await, (404, String::new()), "{guest}: {path}");
        }
    }
}

#[tokio::test]
async fn the_guest_gets_the_clients_headers_except_those_that_the_host_sets() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let request = format!(
            "PURGE /other/headers?x=%20 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nSpin-Path-Info: /forged\r\n\
             X-Two: 1\r\nx-two: 2\r\n\r\n",
            server.authority()
        );
        let answer = RawClient::sent(&server, request).await.rest().await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{manifest}: {head}");
        let body = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
        let seen: Value = serde_json::from_str(body).unwrap();
        for (name, values) in [
            (":method", &["PURGE"][..]),
            (":path", &["/other/headers?x=%20"]),
            (":scheme", &["http"]),
            (":authority", &[server.authority()]),
            ("spin-path-info", &["/headers"]),
            ("host", &[server.authority()]),
            ("x-two", &["1", "2"]),
        ] {
            // The SDK for WASIp2 doesn't expose the scheme and the authority.
            if !seen[name].is_null() || !name.starts_with(':') {
                assert_eq!(seen[name], Value::from(values), "{manifest}: {name}");
            }
        }
        assert_eq!(seen["connection"], Value::Null, "{manifest}");
    }
}

#[tokio::test]
async fn the_client_gets_the_guests_response() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        for status in [200, 201, 204, 304, 404, 418, 500, 599] {
            assert_eq!(
                server.get(&format!("/status?code={status}")).await,
                (status, String::new()),
                "{manifest}"
            );
        }
        let many = get(format!("{}/many-headers?n=90", server.url)).await.unwrap();
        for n in 0..90 {
            assert_eq!(many.headers()[&format!("x-n-{n}")], n.to_string(), "{manifest}");
        }
        assert_eq!(many.text().await.unwrap(), "90 headers", "{manifest}");
        let fixed = get(format!("{}/static", server.url)).await.unwrap();
        assert_eq!((fixed.status().as_u16(), &fixed.headers()["x-static"]), (203, &"yes".parse().unwrap()));
        assert_eq!(fixed.text().await.unwrap(), "static\n", "{manifest}");
        assert_eq!(server.get("/exact").await, ok("/exact is fine\n"), "{manifest}");
    }
}

#[tokio::test]
async fn the_response_to_head_has_no_body_and_the_connection_stays_open() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let ask = |method: &str, more: &str| {
            format!("{method} /else HTTP/1.1\r\nHost: {}\r\n{more}\r\n", server.authority())
        };
        let mut client = RawClient::sent(&server, ask("HEAD", "")).await;
        let head = client.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{manifest}: {head}");
        client.send(ask("GET", "Connection: close\r\n")).await;
        let answer = client.rest().await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("/else is fine"),
            "{manifest}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_request_without_a_valid_host_gets_400() {
    let server = serve(CONFORMANCE[0], &[]);
    for (request, status) in [
        ("GET /x HTTP/1.1\r\n\r\n", 400),
        ("GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n", 200),
        ("GET /x HTTP/1.1\r\nHost: a:1\r\n\r\n", 200),
        ("GET /x HTTP/1.1\r\nHost: \r\n\r\n", 400),
        ("GET /x HTTP/1.1\r\nHost: user@a\r\n\r\n", 400),
        ("GET http://user@a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://a/x HTTP/1.1\r\nHost: b\r\nHost: c\r\n\r\n", 400),
        ("no HTTP at all\r\n\r\n", 400),
    ] {
        let answer = RawClient::sent(&server, request).await.until("\r\n\r\n").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn the_host_answers_well_known_paths_and_paths_without_a_route() {
    let server = serve("spin.toml", &[]);
    for (path, status, body) in [
        ("/.well-known/spin/health", 200, "OK"),
        ("/.well-known/spin/info", 200, r#"{"name":"burst-lab","version":"0.1.0"}"#),
        ("/.well-known/spin/else", 404, ""),
        ("/", 404, ""),
        ("/e1", 404, ""),
        ("/e1/p1/more", 404, ""),
    ] {
        let response = testing::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.text().await.unwrap(), body, "{path}");
    }
}

#[tokio::test]
async fn http_1_0_needs_no_host_and_an_invalid_host_gets_400() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let answer = RawClient::sent(&server, "GET /x HTTP/1.0\r\n\r\n").await.rest().await;
        assert!(
            answer.starts_with("HTTP/1.0 200") && answer.ends_with("/x is fine\n"),
            "{manifest}: {answer}"
        );
        let answer = RawClient::sent(&server, "GET /x HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n")
            .await
            .rest()
            .await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{manifest}: {answer}");
    }
}
