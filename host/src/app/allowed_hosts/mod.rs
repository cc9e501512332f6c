//! `allowed_outbound_hosts`: the hosts that a guest may send requests to.
//!
//! A pattern is `scheme://host:port`. The scheme is a name or `*`. The host is a name, an IP address, a network such as
//! `10.0.0.0/8`, `*.suffix` for the names below the suffix, `self` for the application itself, or `*`. The port is a
//! number, `*`, or a range such as `8000..8100` that excludes its end. Without a port, the scheme's default port
//! applies.
//!
//! Hosts are compared in the URL standard's normal form, so that an address can't pass as a name by another spelling.
//! Only addresses match a network; a name that resolves to an address of the network doesn't.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use ipnet::IpNet;
use url::Host;

/// The hosts that one component may send requests to.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(Vec<HostPattern>);

/// The addresses that an allowed host may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressScope {
    /// Any address.
    Any,
    /// Addresses outside this machine and its link. It applies to a name that only a suffix allows: the owner of the
    /// name chooses its address, and must not reach local services.
    NonLocal,
}

/// One entry of `allowed_outbound_hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    /// `None`: any scheme.
    scheme: Option<String>,
    host: HostMatcher,
    /// `None`: any port.
    ports: Option<Range<u32>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostMatcher {
    Any,
    /// The application itself.
    App,
    Exact(Host),
    /// A suffix with its leading dot.
    Suffix(String),
    Network(IpNet),
}

impl AllowedHosts {
    pub fn new(patterns: Vec<HostPattern>) -> Self {
        Self(patterns)
    }

    /// Returns the addresses that a request may go to; `None` if the request is not allowed. `host` must come from
    /// [`normalize_host`].
    pub fn scope(&self, scheme: &str, host: &Host, port: u16) -> Option<AddressScope> {
        let allowing = || self.0.iter().filter(|pattern| pattern.allows(scheme, host, port));
        match allowing().all(|pattern| matches!(pattern.host, HostMatcher::Suffix(_))) {
            false => Some(AddressScope::Any),
            true => allowing().next().map(|_| AddressScope::NonLocal),
        }
    }

    /// Whether the component may send requests to its own application.
    pub fn allows_self(&self) -> bool {
        self.0.iter().any(|pattern| {
            matches!(pattern.host, HostMatcher::Any | HostMatcher::App)
                && pattern.scheme.as_deref().is_none_or(|scheme| matches!(scheme, "http" | "https"))
        })
    }
}

/// Returns the host in the URL standard's normal form, without a trailing dot. An IPv6 address that maps an IPv4 address
/// becomes the IPv4 address.
pub fn normalize_host(host: &str) -> Option<Host> {
    Some(match Host::parse(host.strip_suffix('.').unwrap_or(host)).ok()? {
        Host::Ipv6(address) => ip_host(IpAddr::V6(address).to_canonical()),
        host => host,
    })
}

fn ip_host(address: IpAddr) -> Host {
    match address {
        IpAddr::V4(address) => Host::Ipv4(address),
        IpAddr::V6(address) => Host::Ipv6(address),
    }
}

impl HostPattern {
    /// Parses an entry of `allowed_outbound_hosts`.
    ///
    /// # Errors
    ///
    /// If the text is not a pattern. The error says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.trim().split_once("://") else {
            return Err(
                "a host must have the form scheme://host:port, such as \"https://example.com\"".to_owned()
            );
        };
        let default_port = default_port(&scheme.to_ascii_lowercase());
        let scheme = parse_scheme(scheme)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match (HostMatcher::parse(rest), rest.rsplit_once(':')) {
            (Ok(host), _) => (host, ""),
            (Err(_), Some((host, port))) => (HostMatcher::parse(host)?, port),
            (Err(reason), None) => return Err(reason),
        };
        Ok(Self { scheme, host, ports: parse_ports(port, default_port)? })
    }

    fn allows(&self, scheme: &str, host: &Host, port: u16) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && self.ports.as_ref().is_none_or(|ports| ports.contains(&port.into()))
            && self.host.allows(host)
    }
}

impl HostMatcher {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::App),
            _ => {}
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(unmapped(network.trunc())));
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self::Exact(ip_host(IpAddr::V6(address).to_canonical())));
        }
        let named = text.strip_prefix("*.").unwrap_or(text);
        let host = normalize_host(named).filter(is_plain).ok_or_else(|| {
            format!(
                "{text:?} is not a host; a name, an address, a network such as 10.0.0.0/8, *.example.com, self, or * is allowed, without a path"
            )
        })?;
        match host {
            Host::Domain(domain) if named != text => Ok(Self::Suffix(format!(".{domain}"))),
            _ if named != text => Err(format!("{text:?}: only a name can follow `*.`")),
            host => Ok(Self::Exact(host)),
        }
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            // A request to the application itself is recognised by its name: see `allows_self`.
            (Self::App, _) => false,
            (Self::Exact(allowed), host) => allowed == host,
            (Self::Suffix(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Network(network), Host::Ipv4(address)) => network.contains(&IpAddr::V4(*address)),
            (Self::Network(network), Host::Ipv6(address)) => network.contains(&IpAddr::V6(*address)),
            (Self::Suffix(_) | Self::Network(_), _) => false,
        }
    }
}

/// Whether a name has only characters of host names; the URL standard allows more.
fn is_plain(host: &Host) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    !matches!(host, Host::Domain(domain) if !domain.chars().all(plain))
}

/// Returns the IPv4 network for a network of mapped addresses (`::ffff:a.b.c.d/96` and longer).
fn unmapped(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(network) => network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    mapped.and_then(|(address, length)| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}

fn parse_scheme(scheme: &str) -> Result<Option<String>, String> {
    match scheme {
        "*" => Ok(None),
        _ if !scheme.is_empty() && scheme.chars().all(|char| char.is_ascii_alphabetic()) => {
            Ok(Some(scheme.to_ascii_lowercase()))
        }
        _ => Err(format!("{scheme:?} is not a scheme; letters, such as https, or * are allowed")),
    }
}

fn parse_ports(text: &str, default: Option<u16>) -> Result<Option<Range<u32>>, String> {
    let number = |text: &str| text.parse::<u16>().ok().map(u32::from);
    let range = match text.split_once("..") {
        _ if text == "*" => return Ok(None),
        _ if text.is_empty() => {
            let port =
                default.ok_or("the scheme has no default port: name one after the host, or :* for any")?;
            Some((port.into(), u32::from(port) + 1))
        }
        None => number(text).map(|port| (port, port + 1)),
        Some((first, end)) => number(first).zip(number(end)).filter(|(first, end)| first < end),
    };
    range.map(|(first, end)| Some(first..end)).ok_or_else(|| {
        format!("{text:?} is not a port; a number up to 65535, a range such as 8000..8100 that excludes its end, or * is allowed")
    })
}

fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" => 80,
        "https" => 443,
        "postgres" => 5432,
        "mysql" => 3306,
        "redis" => 6379,
        "mqtt" => 1883,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
