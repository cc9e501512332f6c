//! The client's side of TLS: whom it trusts, and what a failed handshake means.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Whom a burst's connections trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// The system's roots, or those of `SSL_CERT_FILE`.
    #[default]
    System,
    /// The certificates of this file, and no others.
    File(PathBuf),
    /// Anyone.
    Anyone,
}

/// What every connection of a burst shakes hands by; `protocol` is offered by ALPN.
///
/// # Errors
///
/// A line that says which certificates can't be read.
pub fn config(trust: &Trust, protocol: &str) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    let mut config = match trust {
        Trust::Anyone => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
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
        let wrong = |error: &dyn std::fmt::Display| {
            format!("--cacert {}: {error}; a file of PEM certificates is allowed", path.display())
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
        }
        return if roots.is_empty() { Err(wrong(&"no certificate is in it")) } else { Ok(roots) };
    }
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(format!(
            "this system has no certificates to trust{why}: give --cacert FILE, SSL_CERT_FILE, or --insecure"
        ));
    }
    Ok(roots)
}

/// Why a handshake failed, and which flag helps.
pub fn explain(error: &io::Error) -> String {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return format!("TLS handshake: {error}");
    };
    match error {
        Error::InvalidCertificate(reason) => format!(
            "the server's certificate isn't trusted ({reason}): give its issuer's by --cacert FILE, or --insecure"
        ),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => no_http2(),
        Error::InvalidMessage(_) => format!("TLS handshake: {error}; does the server speak https there?"),
        _ => format!("TLS handshake: {error}"),
    }
}

/// What is said where ALPN found no HTTP/2.
pub fn no_http2() -> String {
    "the server offers no HTTP/2 (by ALPN): leave out --http2".to_owned()
}

/// Takes every certificate; signatures are checked all the same, as by a client that cares.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
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
