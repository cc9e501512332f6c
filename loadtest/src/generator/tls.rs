//! The client's side of TLS: the certificates that it trusts, and the reasons of failed handshakes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

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
    let mut config = match trust {
        Trust::Any => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        _ => {
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(trust)?), provider);
            let verifier = verifier.build().map_err(|error| format!("TLS: {error}"))?;
            builder.with_webpki_verifier(verifier).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![protocol.into()];
    Ok(Arc::new(config))
}

fn roots(trust: &Trust) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Trust::File(path) = trust {
        let fault = |error: &dyn std::fmt::Display| {
            format!("--cacert {}: {error}; a file of PEM certificates is allowed", path.display())
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))? {
            let certificate = certificate.map_err(|error| fault(&error))?;
            roots.add(certificate).map_err(|error| fault(&error))?;
        }
        return if roots.is_empty() { Err(fault(&"it contains no certificate")) } else { Ok(roots) };
    }
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(format!(
            "this system has no trusted certificates{why}: use --cacert FILE, SSL_CERT_FILE, or --insecure"
        ));
    }
    Ok(roots)
}

/// The reason of a failed handshake, with the flag that helps.
pub fn explain(error: &io::Error) -> String {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return format!("TLS handshake: {error}");
    };
    match error {
        Error::InvalidCertificate(reason) => format!(
            "the server's certificate isn't trusted ({reason}): use --cacert FILE with its issuer's certificate, or --insecure"
        ),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => no_http2(),
        Error::InvalidMessage(_) => {
            format!("TLS handshake: {error}; does the server use https on this port?")
        }
        _ => format!("TLS handshake: {error}"),
    }
}

/// The error for a server that doesn't select HTTP/2 by ALPN.
pub fn no_http2() -> String {
    "the server offers no HTTP/2 (by ALPN): leave out --http2".to_owned()
}

/// Accepts every certificate. The handshake's signatures are still checked, which costs a client the usual time.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
