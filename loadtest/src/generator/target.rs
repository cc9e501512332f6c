//! At whom a burst is fired: an address, the way there, and a request.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use http::header::{CONNECTION, HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Uri, Version};
use hyper::body::Bytes;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::dial::Route;
use super::proxy::{self, Proxy};
use super::tls::{self, Trust};

/// How long each of several addresses is tried.
const TRIED_FOR: Duration = Duration::from_secs(4);

/// An address and a request.
#[derive(Debug, Clone)]
pub struct Target {
    /// As it was given.
    pub url: Uri,
    /// Resolved once; a proxy's, where one is on the way.
    pub address: SocketAddr,
    /// How the address is spoken to.
    pub(super) route: Route,
    /// The request's method.
    pub method: Method,
    /// The request's headers, `host` among them.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Bytes,
    /// Whether a connection carries several requests; where not, connecting is part of each one's time.
    pub keep_alive: bool,
    /// Which statuses are good; 2xx where it is left out.
    pub good: Option<Vec<RangeInclusive<u16>>>,
}

/// How requests get to a URL.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Whom https trusts.
    pub trust: Trust,
    /// HTTP/2 instead of HTTP/1.1.
    pub http2: bool,
    /// A proxy, or the environment's; without either the way is direct.
    pub proxy: Via,
}

/// Through whom.
#[derive(Debug, Clone, Default)]
pub enum Via {
    /// Nobody.
    #[default]
    Direct,
    /// The proxy of the environment, if there is one.
    Environment,
    /// This proxy, but for the hosts of `NO_PROXY`.
    Proxy(String),
}

impl Target {
    /// A GET request at `url`, straight to it, by HTTP/1.1.
    ///
    /// # Errors
    ///
    /// A line that says what is wrong with the URL, or that its host is unknown.
    pub async fn get(url: &str) -> Result<Self, String> {
        Self::by(url, &Way::default()).await
    }

    /// A GET request at `url`.
    ///
    /// # Errors
    ///
    /// Likewise; or what is wrong with the proxy or the certificates.
    pub async fn by(url: &str, way: &Way) -> Result<Self, String> {
        let uri = checked(url)?;
        let Some((authority, host)) = uri.authority().zip(uri.host()) else {
            return Err(format!("{url:?} is no URL: it names no host"));
        };
        let is_https = uri.scheme_str() == Some("https");
        let mut headers = HeaderMap::new();
        let name = HeaderValue::from_str(authority.as_str()).map_err(|error| format!("{url:?}: {error}"))?;
        headers.insert(HOST, name);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("loadtest/", env!("CARGO_PKG_VERSION"))));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let proxy = match &way.proxy {
            Via::Direct => None,
            Via::Environment => Proxy::of(&uri, None)?,
            Via::Proxy(given) => Proxy::of(&uri, Some(given))?,
        };
        let mut route = Route { by_proxy: proxy.is_some(), http2: way.http2, ..Route::default() };
        if is_https {
            let name = ServerName::try_from(host.to_owned()).map_err(|error| format!("{url:?}: {error}"))?;
            route.tls = Some((tls::config(&way.trust, if way.http2 { "h2" } else { "http/1.1" })?, name));
        }
        let address = match &proxy {
            Some(proxy) => {
                resolve(&proxy.host, proxy.port).await.map_err(|error| format!("the proxy: {error}"))?
            }
            None => resolve(host, port).await?,
        };
        if let Some(authorization) = proxy.map(|proxy| proxy.authorization) {
            if is_https || way.http2 {
                let whom = format!("{}:{port}", uri.host().unwrap_or(host));
                route.tunnel = Some(proxy::connect(&whom, authorization.as_ref()));
            } else if let Some(authorization) = authorization {
                headers.insert(PROXY_AUTHORIZATION, authorization);
            }
        }
        Ok(Self {
            url: uri,
            address,
            route,
            method: Method::GET,
            headers,
            body: Bytes::new(),
            keep_alive: true,
            good: None,
        })
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
        self.address.ip().is_loopback() && !self.route.by_proxy
    }

    pub(super) fn request(&self) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        let path = self.url.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let is_plain_proxy = self.route.by_proxy && self.route.tunnel.is_none();
        if self.route.http2 {
            *request.version_mut() = Version::HTTP_2;
            *request.uri_mut() = self.http2_uri(path);
            // RFC 9113, 8.2.2 and 8.3.1.
            [HOST, CONNECTION].iter().for_each(|name| drop(request.headers_mut().remove(name)));
        } else {
            *request.uri_mut() = if is_plain_proxy { self.url.clone() } else { path.into() };
            if !self.keep_alive {
                request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
        request
    }

    /// With the authority that the `host` header names.
    fn http2_uri(&self, path: PathAndQuery) -> Uri {
        let mut parts = self.url.clone().into_parts();
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
        parts.authority = host.or(parts.authority);
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).unwrap_or_else(|_| self.url.clone())
    }
}

/// The URL, where it is one that can be fired at. A password in it is not repeated.
fn checked(url: &str) -> Result<Uri, String> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next();
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(
            "a user in the URL is not offered; give -a USER:PASSWORD, or -H 'Authorization: ...'".to_owned()
        );
    }
    let uri: Uri = url.parse().map_err(|error| format!("{url:?} is no URL: {error}"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(format!("{url:?} is no URL: it must start with http:// or https://"));
    }
    let Some((authority, host)) = uri.authority().zip(uri.host()) else {
        return Err(format!("{url:?} is no URL: it names no host"));
    };
    // What follows the host is nothing, or a colon and a port.
    let after_host = authority.as_str().strip_prefix(host).unwrap_or_default();
    if !after_host.is_empty() && authority.port_u16().is_none() {
        return Err(format!("{url:?} is no URL: a port from 0 to 65535 is allowed"));
    }
    Ok(uri)
}

/// The first of the host's addresses that takes a connection, or else the first: `localhost` may
/// name both `::1` and `127.0.0.1`, and a server listen on one.
async fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<_> = found.map_err(|error| format!("{host} can't be resolved: {error}"))?.collect();
    if addresses.len() > 1 {
        for address in &addresses {
            if matches!(timeout(TRIED_FOR, TcpStream::connect(address)).await, Ok(Ok(_))) {
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
            ("https://", "no URL"),
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
