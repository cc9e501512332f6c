//! Certificates: trusted as by curl, or one line that says why not, and what helps.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::server::{End, OK, answer_all, serve, three};
use crate::common::burst_run::burst;

/// A server with a self-signed certificate. Returns its URL, and the folder with `cert.pem`.
async fn serve_with(name: &str, change: impl Fn(&mut CertificateParams)) -> (String, TempDir) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let authority = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer_all(stream, OK.as_bytes().into(), End::Next, Arc::default()).await;
            }
        }
    })
    .await;
    (format!("https://{authority}/"), folder)
}

/// As `openssl req -x509` makes it.
fn as_issuer(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

#[tokio::test]
async fn a_certificate_given_by_cacert_is_trusted_itself() {
    let cacert = |folder: &TempDir| folder.path().join("cert.pem").to_str().unwrap().to_owned();
    let (url, folder) = serve_with("127.0.0.1", as_issuer).await;
    let run = three(&["--cacert", &cacert(&folder)], &url).await;
    assert_eq!(run.burst().ok, 3);

    // Its name and its time are checked all the same.
    for (name, change, said) in [
        ("other.example", as_issuer as fn(&mut CertificateParams), "it isn't for 127.0.0.1"),
        (
            "127.0.0.1",
            |params| {
                as_issuer(params);
                params.not_after = date_time_ymd(2020, 1, 1);
            },
            "it has expired",
        ),
    ] {
        let (url, folder) = serve_with(name, change).await;
        let run = burst(&["-n", "3", "--cacert", &cacert(&folder), &url]).await;
        assert_eq!(run.code, Some(3), "{}", run.stderr);
        assert!(run.stderr.contains(said) && run.stderr.contains("--insecure"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn an_untrusted_certificate_is_told_without_debug_text() {
    let (url, _folder) = serve_with("127.0.0.1", as_issuer).await;
    let (_, other) = serve_with("127.0.0.1", |_| {}).await;
    let cacert = other.path().join("cert.pem");
    let run = burst(&["-n", "3", "--cacert", cacert.to_str().unwrap(), &url]).await;
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("the server's certificate isn't trusted ("), "{}", run.stderr);
    assert!(run.stderr.contains("use --cacert FILE with this certificate, or --insecure"), "{}", run.stderr);
    for debug in ["OtherError", "CaUsedAsEndEntity", "UnknownIssuer"] {
        assert!(!run.stderr.contains(debug), "{}", run.stderr);
    }
}
