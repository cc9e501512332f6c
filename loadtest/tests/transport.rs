//! `loadtest burst` over real sockets: TLS, HTTP/2, proxies, persistent and new connections.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use judge::trace::ErrorKind;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use common::burst_run::{BurstRun, burst, judged, sent_alone};
use common::pool::{PoolBehavior, serve};

const SERVICE: Duration = Duration::from_millis(300);

/// A server for HTTP/2, or for HTTP/1.1 over TLS, that answers after the service time.
struct TestServer {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    folder: TempDir,
}

impl TestServer {
    fn cacert(&self) -> String {
        self.folder.path().join("cert.pem").display().to_string()
    }

    async fn serve(alpn: Option<&'static str>, http2: bool, streams: Option<u32>) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        let acceptor = alpn.map(|alpn| {
            let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
            let certificate = CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap();
            let mut config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
                .unwrap();
            config.alpn_protocols = vec![alpn.into()];
            TlsAcceptor::from(Arc::new(config))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, connections: Arc::default(), requests: Arc::default(), folder };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, SeqCst);
                let (acceptor, requests) = (acceptor.clone(), requests.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => answer_all(stream, http2, streams, requests).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                answer_all(stream, http2, streams, requests).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }
}

async fn answer_all<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    http2: bool,
    streams: Option<u32>,
    requests: Arc<AtomicUsize>,
) {
    let service = service_fn(move |_: Request<Incoming>| {
        requests.fetch_add(1, SeqCst);
        async {
            tokio::time::sleep(SERVICE).await;
            Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("fine"))))
        }
    });
    let io = TokioIo::new(stream);
    if http2 {
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = builder.max_concurrent_streams(streams).serve_connection(io, service).await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
    }
}

#[tokio::test]
async fn https_needs_a_trusted_certificate_or_insecure() {
    let server = TestServer::serve(Some("http/1.1"), false, None).await;
    let url = format!("https://127.0.0.1:{}/", server.port);
    let cacert = server.cacert();
    for trust in [&["--cacert", &*cacert][..], &["--insecure"]] {
        let run = burst(&[&["-n", "4", "-c", "4"], trust, &[&*url]].concat()).await;
        let error = run.stderr.clone();
        let burst = run.burst();
        assert_eq!(burst.ok, 4, "{error}");
        assert!(burst.requests.iter().all(|request| request.connect_us.unwrap() > 0.0));
    }
    let untrusted = burst(&["-n", "4", &url]).await;
    assert_eq!(untrusted.code, Some(3), "{}", untrusted.stderr);
    for part in ["--cacert", "--insecure", "certificate isn't trusted"] {
        assert!(untrusted.stderr.contains(part), "{}", untrusted.stderr);
    }
}

#[tokio::test]
async fn http2_shares_connections_up_to_the_stream_limit() {
    let server = TestServer::serve(None, true, Some(3)).await;
    let url = format!("http://127.0.0.1:{}/", server.port);
    let run = burst(&["--http2", "--service-ms", "300", "-n", "10", "-c", "10", &url]).await;
    let text = run.stdout.clone();
    let burst = run.burst();
    let http2 = burst.http2.unwrap();
    assert_eq!((burst.ok, http2.connections, http2.streams_each), (10, 4, Some(3)), "{text}");
    assert_eq!((server.connections.load(SeqCst), server.requests.load(SeqCst)), (4, 10));
    assert!(text.contains("4 HTTP/2 connections") && text.contains("a limit of 3"), "{text}");
    for request in &burst.requests {
        // The times are those of the request's stream: its answer came a service time after its send.
        let waited = request.first_byte_us.unwrap() - request.sent_us.unwrap();
        assert!(waited >= 295_000.0, "{request:?}");
    }
}

#[tokio::test]
async fn http2_over_https_is_negotiated_by_alpn_or_is_one_clear_error() {
    let server = TestServer::serve(Some("h2"), true, None).await;
    let url = format!("https://127.0.0.1:{}/", server.port);
    let run = burst(&["--h2", "--insecure", "-n", "5", "-c", "5", &url]).await;
    let error = run.stderr.clone();
    let result = run.burst();
    assert_eq!((result.ok, result.http2.unwrap().connections), (5, 1), "{error}");

    let old = TestServer::serve(Some("http/1.1"), false, None).await;
    let url = format!("https://127.0.0.1:{}/", old.port);
    let run = burst(&["--http2", "--insecure", "-n", "5", &url]).await;
    assert!(run.stderr.contains("offers no HTTP/2"), "{}", run.stderr);
    assert_eq!(run.code, Some(3));
}

#[tokio::test]
async fn without_keepalive_each_request_opens_a_connection() {
    let pool = serve(PoolBehavior::pool(100, SERVICE)).await;
    let burst = judged(&pool, &["--disable-keepalive", "-n", "9", "-c", "3"]).await;
    assert_eq!((burst.ok, pool.connections.load(SeqCst)), (9, 9 + sent_alone(&burst)));
    assert!(burst.requests.iter().all(|request| request.connects && request.connect_us.is_some()));
    assert_eq!(pool.last.lock().unwrap().clone().unwrap().headers["connection"], "close");
}

#[tokio::test]
async fn cold_skips_the_warm_up() {
    let pool = serve(PoolBehavior::pool(100, SERVICE)).await;
    let burst = judged(&pool, &["--cold", "-n", "3", "-c", "3"]).await;
    assert_eq!(burst.baseline.as_ref().unwrap().warm_up_ms, None);
    assert_eq!(pool.requests.load(SeqCst), 3 + sent_alone(&burst));
}

#[tokio::test]
async fn heys_headers_are_sent() {
    let pool = serve(PoolBehavior::pool(10, Duration::from_millis(20))).await;
    let flags =
        ["-A", "text/x", "-U", "me/1", "--host", "a.example", "-a", "user:geheim", "-n", "3", "-c", "3"];
    let run = burst(&[&flags[..], &[&*pool.url]].concat()).await;
    let headers = pool.last.lock().unwrap().clone().unwrap().headers;
    for (name, value) in [
        ("accept", "text/x"),
        ("user-agent", "me/1"),
        ("host", "a.example"),
        ("authorization", "Basic dXNlcjpnZWhlaW0="),
    ] {
        assert_eq!(headers[name], value);
    }
    assert!(!headers.contains_key("accept-encoding"));
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("geheim"));
    assert!(!serde_json::to_string(&run.document).unwrap().contains("geheim"));
}

#[tokio::test]
async fn the_status_flag_sets_the_good_statuses() {
    let pool = serve(PoolBehavior { refuse: true, ..PoolBehavior::pool(0, SERVICE) }).await;
    let burst = judged(&pool, &["--status", "2xx,503", "-n", "4", "-c", "4"]).await;
    assert_eq!((burst.ok, burst.failed), (4, 0));
}

#[tokio::test]
async fn no_error_repeats_a_password() {
    for (args, message) in [
        (&["-a", "geheim", "http://127.0.0.1:1/"][..], "USER:PASSWORD is allowed"),
        (&["-x", "socks5://u:geheim@127.0.0.1:1", "http://127.0.0.1:1/"], "HOST:PORT"),
        (&["http://u:geheim@127.0.0.1:99999/"], "-a USER:PASSWORD"),
        (&["-H", "Authorization geheim", "http://127.0.0.1:1/"], "`Name: value` is allowed"),
        (&["--status", "2x", "http://127.0.0.1:1/"], "2xx,304"),
        (&["--cacert", "/nowhere.pem", "https://127.0.0.1:1/"], "--cacert /nowhere.pem"),
        (&["-D", "/nowhere", "http://127.0.0.1:1/"], "-D /nowhere"),
    ] {
        let run = burst(args).await;
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(message) && !run.stderr.contains("geheim"), "{args:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn ipv6_addresses_work() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, false, None, Arc::default()));
        }
    });
    assert_eq!(burst(&["-n", "3", "-c", "3", &url]).await.burst().ok, 3);
}

/// A proxy that records the head of each request.
async fn proxy(heads: Arc<Mutex<Vec<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let heads = heads.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8(head).unwrap();
                heads.lock().unwrap().push(head.clone());
                let authority = head.split(' ').nth(1).unwrap();
                let authority = authority.trim_start_matches("http://").trim_end_matches('/').to_owned();
                let mut server = TcpStream::connect(authority).await?;
                match head.starts_with("CONNECT") {
                    true => client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?,
                    false => server.write_all(head.as_bytes()).await?,
                }
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

#[tokio::test]
async fn a_proxy_gets_whole_urls_and_opens_tunnels() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let port = proxy(heads.clone()).await;
    let through = format!("http://u:geheim@127.0.0.1:{port}");
    let pool = serve(PoolBehavior::pool(10, SERVICE)).await;
    let run = burst(&["-x", &through, "-n", "3", "-c", "3", &pool.url]).await;
    assert!(!run.stdout.contains("geheim"));
    assert_eq!(run.burst().ok, 3);
    let server = TestServer::serve(Some("http/1.1"), false, None).await;
    let url = format!("https://127.0.0.1:{}/", server.port);
    assert_eq!(burst(&["-x", &through, "--insecure", "-n", "3", "-c", "3", &url]).await.burst().ok, 3);
    let heads = heads.lock().unwrap();
    assert!(heads.iter().any(|head| head.starts_with(&format!("GET {} HTTP/1.1", pool.url))), "{heads:?}");
    assert!(
        heads.iter().any(|head| head.starts_with(&format!("CONNECT 127.0.0.1:{} ", server.port))),
        "{heads:?}"
    );
    assert!(heads.iter().all(|head| head.to_lowercase().contains("proxy-authorization: basic")), "{heads:?}");
}

/// Fires three requests at a server that answers with `answer`, then repeats `endless` forever, or closes the
/// connection, or leaves it open.
async fn burst_at(answer: &'static [u8], endless: &'static [u8], closes: bool) -> BurstRun {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer).await;
                while !endless.is_empty() && stream.write_all(endless).await.is_ok() {}
                if !closes {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    burst(&["-n", "3", "-c", "3", "-t", "2", "--service-ms", "300", &url]).await
}

#[tokio::test]
async fn each_failure_is_a_row_with_its_kind() {
    for (answer, endless, closes, kind) in [
        (&b""[..], &b""[..], true, ErrorKind::Closed),
        (b"", b"", false, ErrorKind::Timeout),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"", true, ErrorKind::Protocol),
        (b"\x00\x01garbage that is not HTTP\r\n\r\n", b"", true, ErrorKind::Protocol),
        (
            b"HTTP/1.1 200 OK\r\n",
            b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
            true,
            ErrorKind::Protocol,
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 65_536], true, ErrorKind::Timeout),
    ] {
        let rows = burst_at(answer, endless, closes).await.burst().requests;
        let kinds: Vec<_> = rows.iter().map(|row| (row.error_kind, row.error.is_some())).collect();
        assert_eq!(kinds, [(Some(kind), true); 3], "{rows:?}");
    }
    let gone = burst(&["-n", "3", "-c", "3", "--service-ms", "300", "http://127.0.0.1:1/"]).await.burst();
    assert!(gone.requests.iter().all(|row| row.error_kind == Some(ErrorKind::ConnectRefused)));
}
