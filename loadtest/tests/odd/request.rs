//! Headers that a request has only once.

use std::sync::{Arc, Mutex};

use super::server::{End, OK, recording, three};

#[tokio::test]
async fn a_header_that_contradicts_the_request_is_one_clear_error() {
    for (args, said) in [
        (&["-H", "Host: a", "-H", "host: b"][..], "-H 'host: ...' is given twice"),
        (
            &["-H", "Authorization: a", "-H", "authorization: geheim"],
            "-H 'authorization: ...' is given twice",
        ),
        (&["-H", "Content-Length: 5"], "the body has 0 bytes"),
        (&["-H", "Content-Length: 5", "-d", "abc", "-m", "POST"], "the body has 3 bytes"),
        (&["-H", "Transfer-Encoding: chunked"], "leave the header out"),
    ] {
        let run = three(args, "http://127.0.0.1:1/").await;
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(said) && !run.stderr.contains("geheim"), "{args:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn a_flag_replaces_a_header_with_a_warning() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let url = format!("http://{}/", recording(OK, End::Next, heads.clone()).await);
    let args = [
        "-a",
        "u:p",
        "-H",
        "Authorization: Bearer geheim",
        "-H",
        "Content-Length: 0",
        "-U",
        "me",
        "-H",
        "user-agent: you",
    ];
    let run = three(&args, &url).await;
    for said in ["-a replaces the header authorization of -H.", "-U replaces the header user-agent of -H."] {
        assert!(run.stderr.contains(said) && !run.stderr.contains("geheim"), "{}", run.stderr);
    }
    assert_eq!(run.burst().ok, 3);
    let head = heads.lock().unwrap()[0].to_lowercase();
    assert!(head.contains("authorization: basic dtpw\r\n") && head.contains("user-agent: me\r\n"), "{head}");
    assert!(!head.contains("bearer") && !head.contains("content-length"), "{head}");
}
