use std::fs;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::{Program, Server};

/// A self-signed certificate for 127.0.0.1 and its key, in a temporary folder.
pub struct Identity {
    /// The folder with `cert.pem` and `key.pem`.
    pub folder: TempDir,
}

impl Identity {
    /// Creates a new certificate.
    #[expect(clippy::new_without_default, reason = "each call creates another certificate")]
    pub fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).expect("a file");
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
        Self { folder }
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The flags that make a server use the certificate.
    pub fn flags(&self) -> [String; 4] {
        ["--tls-cert".into(), self.path("cert.pem"), "--tls-key".into(), self.path("key.pem")]
    }

    /// Serves the manifest over HTTPS.
    pub fn serve(&self, program: &Program, manifest: &str, flags: &[&str]) -> Server {
        let tls = self.flags();
        program.serve(manifest, &[&tls.each_ref().map(String::as_str)[..], flags].concat())
    }

    /// Connects to the server over TLS, and offers one protocol by ALPN.
    pub async fn connect(
        &self,
        server: &Server,
        alpn: &str,
    ) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static + use<> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(self.path("cert.pem")).expect("a certificate");
        roots.add(certificate).expect("a valid certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has these versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.into()];
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let stream = TcpStream::connect(server.authority()).await.expect("the server listens");
        let stream =
            TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a TLS handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn.as_bytes()));
        stream
    }
}
