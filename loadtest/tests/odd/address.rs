//! Addresses as users write them.

use std::sync::{Arc, Mutex};

use tokio::net::UnixSocket;

use super::server::{End, OK, answer_all, recording, three};

#[tokio::test]
async fn a_url_needs_no_scheme_and_its_path_is_encoded() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let authority = recording(OK, End::Next, heads.clone()).await;
    let port = authority.rsplit_once(':').unwrap().1;
    for (url, line, host) in [
        (format!("{authority}/x"), "GET /x HTTP/1.1", authority.clone()),
        (authority.clone(), "GET / HTTP/1.1", authority.clone()),
        (format!("localhost:{port}"), "GET / HTTP/1.1", format!("localhost:{port}")),
        // Wide letters, which IDNA maps to plain ones.
        (format!("http://ｌｏｃａｌｈｏｓｔ:{port}/"), "GET / HTTP/1.1", format!("localhost:{port}")),
        (format!("http://{authority}/ä b?c=ö#part"), "GET /%C3%A4%20b?c=%C3%B6 HTTP/1.1", authority.clone()),
        (format!("{authority}/a/../%2e%2e//b"), "GET /a/../%2e%2e//b HTTP/1.1", authority.clone()),
    ] {
        heads.lock().unwrap().clear();
        let run = three(&[], &url).await;
        assert!(run.document.is_some(), "{url}: {}", run.stderr);
        assert_eq!(run.burst().ok, 3, "{url}");
        let head = heads.lock().unwrap()[0].clone();
        assert!(head.starts_with(line) && head.contains(&format!("host: {host}\r\n")), "{url}: {head}");
    }
}

#[tokio::test]
async fn requests_go_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.sock");
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    // The accept queue is shorter than the number of connections.
    let listener = socket.listen(1).unwrap();
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, OK.as_bytes().into(), End::Next, seen.clone()));
        }
    });
    let path = path.to_str().unwrap();
    let run = three(&["--unix-socket", path, "-n", "40", "-c", "20"], "http://app.example/x").await;
    assert_eq!(run.burst().ok, 40);
    let head = heads.lock().unwrap()[0].clone();
    assert!(head.starts_with("GET /x HTTP/1.1\r\n") && head.contains("host: app.example\r\n"), "{head}");
    let missing = three(&["--unix-socket", "/nowhere.sock"], "http://app.example/x").await;
    assert_eq!(missing.code, Some(3), "{}", missing.stderr);
}
