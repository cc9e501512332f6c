//! `allowed_outbound_hosts`: where a guest's requests may go.
//!
//! A pattern is `scheme://host:port`. The scheme is a name or `*`. The host is a name, an IP address, a
//! network such as `10.0.0.0/8`, `*.suffix` for the names below it, `self` for the application
//! itself, or `*`. The port is a number, `*`, or a range without its end such as `8000..8100`; where it
//! is missing, the scheme's own.
//!
//! Hosts are compared as the URL standard reads them, so that no other spelling of an address passes
//! for a name. A network is matched by addresses only, never by a name that resolves to one.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use ipnet::IpNet;
use url::Host;

/// Where one component's requests may go.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(Vec<Pattern>);

/// How far a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Wherever its host's name leads.
    Anywhere,
    /// Not to this machine or its link: whoever owns a name under a suffix chooses where it leads.
    Abroad,
}

/// One entry of `allowed_outbound_hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// `None` is any.
    scheme: Option<String>,
    host: HostPattern,
    /// `None` is any.
    ports: Option<Range<u32>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Any,
    Itself,
    Exact(Host),
    /// With its leading dot.
    Suffix(String),
    Network(IpNet),
}

impl AllowedHosts {
    pub fn new(patterns: Vec<Pattern>) -> Self {
        Self(patterns)
    }

    /// How far a request may go; `None` where it may not be sent. The `host` is a [`normal`] one.
    pub fn reach(&self, scheme: &str, host: &Host, port: u16) -> Option<Reach> {
        let allowing = || self.0.iter().filter(|pattern| pattern.allows(scheme, host, port));
        match allowing().all(|pattern| matches!(pattern.host, HostPattern::Suffix(_))) {
            false => Some(Reach::Anywhere),
            true => allowing().next().map(|_| Reach::Abroad),
        }
    }

    /// Whether requests to the application itself may be sent.
    pub fn allows_self(&self) -> bool {
        self.0.iter().any(|pattern| {
            matches!(pattern.host, HostPattern::Any | HostPattern::Itself)
                && pattern.scheme.as_deref().is_none_or(|scheme| matches!(scheme, "http" | "https"))
        })
    }
}

/// The host as the URL standard reads it, without a trailing dot, and an address in its shortest form.
pub fn normal(host: &str) -> Option<Host> {
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

impl Pattern {
    /// # Errors
    ///
    /// A line that says what is wrong, and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.trim().split_once("://") else {
            return Err("a host is allowed as scheme://host:port, such as \"https://example.com\"".to_owned());
        };
        let own_port = own_port(&scheme.to_ascii_lowercase());
        let scheme = read_scheme(scheme)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match (HostPattern::parse(rest), rest.rsplit_once(':')) {
            (Ok(host), _) => (host, ""),
            (Err(_), Some((host, port))) => (HostPattern::parse(host)?, port),
            (Err(reason), None) => return Err(reason),
        };
        Ok(Self { scheme, host, ports: ports(port, own_port)? })
    }

    /// Whether it names the application itself.
    pub fn is_self(&self) -> bool {
        self.host == HostPattern::Itself
    }

    fn allows(&self, scheme: &str, host: &Host, port: u16) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && self.ports.as_ref().is_none_or(|ports| ports.contains(&port.into()))
            && self.host.allows(host)
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Itself),
            _ => {}
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(unmapped(network.trunc())));
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self::Exact(ip_host(IpAddr::V6(address).to_canonical())));
        }
        let named = text.strip_prefix("*.").unwrap_or(text);
        let host = normal(named).filter(is_plain).ok_or_else(|| {
            format!(
                "{text:?} is no host; a name, an address, a network such as 10.0.0.0/8, *.example.com, self, or * is allowed, and no path"
            )
        })?;
        match host {
            Host::Domain(domain) if domain == "spin.internal" || domain.ends_with(".spin.internal") => Err(
                "calling another component by spin.internal is not offered by the embedded host; allow \"http://self\" and call its route, or run this app with `spin up`".to_owned(),
            ),
            Host::Domain(domain) if named != text => Ok(Self::Suffix(format!(".{domain}"))),
            _ if named != text => Err(format!("{text:?}: only a name can follow `*.`")),
            host => Ok(Self::Exact(host)),
        }
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            // Known by its name, before it has an address.
            (Self::Itself, _) => false,
            (Self::Exact(allowed), host) => allowed == host,
            (Self::Suffix(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Network(network), Host::Ipv4(address)) => network.contains(&IpAddr::V4(*address)),
            (Self::Network(network), Host::Ipv6(address)) => network.contains(&IpAddr::V6(*address)),
            (Self::Suffix(_) | Self::Network(_), _) => false,
        }
    }
}

/// Whether a name has only what names on the network have; the URL standard lets more pass.
fn is_plain(host: &Host) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    !matches!(host, Host::Domain(domain) if !domain.chars().all(plain))
}

/// A network of mapped addresses, `::ffff:a.b.c.d/96` and longer, as the one of IPv4 that it is.
fn unmapped(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(network) => network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    mapped.and_then(|(address, length)| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}

fn read_scheme(scheme: &str) -> Result<Option<String>, String> {
    match scheme {
        "*" => Ok(None),
        _ if !scheme.is_empty() && scheme.chars().all(|char| char.is_ascii_alphabetic()) => {
            Ok(Some(scheme.to_ascii_lowercase()))
        }
        _ => Err(format!("{scheme:?} is no scheme; letters, such as https, or * are allowed")),
    }
}

fn ports(text: &str, own: Option<u16>) -> Result<Option<Range<u32>>, String> {
    let number = |text: &str| text.parse::<u16>().ok().map(u32::from);
    let range = match text.split_once("..") {
        _ if text == "*" => return Ok(None),
        _ if text.is_empty() => {
            let own =
                own.ok_or("the scheme has no port of its own: name one after the host, or :* for any")?;
            Some((own.into(), u32::from(own) + 1))
        }
        None => number(text).map(|port| (port, port + 1)),
        Some((first, end)) => number(first).zip(number(end)).filter(|(first, end)| first < end),
    };
    range.map(|(first, end)| Some(first..end)).ok_or_else(|| {
        format!("{text:?} is no port; a number up to 65535, a range without its end such as 8000..8100, or * is allowed")
    })
}

fn own_port(scheme: &str) -> Option<u16> {
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
#[path = "pattern_tests.rs"]
mod tests;
