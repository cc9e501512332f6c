//! HTTPS, and HTTP/2 with and without it.

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use http::{Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use common::raw::soon;
use common::{CONFORMANCE, GUESTS, SOON, Served, build, ok, output, serve, serve_by, stderr, wasm};

/// A certificate for this machine, and its key.
struct Identity {
    folder: TempDir,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn flags(&self) -> [String; 4] {
        ["--tls-cert".into(), self.path("cert.pem"), "--tls-key".into(), self.path("key.pem")]
    }

    fn serve(&self, manifest: &str, flags: &[&str]) -> Served {
        let own = self.flags();
        serve(manifest, &[&own.each_ref().map(String::as_str)[..], flags].concat())
    }

    /// A connection whose client offers this protocol.
    async fn connect(
        &self,
        served: &Served,
        alpn: &str,
    ) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("cert.pem")).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.into()];
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TcpStream::connect(served.authority()).await.unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn.as_bytes()));
        stream
    }
}

#[test]
fn a_system_that_runs_already_may_speak_https() {
    let identity = Identity::new();
    let served = identity.serve("spin.toml", &[]);
    let on = || common::loadtest(&["run", "--setup", "6", "--time-scale", "0.3", "--on", &served.url]);
    let ended = on().env("SSL_CERT_FILE", identity.path("cert.pem")).output().unwrap();
    // 4: on a busy machine so short a burst can't be trusted.
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let ended = on().env_remove("SSL_CERT_FILE").output().unwrap();
    assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("certificate"), "{}", stderr(&ended));
}

/// A client that speaks HTTP/2 over this connection.
async fn speak_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> http2::SendRequest<String> {
    let (client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    client
}

async fn plain_http2(served: &Served) -> http2::SendRequest<String> {
    speak_http2(TcpStream::connect(served.authority()).await.unwrap()).await
}

fn request(served: &Served, path: &str) -> Request<String> {
    Request::get(format!("{}{path}", served.url)).body(String::new()).unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    let body = soon("the body comes", response.into_body().collect()).await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn https_over_both_versions_of_http() {
    let identity = Identity::new();
    for manifest in CONFORMANCE {
        let served = identity.serve(manifest, &[]);
        assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
        let full_url = format!("{:?}:[{:?}]", "spin-full-url", format!("{}/headers", served.url));

        let mut client = speak_http2(identity.connect(&served, "h2").await).await;
        let response = client.send_request(request(&served, "/headers")).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2), "{manifest}");
        let seen = text(response).await;
        assert!(seen.contains(&full_url), "{manifest}: {seen}");

        let stream = TokioIo::new(identity.connect(&served, "http/1.1").await);
        let (mut client, connection) = http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let mut asked = request(&served, "/headers");
        asked.headers_mut().insert("host", served.authority().parse().unwrap());
        *asked.uri_mut() = "/headers".parse().unwrap();
        let response = client.send_request(asked).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11), "{manifest}");
        let seen = text(response).await;
        assert!(seen.contains(&full_url), "{manifest}: {seen}");
    }
}

#[tokio::test]
async fn the_start_up_lines_say_https() {
    let identity = Identity::new();
    build();
    let flags = identity.flags();
    let args = ["serve", "--format", "json", "--listen", "127.0.0.1:0", CONFORMANCE[0]];
    let args = [&args[..], &flags.each_ref().map(String::as_str)].concat();
    let served = common::serve_by(&mut common::loadtest(&args));
    assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
}

#[tokio::test]
async fn streams_of_one_connection_are_parallel() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &[]);
        let client = plain_http2(&served).await;
        let began = Instant::now();
        let answers = (0..20).map(|_| {
            let mut client = client.clone();
            let asked = request(&served, "/sleep?ms=1000");
            async move { text(client.send_request(asked).await.unwrap()).await }
        });
        assert_eq!(join_all(answers).await, vec!["slept"; 20], "{manifest}");
        assert!(began.elapsed() < Duration::from_secs(15), "one after the other: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_reset_and_the_others_go_on() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &[]);
        let mut client = plain_http2(&served).await;
        let other = client.send_request(request(&served, "/other/await?ms=1000"));
        let response = client.send_request(request(&served, "/panic-after")).await.unwrap();
        assert_eq!(response.status(), 200, "{manifest}");
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "first\n", "{manifest}");
        let end = soon("the body ends", body.frame()).await;
        assert!(matches!(end, Some(Err(_))), "{manifest}: {end:?}");
        assert_eq!(text(other.await.unwrap()).await, "awaited", "{manifest}");
    }
}

#[tokio::test]
async fn a_stream_that_its_client_resets_ends_its_instance() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--max-instances", "1"]);
        let mut client = plain_http2(&served).await;
        let endless = request(&served, "/stream?pieces=0&bytes=4&every_ms=50");
        let response = client.send_request(endless).await.unwrap();
        drop(response);
        let next = soon("its turn comes", client.send_request(request(&served, "/other/else"))).await;
        assert_eq!(text(next.unwrap()).await, "/other/else is fine\n", "{manifest}");
    }
}

#[test]
fn a_certificate_that_is_no_use_is_one_clear_error() {
    let (identity, other) = (Identity::new(), Identity::new());
    build();
    fs::write(identity.folder.path().join("text.pem"), "no certificate").unwrap();
    let (cert, key, text) = (identity.path("cert.pem"), identity.path("key.pem"), identity.path("text.pem"));
    let (nowhere, other) = (identity.path("nowhere.pem"), other.path("key.pem"));
    for (cert, key, flag, file) in [
        (&text, &key, "--tls-cert", &text),
        (&nowhere, &key, "--tls-cert", &nowhere),
        (&cert, &text, "--tls-key", &text),
        (&cert, &nowhere, "--tls-key", &nowhere),
        (&cert, &other, "--tls-key", &other),
    ] {
        let args = ["serve", CONFORMANCE[0], "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key];
        let failed = output(&args);
        let error = stderr(&failed);
        assert_eq!(failed.status.code(), Some(2), "{error}");
        assert!(error.starts_with(&format!("error: {flag} {file}: ")), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let failed = output(&["serve", "--tls-cert", &cert]);
    assert_eq!(failed.status.code(), Some(2));
    assert!(stderr(&failed).contains("--tls-key"), "{}", stderr(&failed));
}

#[test]
fn an_application_that_calls_itself_is_not_served_over_https() {
    let identity = Identity::new();
    build();
    let manifest = identity.path("spin.toml");
    fs::write(&manifest, calls("http://self", &wasm(GUESTS[0]))).unwrap();
    let flags = identity.flags();
    let args = ["serve", &manifest, "--listen", "127.0.0.1:0"];
    let failed = output(&[&args[..], &flags.each_ref().map(String::as_str)].concat());
    let error = stderr(&failed);
    assert_eq!(failed.status.code(), Some(2), "{error}");
    assert!(error.contains("spin.toml:9:27: ") && error.contains("--tls-cert"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[tokio::test]
async fn a_guest_calls_over_https_whom_the_machine_trusts_and_nobody_else() {
    let identity = Identity::new();
    let upstream = identity.serve(CONFORMANCE[0], &[]);
    let call = format!("/outbound?url={}/.well-known/spin/health", upstream.url);
    let manifest = identity.path("spin.toml");
    for guest in GUESTS {
        fs::write(&manifest, calls(&upstream.url, &wasm(guest))).unwrap();
        let serve = || common::loadtest(&["serve", &manifest, "--listen", "127.0.0.1:0", "--format", "json"]);
        let trusting = serve_by(serve().env("SSL_CERT_FILE", identity.path("cert.pem")));
        assert_eq!(trusting.get(&call).await, ok("200\nOK"), "{guest}");
        let careful = serve_by(serve().env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR"));
        let (status, body) = careful.get(&call).await;
        assert!(status == 502 && body.contains("Tls"), "{guest}: {status} {body}");
    }
}

fn calls(host: &str, wasm: &Path) -> String {
    format!(
        "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/...\"\n\
         component = \"guest\"\n[component.guest]\nsource = {wasm:?}\nallowed_outbound_hosts = [\"{host}\"]\n"
    )
}

#[tokio::test]
async fn over_http2_too_head_has_no_body() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &[]);
        let mut client = plain_http2(&served).await;
        for (path, status) in [("/static", 203), ("/.well-known/spin/health", 200), ("/else", 200)] {
            let head = Request::head(format!("{}{path}", served.url)).body(String::new()).unwrap();
            let response = soon("a head comes", client.send_request(head)).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{manifest}: {path}");
            assert_eq!(text(response).await, "", "{manifest}: {path}");
        }
    }
}

#[tokio::test]
async fn a_client_of_http2_may_be_idle_before_its_first_request() {
    let served = serve(CONFORMANCE[0], &["--header-timeout", "1s", "--idle-timeout", "600s"]);
    let mut client = plain_http2(&served).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let response = client.send_request(request(&served, "/else")).await.unwrap();
    assert_eq!(text(response).await, "/else is fine\n");
}

#[tokio::test]
async fn a_signal_does_not_wait_for_half_a_handshake() {
    let identity = Identity::new();
    let mut served = identity.serve(CONFORMANCE[0], &["--header-timeout", "600s", "--drain-timeout", "600s"]);
    let silent = TcpStream::connect(served.authority()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.process.signal(Signal::SIGTERM);
    assert_eq!(served.process.ended_within(SOON).code(), Some(0));
    drop(silent);
}
