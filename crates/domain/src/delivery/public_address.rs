//! Which addresses a webhook may go to: those of the public internet, and those that the operator permits besides.
//! Otherwise an account could make the server call what only the server can reach.

use crate::{Invalid, Network};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The networks of IPv4 that are not public, each with the length of its prefix: the IANA IPv4 Special-Purpose Address
/// Registry, and multicast.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 15] = [
    // This network.
    (Ipv4Addr::UNSPECIFIED, 8),
    // Private use.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared by the customers of a provider.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local; the metadata of cloud machines.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments. Its few public addresses are no receivers.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // The former 6to4 relays.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, and broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only network of IPv6 that has public addresses: global unicast.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// The networks within [`GLOBAL_V6`] that are not public: the IANA IPv6 Special-Purpose Address Registry.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    // Protocol assignments, among them Teredo, ORCHID and benchmarks. Its few public addresses are no receivers.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // 6to4: an IPv4 address inside, which may be any.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

/// The network of NAT64 (RFC 6052): its gateway leads to the IPv4 address in the last 32 bits.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether an address is on the public internet. A mapped address (`::ffff:192.0.2.1`) and one of NAT64
/// (`64:ff9b::192.0.2.1`) are judged by the IPv4 address inside.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped().or_else(|| behind_nat64(address)) {
            Some(inner) => is_public_v4(inner),
            None => is_in_v6(address, GLOBAL_V6) && !NOT_PUBLIC_V6.iter().any(|net| is_in_v6(address, *net)),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in = |(network, prefix): &(Ipv4Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).leading_zeros() >= *prefix
    };
    !NOT_PUBLIC_V4.iter().any(is_in)
}

fn is_in_v6(address: Ipv6Addr, (network, prefix): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= prefix
}

fn behind_nat64(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    is_in_v6(address, NAT64).then(|| Ipv4Addr::new(a, b, c, d))
}

/// The addresses that webhooks may go to: the public ones, and the networks that the operator permits besides
/// (`WEBHOOK_ALLOW_CIDRS`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reachable {
    allowed: Vec<Network>,
}

impl Reachable {
    /// The public addresses, and those networks.
    #[must_use]
    pub const fn new(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// The public addresses, and networks with commas between them. A blank text has none.
    ///
    /// # Errors
    /// [`Invalid::Network`] for what is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let network = |part: &str| part.trim().parse().map_err(|_| Invalid::Network);
        let networks: Result<Vec<Network>, Invalid> = text.split(',').map(network).collect();
        networks.map(Self::new)
    }

    /// Whether webhooks may go there.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.is_exception(address)
    }

    /// Whether webhooks may go there only because the operator permits it. The operator's list names an address as it
    /// is: one of NAT64 is not in the network of the IPv4 address inside.
    #[must_use]
    pub fn is_exception(&self, address: IpAddr) -> bool {
        !is_public(address) && self.allowed.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The mapped and the NAT64 form of an address.
    fn disguised(inner: Ipv4Addr) -> [IpAddr; 2] {
        let nat64 = NAT64.0.to_bits() | u128::from(inner.to_bits());
        [
            IpAddr::from(inner.to_ipv6_mapped()),
            IpAddr::from(Ipv6Addr::from_bits(nat64)),
        ]
    }

    #[test]
    fn the_edges_of_each_network_are_told_apart() {
        for (inside, outside) in [
            ("0.0.0.0 0.255.255.255", "1.0.0.0"),
            ("10.0.0.0 10.255.255.255", "9.255.255.255 11.0.0.0"),
            ("100.64.0.0 100.127.255.255", "100.63.255.255 100.128.0.0"),
            ("127.0.0.0 127.0.0.1 127.255.255.255", "126.255.255.255 128.0.0.0"),
            (
                "169.254.0.0 169.254.169.254 169.254.255.255",
                "169.253.255.255 169.255.0.0",
            ),
            ("172.16.0.0 172.31.255.255", "172.15.255.255 172.32.0.0"),
            ("192.0.0.0 192.0.0.255", "191.255.255.255 192.0.1.0"),
            ("192.0.2.0 192.0.2.255", "192.0.1.255 192.0.3.0"),
            ("192.88.99.0 192.88.99.255", "192.88.98.255 192.88.100.0"),
            ("192.168.0.0 192.168.255.255", "192.167.255.255 192.169.0.0"),
            ("198.18.0.0 198.19.255.255", "198.17.255.255 198.20.0.0"),
            ("198.51.100.0 198.51.100.255", "198.51.99.255 198.51.101.0"),
            ("203.0.113.0 203.0.113.255", "203.0.112.255 203.0.114.0"),
            (
                "224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255",
                "223.255.255.255",
            ),
            (":: ::1 ::2 ::7f00:1 ::808:808", "2000::1"),
            (
                "64:ff9b:1:: 64:ff9b:1::808:808 64:ff9b::1:808:808",
                "64:ff9b::808:808",
            ),
            (
                "100:: 100::1 1fff:ffff:: 4000:: 5f00::1 ::ffff:0:808:808",
                "3ffe::1",
            ),
            ("2001:: 2001:1::1 2001:1ff:ffff::", "2000:ffff:: 2001:200::"),
            ("2001:db8:: 2001:db8:ffff::", "2001:db7:ffff:: 2001:db9::"),
            ("2002:: 2002:808:808::1 2002:ffff::", "2001:ffff:: 2003::"),
            ("3fff:: 3fff:fff:ffff::", "3fff:1000:: 3ffe:ffff::"),
            (
                "fc00:: fdff:ffff:: fe80::1 febf:: fec0:: feff:: ff00:: ff02::1",
                "2606:4700::1",
            ),
        ] {
            for (addresses, public) in [(inside, false), (outside, true)] {
                for address in addresses.split(' ') {
                    assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
                }
            }
        }
    }

    #[test]
    fn the_operator_permits_networks() {
        let reachable = Reachable::parse("10.1.0.0/16, ::1").unwrap();
        for (address, permitted, exception) in [
            ("8.8.8.8", true, false),
            ("10.1.2.3", true, true),
            ("::ffff:10.1.2.3", true, true),
            ("64:ff9b::10.1.2.3", false, false),
            ("10.2.0.0", false, false),
            ("::1", true, true),
            ("127.0.0.1", false, false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(reachable.permits(address), permitted, "{address}");
            assert_eq!(reachable.is_exception(address), exception, "{address}");
        }
        // A public address needs no permission, so to list it makes it no exception.
        let everything = Reachable::parse("0.0.0.0/0,::/0").unwrap();
        assert!(!everything.is_exception("8.8.8.8".parse().unwrap()));
        assert!(everything.is_exception("64:ff9b::10.1.2.3".parse().unwrap()));
    }

    #[test]
    fn the_operators_list_is_read() {
        assert_eq!(Reachable::parse(" "), Ok(Reachable::default()));
        for text in ["x", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0/8;::1"] {
            assert_eq!(Reachable::parse(text), Err(Invalid::Network), "{text}");
        }
    }

    proptest! {
        #[test]
        fn loopback_is_never_public(low in 0_u32..1 << 24) {
            let loopback = Ipv4Addr::from_bits(127 << 24 | low);
            prop_assert!(!is_public(loopback.into()));
            for address in disguised(loopback) {
                prop_assert!(!is_public(address));
                prop_assert!(!Reachable::default().permits(address));
            }
        }

        #[test]
        fn a_disguise_changes_nothing(bits in any::<u32>()) {
            let inner = Ipv4Addr::from_bits(bits);
            for address in disguised(inner) {
                prop_assert_eq!(is_public(address), is_public(inner.into()));
            }
        }

        /// The standard library's own predicates agree, as far as they are stable.
        #[test]
        fn nothing_public_is_special(bits in any::<u32>(), wide in any::<u128>()) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_broadcast() || address.is_documentation()
                || address.is_unspecified();
            prop_assert!(!(special && is_public(address.into())));
            let address = Ipv6Addr::from_bits(wide);
            let special = address.is_loopback() || address.is_multicast() || address.is_unspecified()
                || address.is_unique_local() || address.is_unicast_link_local();
            prop_assert!(!(special && is_public(address.into())));
        }
    }
}
