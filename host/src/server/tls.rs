//! TLS for the server: `--tls-cert` and `--tls-key`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// The files of the certificate and its key, in PEM form.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The server's certificate, followed by its chain.
    pub certificate: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// If a file can't be used. The error names the flag, the file and the reason.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, String> {
        let certificates = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable("--tls-cert", &self.certificate, &error))?;
        if certificates.is_empty() {
            return Err(unusable("--tls-cert", &self.certificate, &"it has no certificate in PEM form"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                unusable("--tls-key", &self.key, &"it has no private key in PEM form")
            }
            error => unusable("--tls-key", &self.key, &error),
        })?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(|error| match error {
                tokio_rustls::rustls::Error::InconsistentKeys(_) => {
                    unusable("--tls-key", &self.key, &"it is not the key of the certificate in --tls-cert")
                }
                error => unusable("--tls-key", &self.key, &error),
            })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), b"http/1.0".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn unusable(flag: &str, path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{flag} {}: {error}", path.display())
}
