//! HTTPS, and HTTP/2 with and without it.

mod common;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::sys::signal::Signal;
use testing::{
    CONFORMANCE, GUESTS, Identity, Program, RawClient, Server, TIMEOUT, guest_app, ok, within_timeout,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use common::{PROGRAM, serve};

/// Starts a client of HTTP/2 on this connection.
async fn http2_client(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> http2::SendRequest<String> {
    let (client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    client
}

async fn plain_http2_client(server: &Server) -> http2::SendRequest<String> {
    http2_client(TcpStream::connect(server.authority()).await.unwrap()).await
}

fn request(server: &Server, path: &str) -> Request<String> {
    Request::get(format!("{}{path}", server.url)).body(String::new()).unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    let body = within_timeout("the body comes", response.into_body().collect()).await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn https_works_with_both_versions_of_http() {
    let identity = Identity::new();
    for manifest in CONFORMANCE {
        let server = identity.serve(&PROGRAM, manifest, &[]);
        assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
        let full_url = format!("{:?}:[{:?}]", "spin-full-url", format!("{}/headers", server.url));

        let mut client = http2_client(identity.connect(&server, "h2").await).await;
        let response = client.send_request(request(&server, "/headers")).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2), "{manifest}");
        let seen = text(response).await;
        assert!(seen.contains(&full_url), "{manifest}: {seen}");

        let stream = TokioIo::new(identity.connect(&server, "http/1.1").await);
        let (mut client, connection) = http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let mut request = request(&server, "/headers");
        request.headers_mut().insert("host", server.authority().parse().unwrap());
        *request.uri_mut() = "/headers".parse().unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11), "{manifest}");
        let seen = text(response).await;
        assert!(seen.contains(&full_url), "{manifest}: {seen}");
    }
}

#[tokio::test]
async fn streams_of_one_connection_run_in_parallel() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let client = plain_http2_client(&server).await;
        let began = Instant::now();
        let answers = (0..20).map(|_| {
            let mut client = client.clone();
            let request = request(&server, "/sleep?ms=1000");
            async move { text(client.send_request(request).await.unwrap()).await }
        });
        assert_eq!(join_all(answers).await, vec!["slept"; 20], "{manifest}");
        assert!(began.elapsed() < Duration::from_secs(15), "one after the other: {:?}", began.elapsed());
    }
}

/// The maximum number of streams that the server's first frame, which has its settings, announces.
async fn announced_streams(server: &Server) -> Option<u32> {
    const ID: u16 = 3;
    let mut stream = TcpStream::connect(server.authority()).await.unwrap();
    // The client's settings are empty.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    within_timeout("a frame comes", stream.read_exact(&mut head)).await.unwrap();
    assert_eq!(head[3], 4, "the first frame has the settings");
    let mut settings = vec![0; usize::from(head[2])];
    within_timeout("the frame is complete", stream.read_exact(&mut settings)).await.unwrap();
    settings.chunks_exact(6).find_map(|setting| {
        let (id, value) = setting.split_at(2);
        (u16::from_be_bytes(id.try_into().unwrap()) == ID)
            .then(|| u32::from_be_bytes(value.try_into().unwrap()))
    })
}

#[tokio::test]
async fn a_client_of_http2_is_told_how_many_streams_it_may_open() {
    assert_eq!(announced_streams(&serve(CONFORMANCE[0], &[])).await, Some(256));
    let server = serve(CONFORMANCE[0], &["--max-concurrent-streams", "2"]);
    assert_eq!(announced_streams(&server).await, Some(2));
    // The client has the settings when the first request is answered. Further requests then wait in the client, and are served.
    let mut client = plain_http2_client(&server).await;
    let first = client.send_request(request(&server, "/sleep?ms=0")).await.unwrap();
    assert_eq!(text(first).await, "slept");
    let answers = (0..6).map(|_| {
        let mut client = client.clone();
        let request = request(&server, "/sleep?ms=100");
        async move { text(client.send_request(request).await.unwrap()).await }
    });
    assert_eq!(join_all(answers).await, vec!["slept"; 6]);
}

#[tokio::test]
async fn an_aborted_stream_is_reset_and_the_others_continue() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let mut client = plain_http2_client(&server).await;
        let other = client.send_request(request(&server, "/other/await?ms=1000"));
        let response = client.send_request(request(&server, "/panic-after")).await.unwrap();
        assert_eq!(response.status(), 200, "{manifest}");
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "first\n", "{manifest}");
        let end = within_timeout("the body ends", body.frame()).await;
        assert!(matches!(end, Some(Err(_))), "{manifest}: {end:?}");
        assert_eq!(text(other.await.unwrap()).await, "awaited", "{manifest}");
    }
}

#[tokio::test]
async fn a_stream_reset_by_its_client_ends_its_instance() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--max-instances", "1"]);
        let mut client = plain_http2_client(&server).await;
        let endless = request(&server, "/stream?pieces=0&bytes=4&every_ms=50");
        let response = client.send_request(endless).await.unwrap();
        drop(response);
        let next =
            within_timeout("its turn comes", client.send_request(request(&server, "/other/else"))).await;
        assert_eq!(text(next.unwrap()).await, "/other/else is fine\n", "{manifest}");
    }
}

#[tokio::test]
async fn a_guest_can_call_only_https_servers_that_the_machine_trusts() {
    let identity = Identity::new();
    let upstream = identity.serve(&PROGRAM, CONFORMANCE[0], &[]);
    let call = format!("/outbound?url={}/.well-known/spin/health", upstream.url);
    for guest in GUESTS {
        let allowed = format!("allowed_outbound_hosts = [{:?}]", upstream.url);
        let (_folder, manifest) = guest_app(guest, "", &allowed);
        let command = || PROGRAM.serve_command("127.0.0.1:0", &manifest, &[]);
        let trusting = Program::start_server(command().env("SSL_CERT_FILE", identity.path("cert.pem")));
        assert_eq!(trusting.get(&call).await, ok("200\nOK"), "{guest}");
        let careful = Program::start_server(command().env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR"));
        let (status, body) = careful.get(&call).await;
        assert!(status == 502 && body.contains("Tls"), "{guest}: {status} {body}");
    }
}

#[tokio::test]
async fn an_application_with_a_certificate_can_call_itself() {
    let identity = Identity::new();
    PROGRAM.build_guests();
    for guest in GUESTS {
        let (_folder, manifest) = guest_app(guest, "", "allowed_outbound_hosts = [\"http://self\"]");
        let server = identity.serve(&PROGRAM, &manifest, &[]);
        let mut client = http2_client(identity.connect(&server, "h2").await).await;
        let path = "/outbound?url=http://self.alt/.well-known/spin/health";
        let response = client.send_request(request(&server, path)).await.unwrap();
        assert_eq!(text(response).await, "200\nOK", "{guest}");
    }
}

#[tokio::test]
async fn the_response_to_head_has_no_body_over_http2() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let mut client = plain_http2_client(&server).await;
        for (path, status) in [("/static", 203), ("/.well-known/spin/health", 200), ("/else", 200)] {
            let head = Request::head(format!("{}{path}", server.url)).body(String::new()).unwrap();
            let response = within_timeout("a head comes", client.send_request(head)).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{manifest}: {path}");
            assert_eq!(text(response).await, "", "{manifest}: {path}");
        }
    }
}

#[tokio::test]
async fn the_header_timeout_does_not_apply_before_the_first_http2_request() {
    let server = serve(CONFORMANCE[0], &["--header-timeout", "1s", "--idle-timeout", "600s"]);
    let mut client = plain_http2_client(&server).await;
    // The pause is the test: it is longer than the header timeout.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let response = client.send_request(request(&server, "/else")).await.unwrap();
    assert_eq!(text(response).await, "/else is fine\n");
}

#[tokio::test]
async fn a_signal_ends_an_incomplete_tls_handshake() {
    let identity = Identity::new();
    let mut server =
        identity.serve(&PROGRAM, CONFORMANCE[0], &["--header-timeout", "600s", "--drain-timeout", "600s"]);
    let silent = RawClient::connect(&server).await;
    silent.until_read().await;
    server.process.signal(Signal::SIGTERM);
    assert_eq!(server.process.ended_within(TIMEOUT).code(), Some(0));
    drop(silent);
}
