//! At whom a burst is fired: an address and a request.

use std::net::SocketAddr;

use http::header::{HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::net::TcpStream;

/// An address and a request.
#[derive(Debug, Clone)]
pub struct Target {
    /// As it was given.
    pub url: Uri,
    /// Resolved once.
    pub address: SocketAddr,
    /// The request's method.
    pub method: Method,
    /// The request's headers, `host` among them.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Bytes,
}

impl Target {
    /// A GET request at `url`.
    ///
    /// # Errors
    ///
    /// A line that says what is wrong with the URL, or that its host is unknown.
    pub async fn get(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url:?} is no URL: {error}"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(format!("{url}: https is not offered yet; put the load on an http address"));
            }
            _ => return Err(format!("{url:?} is no URL: it must start with http://")),
        }
        let Some((authority, host)) = uri.authority().zip(uri.host()) else {
            return Err(format!("{url:?} is no URL: it names no host"));
        };
        if authority.as_str().contains('@') {
            return Err("a user in the URL is not offered; give -H 'Authorization: ...'".to_owned());
        }
        // What follows the host is nothing, or a colon and a port.
        let after_host = authority.as_str().strip_prefix(host).unwrap_or_default();
        if !after_host.is_empty() && authority.port_u16().is_none() {
            return Err(format!("{url:?} is no URL: a port from 0 to 65535 is allowed"));
        }
        let mut headers = HeaderMap::new();
        let name = HeaderValue::from_str(authority.as_str()).map_err(|error| format!("{url:?}: {error}"))?;
        headers.insert(HOST, name);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("loadtest/", env!("CARGO_PKG_VERSION"))));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let address = resolve(host, authority.port_u16().unwrap_or(80)).await?;
        Ok(Self { url: uri, address, method: Method::GET, headers, body: Bytes::new() })
    }

    /// The same request with another query.
    ///
    /// # Errors
    ///
    /// Where `query` can't stand in a URL.
    pub fn with_query(&self, query: &str) -> Result<Self, http::Error> {
        let mut parts = self.url.clone().into_parts();
        let path = format!("{}?{query}", self.url.path());
        parts.path_and_query = Some(path.parse()?);
        Ok(Self { url: Uri::from_parts(parts)?, ..self.clone() })
    }

    /// Whether the server runs on this machine, and so by this machine's clock.
    pub fn is_local(&self) -> bool {
        self.address.ip().is_loopback()
    }

    pub(super) fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() =
            self.url.path_and_query().map_or_else(|| Uri::from_static("/"), |path| path.clone().into());
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// The first of the host's addresses that takes a connection, or else the first: `localhost` may
/// name both `::1` and `127.0.0.1`, and a server listen on one.
async fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<_> = found.map_err(|error| format!("{host} can't be resolved: {error}"))?.collect();
    if addresses.len() > 1 {
        for address in &addresses {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(*address);
            }
        }
    }
    addresses.first().copied().ok_or_else(|| format!("{host} has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_is_resolved_and_its_host_is_sent() {
        let target = Target::get("http://127.0.0.1:3000/e1/p1?x=1").await.unwrap();
        assert_eq!(target.address, "127.0.0.1:3000".parse().unwrap());
        assert_eq!(target.request().uri(), "/e1/p1?x=1");
        assert_eq!(target.request().headers()["host"], "127.0.0.1:3000");
        assert_eq!(target.with_query("wait_ms=0").unwrap().request().uri(), "/e1/p1?wait_ms=0");
        assert!(target.is_local());
        assert_eq!(Target::get("http://[::1]").await.unwrap().address, "[::1]:80".parse().unwrap());
    }

    #[tokio::test]
    async fn a_bad_url_says_what_is_wrong() {
        for (url, reason) in [
            ("localhost:3000", "no URL"),
            ("ftp://localhost", "http://"),
            ("https://localhost", "not offered yet"),
            ("http://", "no URL"),
            ("http://a b", "no URL"),
            ("http://127.0.0.1:99999/x", "port"),
            ("http://127.0.0.1:abc/x", "no URL"),
            ("http://user:secret@127.0.0.1/", "Authorization"),
        ] {
            let error = Target::get(url).await.unwrap_err();
            assert!(error.contains(reason), "{url}: {error}");
        }
    }
}
