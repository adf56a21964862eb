//! From where a key may be used.

use crate::Invalid;
use ipnet::{IpNet, Ipv4Net};
use std::{fmt, net::IpAddr, str::FromStr};

/// A network of addresses, in CIDR notation (RFC 4632). An address alone is the network of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether the address lies in the network. A mapped IPv4 address (`::ffff:192.0.2.1`) is the IPv4 address.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    fn includes(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }
}

impl FromStr for Network {
    type Err = Invalid;

    /// Bits after the prefix don't count. A mapped IPv4 network (`::ffff:192.0.2.0/120`) is the IPv4 network.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        crate::text::not_blank(text)?;
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| address());
        let network = network.map_err(|_| Invalid::Network)?.trunc();
        let mapped = match network {
            IpNet::V6(network) => network
                .addr()
                .to_ipv4_mapped()
                .zip(network.prefix_len().checked_sub(96)),
            IpNet::V4(_) => None,
        };
        let mapped = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
        Ok(Self(mapped.map_or(network, IpNet::V4)))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The networks from which a key may be used: one at least.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AllowedAddresses(Vec<Network>);

impl AllowedAddresses {
    /// The most networks of a key.
    pub const MAX: usize = 100;

    /// These networks.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if there is none, or [`Invalid::TooMany`] if there are more than [`MAX`](Self::MAX).
    pub fn new(networks: Vec<Network>) -> Result<Self, Invalid> {
        match networks.len() {
            0 => Err(Invalid::Missing),
            1..=Self::MAX => Ok(Self(networks)),
            _ => Err(Invalid::TooMany { max: Self::MAX }),
        }
    }

    /// Parses networks with commas between them, as [`Display`](fmt::Display) writes them.
    ///
    /// # Errors
    /// [`Invalid::Network`] for what is none, or as in [`new`](Self::new).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let networks: Result<Vec<Network>, Invalid> =
            text.split(',').map(|part| part.trim().parse()).collect();
        Self::new(networks?)
    }

    /// The networks, as they were given.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.0
    }

    /// Whether the key may be used from there.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether each of the others lies in one of these.
    #[must_use]
    pub fn include(&self, others: &Self) -> bool {
        let lies = |other: &Network| self.0.iter().any(|network| network.includes(*other));
        others.0.iter().all(lies)
    }
}

impl fmt::Display for AllowedAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks: Vec<_> = self.0.iter().map(Network::to_string).collect();
        f.write_str(&networks.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> AllowedAddresses {
        AllowedAddresses::parse(text).unwrap()
    }

    #[test]
    fn networks_are_read_and_shown() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("10.1.2.3/8, 2001:db8::1/32", "10.0.0.0/8,2001:db8::/32"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(addresses(text).to_string(), shown, "{text}");
            assert_eq!(addresses(shown).to_string(), shown, "{text}");
        }
        for text in ["x", "10.0.0.0/33", "10.0.0/8", "host.example", "10.0.0.1,x"] {
            assert_eq!(AllowedAddresses::parse(text), Err(Invalid::Network), "{text}");
        }
        assert_eq!(AllowedAddresses::parse(""), Err(Invalid::Missing));
        let many = vec!["10.0.0.1"; 101].join(",");
        assert_eq!(AllowedAddresses::parse(&many), Err(Invalid::TooMany { max: 100 }));
    }

    #[test]
    fn addresses_inside_are_admitted() {
        let allowed = addresses("10.0.0.0/8,2001:db8::/32");
        for (address, admitted) in [
            ("10.255.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("11.0.0.1", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(allowed.admit(address.parse().unwrap()), admitted, "{address}");
        }
    }

    #[test]
    fn a_smaller_network_is_included() {
        let wide = addresses("10.0.0.0/8,2001:db8::/32");
        assert!(wide.include(&addresses("10.1.0.0/16,10.2.3.4,2001:db8:5::/48")));
        assert!(!wide.include(&addresses("10.1.0.0/16,192.0.2.1")));
        assert!(!addresses("10.1.0.0/16").include(&addresses("10.0.0.0/8")));
    }
}
