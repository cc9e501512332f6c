//! How a request travels: TLS, HTTP/2, proxies, kept and new connections, over real sockets.

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

use common::fired::{Fired, burst, judged};
use common::pool::{Manners, serve};

const SERVICE: Duration = Duration::from_millis(300);

/// A server of HTTP/2, or of HTTP/1.1 over TLS, that answers after a while.
struct Peer {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Peer {
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
        let peer = Self { port, connections: Arc::default(), requests: Arc::default(), folder };
        let (connections, requests) = (peer.connections.clone(), peer.requests.clone());
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
        peer
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
async fn https_is_trusted_by_its_certificate_or_not_at_all() {
    let peer = Peer::serve(Some("http/1.1"), false, None).await;
    let url = format!("https://127.0.0.1:{}/", peer.port);
    let cacert = peer.cacert();
    for trust in [&["--cacert", &*cacert][..], &["--insecure"]] {
        let fired = burst(&[&["-n", "4", "-c", "4"], trust, &[&*url]].concat()).await;
        let error = fired.stderr.clone();
        let burst = fired.burst();
        assert_eq!(burst.ok, 4, "{error}");
        assert!(burst.requests.iter().all(|request| request.connect_us.unwrap() > 0.0));
    }
    let distrusted = burst(&["-n", "4", &url]).await;
    assert_eq!(distrusted.code, Some(3), "{}", distrusted.stderr);
    for said in ["--cacert", "--insecure", "certificate isn't trusted"] {
        assert!(distrusted.stderr.contains(said), "{}", distrusted.stderr);
    }
}

#[tokio::test]
async fn http2_shares_connections_up_to_the_stream_limit() {
    let peer = Peer::serve(None, true, Some(3)).await;
    let url = format!("http://127.0.0.1:{}/", peer.port);
    let fired = burst(&["--http2", "--service-ms", "300", "-n", "10", "-c", "10", &url]).await;
    let told = fired.stdout.clone();
    let burst = fired.burst();
    let http2 = burst.http2.unwrap();
    assert_eq!((burst.ok, http2.connections, http2.streams_each), (10, 4, Some(3)), "{told}");
    assert_eq!((peer.connections.load(SeqCst), peer.requests.load(SeqCst)), (4, 10));
    assert!(told.contains("4 HTTP/2 connections") && told.contains("a limit of 3"), "{told}");
    for request in &burst.requests {
        // Its own stream's times: the answer came a service time after the request.
        let waited = request.first_byte_us.unwrap() - request.sent_us.unwrap();
        assert!(waited >= 295_000.0, "{request:?}");
    }
}

#[tokio::test]
async fn http2_over_https_is_agreed_by_alpn_or_is_one_clear_error() {
    let peer = Peer::serve(Some("h2"), true, None).await;
    let url = format!("https://127.0.0.1:{}/", peer.port);
    let fired = burst(&["--h2", "--insecure", "-n", "5", "-c", "5", &url]).await;
    let error = fired.stderr.clone();
    let result = fired.burst();
    assert_eq!((result.ok, result.http2.unwrap().connections), (5, 1), "{error}");

    let old = Peer::serve(Some("http/1.1"), false, None).await;
    let url = format!("https://127.0.0.1:{}/", old.port);
    let fired = burst(&["--http2", "--insecure", "-n", "5", &url]).await;
    assert!(fired.stderr.contains("offers no HTTP/2"), "{}", fired.stderr);
    assert_eq!(fired.code, Some(3));
}

#[tokio::test]
async fn without_keepalive_each_request_has_its_own_connection_and_pays_for_it() {
    let pool = serve(Manners::pool(100, SERVICE)).await;
    let burst = judged(&pool, &["--disable-keepalive", "-n", "9", "-c", "3"]).await;
    // A warm-up and a solo request go out beside them.
    assert_eq!((burst.ok, pool.connections.load(SeqCst)), (9, 11));
    assert!(burst.requests.iter().all(|request| request.connects && request.connect_us.is_some()));
    assert_eq!(pool.last.lock().unwrap().clone().unwrap().headers["connection"], "close");
}

#[tokio::test]
async fn cold_means_no_warm_up() {
    let pool = serve(Manners::pool(100, SERVICE)).await;
    judged(&pool, &["--cold", "-n", "3", "-c", "3"]).await;
    assert_eq!(pool.requests.load(SeqCst), 4);
}

#[tokio::test]
async fn heys_headers_are_sent() {
    let pool = serve(Manners::pool(10, Duration::from_millis(20))).await;
    let flags =
        ["-A", "text/x", "-U", "me/1", "--host", "a.example", "-a", "user:geheim", "-n", "3", "-c", "3"];
    let fired = burst(&[&flags[..], &[&*pool.url]].concat()).await;
    let seen = pool.last.lock().unwrap().clone().unwrap().headers;
    for (name, value) in [
        ("accept", "text/x"),
        ("user-agent", "me/1"),
        ("host", "a.example"),
        ("authorization", "Basic dXNlcjpnZWhlaW0="),
    ] {
        assert_eq!(seen[name], value);
    }
    assert!(!seen.contains_key("accept-encoding"));
    assert!(!format!("{}{}", fired.stdout, fired.stderr).contains("geheim"));
    assert!(!serde_json::to_string(&fired.document).unwrap().contains("geheim"));
}

#[tokio::test]
async fn which_statuses_are_good_is_the_users_to_say() {
    let pool = serve(Manners { refuse: true, ..Manners::pool(0, SERVICE) }).await;
    let burst = judged(&pool, &["--status", "2xx,503", "-n", "4", "-c", "4"]).await;
    assert_eq!((burst.ok, burst.failed), (4, 0));
}

#[tokio::test]
async fn no_bad_value_repeats_a_password() {
    for (args, said) in [
        (&["-a", "geheim", "http://127.0.0.1:1/"][..], "USER:PASSWORD is allowed"),
        (&["-x", "socks5://u:geheim@127.0.0.1:1", "http://127.0.0.1:1/"], "HOST:PORT"),
        (&["http://u:geheim@127.0.0.1:99999/"], "-a USER:PASSWORD"),
        (&["-H", "Authorization geheim", "http://127.0.0.1:1/"], "`Name: value` is allowed"),
        (&["--status", "2x", "http://127.0.0.1:1/"], "2xx,304"),
        (&["--cacert", "/nowhere.pem", "https://127.0.0.1:1/"], "--cacert /nowhere.pem"),
        (&["-D", "/nowhere", "http://127.0.0.1:1/"], "-D /nowhere"),
    ] {
        let fired = burst(args).await;
        assert_eq!(fired.code, Some(2), "{args:?}: {}", fired.stderr);
        assert!(
            fired.stderr.contains(said) && !fired.stderr.contains("geheim"),
            "{args:?}: {}",
            fired.stderr
        );
    }
}

#[tokio::test]
async fn ipv6_addresses_are_fired_at() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, false, None, Arc::default()));
        }
    });
    assert_eq!(burst(&["-n", "3", "-c", "3", &url]).await.burst().ok, 3);
}

/// A proxy that notes each request's first line, and what it is told of who asks.
async fn proxy(seen: Arc<Mutex<Vec<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8(head).unwrap();
                seen.lock().unwrap().push(head.clone());
                let whom = head.split(' ').nth(1).unwrap();
                let whom = whom.trim_start_matches("http://").trim_end_matches('/').to_owned();
                let mut server = TcpStream::connect(whom).await?;
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
    let seen = Arc::new(Mutex::new(Vec::new()));
    let port = proxy(seen.clone()).await;
    let through = format!("http://u:geheim@127.0.0.1:{port}");
    let pool = serve(Manners::pool(10, SERVICE)).await;
    let fired = burst(&["-x", &through, "-n", "3", "-c", "3", &pool.url]).await;
    assert!(!fired.stdout.contains("geheim"));
    assert_eq!(fired.burst().ok, 3);
    let peer = Peer::serve(Some("http/1.1"), false, None).await;
    let url = format!("https://127.0.0.1:{}/", peer.port);
    assert_eq!(burst(&["-x", &through, "--insecure", "-n", "3", "-c", "3", &url]).await.burst().ok, 3);
    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|head| head.starts_with(&format!("GET {} HTTP/1.1", pool.url))), "{seen:?}");
    assert!(
        seen.iter().any(|head| head.starts_with(&format!("CONNECT 127.0.0.1:{} ", peer.port))),
        "{seen:?}"
    );
    assert!(seen.iter().all(|head| head.to_lowercase().contains("proxy-authorization: basic")), "{seen:?}");
}

/// What comes of three requests at a server that answers with these bytes, and then closes or waits.
async fn at(answer: &'static [u8], endless: &'static [u8], closes: bool) -> Fired {
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
async fn each_failure_is_a_row_of_its_kind() {
    for (answer, endless, closes, kind) in [
        (&b""[..], &b""[..], true, ErrorKind::Closed),
        (b"", b"", false, ErrorKind::Timeout),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"", true, ErrorKind::Closed),
        (b"\x00\x01garbage that is no HTTP\r\n\r\n", b"", true, ErrorKind::Protocol),
        (
            b"HTTP/1.1 200 OK\r\n",
            b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
            true,
            ErrorKind::Protocol,
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 65_536], true, ErrorKind::Timeout),
    ] {
        let rows = at(answer, endless, closes).await.burst().requests;
        let kinds: Vec<_> = rows.iter().map(|row| (row.error_kind, row.error.is_some())).collect();
        assert_eq!(kinds, [(Some(kind), true); 3], "{rows:?}");
    }
    let gone = burst(&["-n", "3", "-c", "3", "--service-ms", "300", "http://127.0.0.1:1/"]).await.burst();
    assert!(gone.requests.iter().all(|row| row.error_kind == Some(ErrorKind::ConnectRefused)));
}
