//! The client's side of TLS: the certificates that it trusts, and the reasons of failed handshakes.

mod explain;
mod verifier;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

pub use explain::{explain, no_http2};
use verifier::{AnyCertificate, Trusted};

/// The certificates that a burst's connections trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// The system's roots, or the roots of `SSL_CERT_FILE`.
    #[default]
    System,
    /// The certificates of this file, and no others.
    File(PathBuf),
    /// Any certificate.
    Any,
}

/// The configuration of a burst's connections, which offer `protocol` by ALPN.
///
/// # Errors
///
/// A line that names the certificates that can't be read.
pub fn config(trust: &Trust, protocol: &str) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::System => {
            let certificates = of_system()?;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates.iter().cloned());
            Arc::new(Trusted::new(roots, certificates, provider)?)
        }
        Trust::File(path) => {
            let (roots, certificates) = of_file(path)?;
            Arc::new(Trusted::new(roots, certificates, provider)?)
        }
        Trust::Any => Arc::new(AnyCertificate(provider)),
    };
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![protocol.into()];
    Ok(Arc::new(config))
}

/// The certificates of the system, or of `SSL_CERT_FILE`.
fn of_system() -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |why| format!(" ({why})"));
        return Err(format!(
            "this system has no trusted certificates{why}: use --cacert FILE, SSL_CERT_FILE, or --insecure"
        ));
    }
    Ok(found.certs)
}

/// The certificates of a PEM file.
fn of_file(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let fault = |error: &dyn std::fmt::Display| {
        format!("--cacert {}: {error}; a file of PEM certificates is allowed", path.display())
    };
    let read = CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))?;
    let certificates: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| fault(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| fault(&error))?;
    }
    match certificates.is_empty() {
        true => Err(fault(&"it contains no certificate")),
        false => Ok((roots, certificates)),
    }
}
