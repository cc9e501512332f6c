//! HTTP/1.1 as raw clients speak it: targets, methods, interim statuses, bodies that are cut or malformed.

use testing::{CONFORMANCE, LAST_CHUNK, Program, RawClient, ok};

use crate::common::{PROGRAM, serve};

#[tokio::test]
async fn connect_gets_405_and_the_connection_stays_one_of_http() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        for target in ["/else", "/static", "/.well-known/spin/health", "a:443"] {
            let request = format!("CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            let mut client = RawClient::sent(&server, request).await;
            let answer = client.until("\r\n\r\n").await;
            assert!(
                answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET, "),
                "{manifest}: {target}: {answer}"
            );
            client.send("GET /else HTTP/1.1\r\nHost: a\r\n\r\n").await;
            let next = client.until("fine").await;
            assert!(next.starts_with("HTTP/1.1 200 "), "{manifest}: {target}: {next}");
        }
    }
}

#[tokio::test]
async fn an_absolute_target_names_the_host_and_the_header_does_not_count() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let request =
            "GET http://target:81/other/headers HTTP/1.1\r\nHost: header\r\nConnection: close\r\n\r\n";
        let answer = RawClient::sent(&server, request).await.rest().await;
        for (name, value) in [("host", "target:81"), ("spin-full-url", "http://target:81/other/headers")] {
            assert!(answer.contains(&format!("{name:?}:[{value:?}]")), "{manifest}: {name}: {answer}");
        }
        assert!(!answer.contains("header\"]"), "{manifest}: {answer}");
    }
}

#[tokio::test]
async fn an_interim_status_of_a_guest_gets_500() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        for status in [100, 101, 103, 199] {
            let path = format!("/status?code={status}");
            let mut client = RawClient::get(&server, &path).await;
            let answer = client.until("\r\n\r\n").await;
            assert!(answer.starts_with("HTTP/1.1 500 "), "{manifest}: {status}: {answer}");
            client.send("GET /else HTTP/1.1\r\nHost: a\r\n\r\n").await;
            let next = client.until("fine").await;
            assert!(next.starts_with("HTTP/1.1 200 "), "{manifest}: {status}: {next}");
        }
        server.log_that_says(&["component \"guest\"", "the status 101, which is no final one"]);
    }
}

/// Bodies that end too early, or whose chunks are no chunks. The client then waits for the answer.
const DAMAGED: [(&str, &str, &str); 4] = [
    ("cut with a length", "Content-Length: 10\r\n", "abc"),
    ("cut in a chunk", "Transfer-Encoding: chunked\r\n", "a\r\nabc"),
    ("cut between chunks", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"),
    ("malformed", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\nno length\r\n\r\n0\r\n\r\n"),
];

#[tokio::test]
async fn a_damaged_body_is_an_error_for_the_guest_and_no_end() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        for (name, header, body) in DAMAGED {
            for path in ["/body-size", "/echo"] {
                let request = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{header}\r\n{body}");
                let mut client = RawClient::sent(&server, request).await;
                client.end_sending().await;
                let answer = client.rest().await;
                let looks_complete = answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(LAST_CHUNK);
                assert!(!looks_complete, "{manifest}: {name}: {path}: {answer}");
                let is_size = answer.starts_with("HTTP/1.1 200 ") && path == "/body-size";
                assert!(!is_size, "{manifest}: {name}: {answer}");
            }
        }
        assert_eq!(server.get("/else").await, ok("/else is fine\n"), "{manifest}");
    }
}

#[tokio::test]
async fn the_text_of_a_bodys_error_has_no_backtrace() {
    PROGRAM.build_guests();
    for manifest in CONFORMANCE {
        let mut command = PROGRAM.serve_command("127.0.0.1:0", manifest, &[]);
        let server = Program::start_server(command.env("RUST_BACKTRACE", "1"));
        let (_, header, body) = DAMAGED[3];
        let request = format!("POST /body-size HTTP/1.1\r\nHost: a\r\n{header}\r\n{body}");
        let answer = RawClient::sent(&server, request).await.rest().await;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 500 ") && text.contains("error: "), "{manifest}: {answer}");
        for word in ["backtrace", ".rs", "wasmtime"] {
            assert!(!text.contains(word), "{manifest}: {answer}");
        }
    }
}
