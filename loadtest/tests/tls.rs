//! HTTPS: the flags of `loadtest serve`, and a system under test that speaks it.

mod common;

use std::fs;

use testing::Identity;

use common::{CONFORMANCE, PROGRAM, build, output, serve_by, stderr};

#[test]
fn a_system_that_runs_already_may_speak_https() {
    let identity = Identity::new();
    let served = identity.serve(&PROGRAM, "spin.toml", &[]);
    let on = || common::loadtest(&["run", "--setup", "6", "--time-scale", "0.3", "--on", &served.url]);
    let ended = on().env("SSL_CERT_FILE", identity.path("cert.pem")).output().unwrap();
    // 4: on a busy machine so short a burst can't be trusted.
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let ended = on().env_remove("SSL_CERT_FILE").output().unwrap();
    assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("certificate"), "{}", stderr(&ended));
}

#[tokio::test]
async fn the_start_up_lines_say_https() {
    let identity = Identity::new();
    build();
    let flags = identity.flags();
    let args = ["serve", "--format", "json", "--listen", "127.0.0.1:0", CONFORMANCE[0]];
    let args = [&args[..], &flags.each_ref().map(String::as_str)].concat();
    let served = serve_by(&mut common::loadtest(&args));
    assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
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
