//! The request that a burst repeats, with its destination.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http::header::{CONNECTION, HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Uri, Version};
use hyper::body::Bytes;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::held_stream::MAX_HELD_BYTES;
use super::http1;
use super::proxy::{self, Proxy};
use super::route::Route;
use super::socket::Address;
use super::tls::{self, Trust};
use crate::targets::address;

/// The limit for connecting to each of several addresses.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// The request that every connection of a burst sends, with its destination.
#[derive(Debug, Clone)]
pub struct RequestTemplate {
    /// The URL as it was given.
    pub url: Uri,
    /// The server's address, or the proxy's if there is one. Resolved once.
    pub(super) address: Address,
    /// The layers between the socket and the request.
    pub(super) route: Route,
    /// The request's method.
    pub method: Method,
    /// The request's headers, with `host`.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Bytes,
    /// Whether a connection carries several requests. If not, connecting is part of each request's time.
    pub keep_alive: bool,
    /// The statuses that count as good; `None` for 2xx.
    pub good: Option<Vec<RangeInclusive<u16>>>,
    /// Whether answers may have many header fields; clones share it. To read them costs time at each answer, so that requests
    /// alone find out whether it is needed.
    pub many_fields: Arc<AtomicBool>,
}

/// How requests reach a URL.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// The certificates that https trusts.
    pub trust: Trust,
    /// Whether to use HTTP/2 instead of HTTP/1.1.
    pub http2: bool,
    /// The proxy, if any.
    pub proxy: ProxyChoice,
    /// The path of the server's Unix socket, if it has one. There is no proxy then.
    pub unix_socket: Option<PathBuf>,
}

/// Which proxy requests go through.
#[derive(Debug, Clone, Default)]
pub enum ProxyChoice {
    /// None.
    #[default]
    Direct,
    /// The environment's proxy, if it names one.
    Environment,
    /// This proxy, except for the hosts of `NO_PROXY`.
    Explicit(String),
}

impl RequestTemplate {
    /// A GET request at `url`, without a proxy, over HTTP/1.1.
    ///
    /// # Errors
    ///
    /// A line that names the fault in the URL, or the host that can't be resolved.
    pub async fn get(url: &str) -> Result<Self, String> {
        Self::get_over(url, &Transport::default()).await
    }

    /// A GET request at `url` over this transport.
    ///
    /// # Errors
    ///
    /// As for [`Self::get`]; or a line that names the fault in the proxy or the certificates.
    pub async fn get_over(url: &str, transport: &Transport) -> Result<Self, String> {
        let uri = parse(&address::completed(url))?;
        let Some((authority, host)) = uri.authority().zip(uri.host()) else {
            return Err(format!("{url:?} is not a URL: it has no host"));
        };
        let is_https = uri.scheme_str() == Some("https");
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // A zone is of this machine only (RFC 6874).
        let (ip, zone) = host.split_once('%').map_or((host, None), |(ip, zone)| (ip, Some(zone)));
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let proxy = match &transport.proxy {
            ProxyChoice::Direct => None,
            ProxyChoice::Environment => Proxy::of(&uri, None)?,
            ProxyChoice::Explicit(given) => Proxy::of(&uri, Some(given))?,
        };
        let mut headers = HeaderMap::new();
        let shown = zone.map_or(authority.as_str().to_owned(), |zone| {
            authority.as_str().replacen(&format!("%{zone}"), "", 1)
        });
        let name = HeaderValue::from_str(&shown).map_err(|error| format!("{url:?}: {error}"))?;
        headers.insert(HOST, name);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("loadtest/", env!("CARGO_PKG_VERSION"))));
        let mut route = Route { by_proxy: proxy.is_some(), http2: transport.http2, ..Route::default() };
        if is_https {
            let name = ServerName::try_from(ip.to_owned()).map_err(|error| format!("{url:?}: {error}"))?;
            let protocol = if transport.http2 { "h2" } else { "http/1.1" };
            route.tls = Some((tls::config(&transport.trust, protocol)?, name));
        }
        let address = match (&proxy, &transport.unix_socket) {
            (_, Some(path)) => Address::Unix(path.as_path().into()),
            (Some(proxy), None) => {
                let resolved = resolve(&proxy.host, proxy.port).await;
                Address::Tcp(resolved.map_err(|error| format!("the proxy: {error}"))?)
            }
            (None, None) => Address::Tcp(resolve(&with_plain_zone(host), port).await?),
        };
        if let Some(authorization) = proxy.map(|proxy| proxy.authorization) {
            if is_https || transport.http2 {
                let authority = format!("{}:{port}", uri.host().unwrap_or(host));
                route.tunnel = Some(proxy::connect_request(&authority, authorization.as_ref()));
            } else if let Some(authorization) = authorization {
                headers.insert(PROXY_AUTHORIZATION, authorization);
            }
        }
        let (method, body) = (Method::GET, Bytes::new());
        Ok(Self {
            url: uri,
            address,
            route,
            method,
            headers,
            body,
            keep_alive: true,
            good: None,
            many_fields: Arc::default(),
        })
    }

    /// The same request with another query.
    ///
    /// # Errors
    ///
    /// If `query` is not valid in a URL.
    pub fn with_query(&self, query: &str) -> Result<Self, http::Error> {
        let mut parts = self.url.clone().into_parts();
        let path = format!("{}?{query}", self.url.path());
        parts.path_and_query = Some(path.parse()?);
        Ok(Self { url: Uri::from_parts(parts)?, ..self.clone() })
    }

    /// Whether the server runs on this machine, and so uses this machine's clock.
    pub fn is_local(&self) -> bool {
        match &self.address {
            Address::Tcp(address) => address.ip().is_loopback() && !self.route.by_proxy,
            Address::Unix(_) => true,
        }
    }

    /// A request to send.
    pub(super) fn build(&self) -> Request<Bytes> {
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

    /// The bytes of the request, if a socket can hold them: no layer is above it, and they are few.
    pub(super) async fn first_bytes(&self) -> Option<Bytes> {
        match self.route.http2 || self.route.tls.is_some() {
            true => None,
            false => http1::encoded(self.build(), MAX_HELD_BYTES).await,
        }
    }

    /// The URL with the authority of the `host` header, because HTTP/2 has no such header.
    fn http2_uri(&self, path: PathAndQuery) -> Uri {
        let mut parts = self.url.clone().into_parts();
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
        parts.authority = host.or(parts.authority);
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).unwrap_or_else(|_| self.url.clone())
    }
}

/// Parses an http or https URL. An error never repeats a password in it.
fn parse(url: &str) -> Result<Uri, String> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next();
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(
            "a user in the URL is not supported; use -a USER:PASSWORD, or -H 'Authorization: ...'".to_owned()
        );
    }
    let uri: Uri = url.parse().map_err(|error| format!("{url:?} is not a URL: {error}"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(format!("{url:?} is not a URL: it must start with http:// or https://"));
    }
    let Some((authority, host)) = uri.authority().zip(uri.host()) else {
        return Err(format!("{url:?} is not a URL: it has no host"));
    };
    // The parser accepts any text after the host; only a port is valid.
    let after_host = authority.as_str().strip_prefix(host).unwrap_or_default();
    if !after_host.is_empty() && authority.port_u16().is_none() {
        return Err(format!("{url:?} is not a URL: a port from 0 to 65535 is allowed"));
    }
    Ok(uri)
}

/// The host as the resolver takes it: `fe80::1%eth0`. In a URL, the percent sign of a zone is encoded, but curl takes it plain,
/// too.
fn with_plain_zone(host: &str) -> String {
    host.replacen("%25", "%", 1)
}

/// The first of the host's addresses that accepts a connection, or else the first. `localhost` may have the addresses
/// `::1` and `127.0.0.1`, while the server listens on one of them.
async fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    let resolved = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<_> = resolved.map_err(|error| format!("{host} can't be resolved: {error}"))?.collect();
    if addresses.len() > 1 {
        for address in &addresses {
            if matches!(timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await, Ok(Ok(_))) {
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
        let template = RequestTemplate::get("http://127.0.0.1:3000/e1/p1?x=1").await.unwrap();
        assert_eq!(template.address, Address::Tcp("127.0.0.1:3000".parse().unwrap()));
        assert_eq!(template.build().uri(), "/e1/p1?x=1");
        assert_eq!(template.build().headers()["host"], "127.0.0.1:3000");
        assert_eq!(template.with_query("wait_ms=0").unwrap().build().uri(), "/e1/p1?wait_ms=0");
        assert!(template.is_local());
        let ipv6 = RequestTemplate::get("http://[::1]").await.unwrap();
        assert_eq!(ipv6.address, Address::Tcp("[::1]:80".parse().unwrap()));
        let zone = RequestTemplate::get("[::1%251]:80/x#part").await.unwrap();
        assert_eq!(zone.build().headers()["host"], "[::1]:80");
        assert_eq!(zone.build().uri(), "/x");
        assert!(matches!(zone.address, Address::Tcp(SocketAddr::V6(address)) if address.scope_id() == 1));
    }

    #[tokio::test]
    async fn an_error_names_the_fault_in_a_url() {
        for (url, reason) in [
            ("ftp://localhost", "http://"),
            ("https://", "not a URL"),
            ("", "not a URL"),
            ("http://", "not a URL"),
            ("http://a b", "not a URL"),
            ("http://127.0.0.1:99999/x", "port"),
            ("http://127.0.0.1:abc/x", "not a URL"),
            ("http://user:secret@127.0.0.1/", "Authorization"),
        ] {
            let error = RequestTemplate::get(url).await.unwrap_err();
            assert!(error.contains(reason), "{url}: {error}");
        }
    }
}
