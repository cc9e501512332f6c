//! The reasons of failed handshakes, with what helps.

use std::io;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, Error};

/// Returns the reason of a failed handshake with the server of this name, with the flag that helps.
pub fn explain(error: &io::Error, name: &ServerName<'_>) -> String {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                "TLS handshake: the server closed the connection; does it use https on this port?".to_owned()
            }
            _ => format!("TLS handshake: {error}"),
        };
    };
    match error {
        Error::InvalidCertificate(reason) => untrusted(reason, &name.to_str()),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => no_http2(),
        Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure) => {
            format!("TLS handshake: {error}; a server that asks for a client's certificate can't be tested")
        }
        Error::InvalidMessage(_) => {
            format!("TLS handshake: {error}; does the server use https on this port?")
        }
        _ => format!("TLS handshake: {error}"),
    }
}

fn untrusted(reason: &CertificateError, name: &str) -> String {
    use CertificateError as Fault;
    let (why, help) = match reason {
        Fault::UnknownIssuer => ("its issuer is unknown".to_owned(), ISSUER),
        Fault::Expired | Fault::ExpiredContext { .. } => {
            ("it has expired".to_owned(), "renew it, or use --insecure")
        }
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => {
            ("it isn't valid yet".to_owned(), "check the clocks, or use --insecure")
        }
        Fault::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            (format!("it isn't for {name}; it is for {}", names(presented)), NAME)
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            (format!("it isn't for {name}"), NAME)
        }
        Fault::BadSignature => ("its signature is wrong".to_owned(), ISSUER),
        Fault::Revoked => ("it was revoked".to_owned(), "renew it, or use --insecure"),
        Fault::InvalidPurpose | Fault::InvalidPurposeContext { .. } => {
            ("it isn't for servers".to_owned(), "use --insecure")
        }
        Fault::Other(_) => {
            ("it is an issuer's certificate, or breaks another rule for servers".to_owned(), ITSELF)
        }
        _ => ("it can't be verified".to_owned(), "use --insecure"),
    };
    format!("the server's certificate isn't trusted ({why}): {help}")
}

const ISSUER: &str = "use --cacert FILE with its issuer's certificate, or --insecure";
const NAME: &str = "use a URL with the name that it is for, or --insecure";
const ITSELF: &str = "use --cacert FILE with this certificate, or --insecure";

/// The names, at most three. They look like `DnsName("a.example")`.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| match name.split_once('(') {
        Some((_, rest)) => rest.trim_end_matches(')').trim_matches('"').to_owned(),
        None => name.clone(),
    };
    let more = if presented.len() > 3 { " and others" } else { "" };
    presented.iter().take(3).map(plain).collect::<Vec<_>>().join(", ") + more
}

/// The error for a server that doesn't select HTTP/2 by ALPN.
pub fn no_http2() -> String {
    "the server offers no HTTP/2 (by ALPN): leave out --http2".to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    #[test]
    fn a_reason_says_what_helps_and_shows_no_debug_text() {
        let said = |reason| {
            let error = io::Error::other(Error::InvalidCertificate(reason));
            explain(&error, &ServerName::try_from("b.example").unwrap())
        };
        let presented = vec!["DnsName(\"a.example\")".to_owned(), "IpAddress(127.0.0.1)".to_owned()];
        let expected = ServerName::try_from("b.example").unwrap();
        assert_eq!(
            said(CertificateError::NotValidForNameContext { expected, presented }),
            "the server's certificate isn't trusted (it isn't for b.example; it is for a.example, 127.0.0.1): use a URL \
             with the name that it is for, or --insecure"
        );
        assert!(said(CertificateError::Expired).contains("(it has expired): renew it"));
        assert!(said(CertificateError::UnknownIssuer).contains("--cacert FILE with its issuer's"));
        let other =
            said(CertificateError::Other(OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity")))));
        assert!(!other.contains("CaUsed") && other.contains("--cacert FILE with this"), "{other}");
    }
}
