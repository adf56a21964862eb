//! The origin of a request: the client's address, as reported through trusted proxies.

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Header fields with which a proxy shows that it forwards for somebody else.
const FORWARDING: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// The proxies in front of this server, and the header that they use.
#[derive(Debug, Clone)]
pub struct Proxies {
    /// Their networks. The server ignores what any other peer says about the origin of a request.
    pub trusted: Vec<IpNet>,
    /// The only header that is trusted. It lists addresses, the nearest one last: `X-Forwarded-For`, `Forwarded` (RFC
    /// 7239), or a header with a single address.
    pub header: HeaderName,
}

impl Proxies {
    /// Whether the peer is a trusted proxy.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Whether the peer is a program on this machine that doesn't forward for somebody else.
    pub(crate) fn is_local(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        let loopback = |peer: SocketAddr| peer.ip().to_canonical().is_loopback() && !self.trust(peer.ip());
        let forwarding = FORWARDING.iter().any(|name| headers.contains_key(*name));
        peer.is_some_and(loopback) && !forwarding && !headers.contains_key(&self.header)
    }

    /// Whether a trusted proxy says that the client came over HTTPS (`X-Forwarded-Proto`, or `Forwarded` if that is the
    /// header).
    #[must_use]
    pub fn tell_https(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        if !peer.is_some_and(|peer| self.trust(peer.ip())) {
            return false;
        }
        let last = |name: &str| {
            let value = headers.get_all(name).last()?.to_str().ok()?;
            value.rsplit(',').next()
        };
        if self.header == FORWARDED {
            last("forwarded").is_some_and(|element| parameter(element, "proto").eq_ignore_ascii_case("https"))
        } else {
            last("x-forwarded-proto").is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
        }
    }

    /// The client's address: the peer's or, if the peer is a trusted proxy, the right-most address in its header that
    /// is not a trusted proxy. The search ends at an address that can't be parsed. Then the client is the last proxy
    /// before it.
    #[must_use]
    pub fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip().to_canonical());
        if !self.trust(client) {
            return client;
        }
        let values: Vec<_> = headers.get_all(&self.header).collect();
        let lists = values
            .iter()
            .rev()
            .map(|value| value.to_str().unwrap_or_default());
        for text in lists.flat_map(|list| list.rsplit(',')) {
            let text = if self.header == FORWARDED {
                parameter(text, "for")
            } else {
                text
            };
            let Some(address) = address(text) else { break };
            client = address;
            if !self.trust(address) {
                break;
            }
        }
        client
    }
}

/// A parameter of an element of `Forwarded`, which is empty if it is not there.
fn parameter<'a>(element: &'a str, wanted: &str) -> &'a str {
    let mut parameters = element
        .split(';')
        .filter_map(|parameter| parameter.split_once('='));
    parameters
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
        .map_or("", |(_, value)| value.trim())
}

/// Parses an address, which may have quotes, brackets and a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok();
    address
        .or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

/// The network that counts as one client: an IPv4 address, or the /64 of an IPv6 address, which one site has to itself.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            IpAddr::V6(octets.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderValue, X_FORWARDED_FOR};

    #[test]
    fn only_a_trusted_proxy_tells_https() {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        for (header, peer, name, value, https) in [
            (X_FORWARDED_FOR, "10.0.0.1:1", "x-forwarded-proto", "https", true),
            (
                X_FORWARDED_FOR,
                "10.0.0.1:1",
                "x-forwarded-proto",
                "https, http",
                false,
            ),
            (
                X_FORWARDED_FOR,
                "192.0.2.1:1",
                "x-forwarded-proto",
                "https",
                false,
            ),
            (X_FORWARDED_FOR, "10.0.0.1:1", "forwarded", "proto=https", false),
            (
                FORWARDED,
                "10.0.0.1:1",
                "forwarded",
                "for=192.0.2.1; proto=HTTPS",
                true,
            ),
            (
                FORWARDED,
                "10.0.0.1:1",
                "forwarded",
                "proto=https, for=192.0.2.1",
                false,
            ),
        ] {
            let proxies = Proxies {
                trusted: trusted.clone(),
                header,
            };
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            let told = proxies.tell_https(peer.parse().ok(), &headers);
            assert_eq!(told, https, "{peer} {name}: {value}");
        }
    }

    fn client(header: HeaderName, peer: &str, values: &[&str]) -> String {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:1::/48".parse().unwrap()],
            header,
        };
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(proxies.header.clone(), HeaderValue::from_str(value).unwrap());
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 9);
        proxies.client(Some(peer), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let seen = |peer, values: &[&str]| client(X_FORWARDED_FOR, peer, values);
        assert_eq!(
            seen("192.0.2.1", &["198.51.100.7"]),
            "192.0.2.1",
            "a stranger's word"
        );
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            seen("10.0.0.1", &["127.0.0.1, 198.51.100.7"]),
            "198.51.100.7",
            "what stands further left is the client's own word"
        );
        assert_eq!(seen("10.0.0.1", &["198.51.100.7, 10.9.9.9"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["198.51.100.7", "10.9.9.9"]), "198.51.100.7");
        assert_eq!(
            seen("10.0.0.1", &["10.1.1.1, 10.2.2.2"]),
            "10.1.1.1",
            "all are trusted"
        );
        assert_eq!(seen("10.0.0.1", &["198.51.100.7, unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["unknown, 10.2.2.2"]), "10.2.2.2");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(seen("2001:db8:1::5", &["[2001:db8:2::1]:80"]), "2001:db8:2::1");
    }

    #[test]
    fn a_program_that_speaks_for_somebody_else_is_not_local() {
        let proxies = Proxies {
            trusted: vec!["127.0.0.2/32".parse().unwrap()],
            header: HeaderName::from_static("cf-connecting-ip"),
        };
        let local = |peer: &str, header: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(name) = header {
                headers.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static("127.0.0.1"),
                );
            }
            proxies.is_local(Some(SocketAddr::new(peer.parse().unwrap(), 9)), &headers)
        };
        assert!(local("127.0.0.1", None) && local("::1", None) && local("::ffff:127.0.0.1", None));
        assert!(!local("192.0.2.1", None) && !local("127.0.0.2", None));
        assert!(local("127.0.0.1", Some("x-request-id")));
        for header in FORWARDING.into_iter().chain(["cf-connecting-ip"]) {
            assert!(!local("127.0.0.1", Some(header)), "{header}");
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let seen = |values: &[&str]| client(FORWARDED, "10.0.0.1", values);
        assert_eq!(seen(&["for=198.51.100.7;proto=https"]), "198.51.100.7");
        assert_eq!(
            seen(&["by=10.0.0.1;For=\"[2001:db8:2::1]:4711\", for=10.3.3.3"]),
            "2001:db8:2::1"
        );
        assert_eq!(seen(&["for=_hidden"]), "10.0.0.1");
    }
}
