//! The URL of a webhook's receiver.

use crate::{Invalid, Reachable};
use std::net::{IpAddr, Ipv4Addr};
use url::{Host, Url};

/// Where webhooks are sent: an absolute URL with `https`, or with `http`, and a host. It has no user name, password or
/// fragment. It is kept as the URL Standard (<https://url.spec.whatwg.org>) writes it, so that every reader takes it
/// the same way: `https://0x7f.1` is `https://127.0.0.1/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReceiverUrl(Url);

impl ReceiverUrl {
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 2048;

    /// The maximum length of a host's name (RFC 1035), without a full stop at the end.
    const MAX_NAME: usize = 253;

    /// The maximum length of what is between two full stops of a name.
    const MAX_LABEL: usize = 63;

    /// Parses what a client sent, and checks whether such a receiver may be called. If the host is a name, its
    /// addresses are not known yet: the sender checks them when it connects.
    ///
    /// # Errors
    /// As [`stored`](Self::stored). [`Invalid::UrlScheme`] if it has `http`, which is not allowed, and
    /// [`Invalid::UrlAddress`] if the host is an address that is not reachable. `localhost` and the names below it mean
    /// 127.0.0.1.
    pub fn parse(text: &str, allow_http: bool, reachable: &Reachable) -> Result<Self, Invalid> {
        let url = Self::read(text, allow_http)?;
        let address = url
            .host_address()
            .or_else(|| url.is_localhost().then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        if address.is_none_or(|address| reachable.permits(address)) {
            Ok(url)
        } else {
            Err(Invalid::UrlAddress)
        }
    }

    /// Parses a URL that was stored. Only its syntax is checked: the operator may have changed what is allowed.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::TooLong`], [`Invalid::ControlCharacter`], [`Invalid::Url`] if it is not absolute
    /// or its host's name can't exist, [`Invalid::UrlScheme`], [`Invalid::UrlUser`] or [`Invalid::UrlFragment`].
    pub fn stored(text: &str) -> Result<Self, Invalid> {
        Self::read(text, true)
    }

    fn read(text: &str, allow_http: bool) -> Result<Self, Invalid> {
        crate::text::check(text, Self::MAX_CHARS)?;
        // The parser would leave these out.
        let text = text.trim();
        if text.contains(char::is_control) {
            return Err(Invalid::ControlCharacter);
        }
        let url = Url::parse(text).map_err(|_| Invalid::Url)?;
        match url.scheme() {
            "https" => {}
            "http" if allow_http => {}
            _ if allow_http => {
                return Err(Invalid::UrlScheme {
                    allowed: "https:// or http://",
                });
            }
            _ => return Err(Invalid::UrlScheme { allowed: "https://" }),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Invalid::UrlUser);
        }
        if url.fragment().is_some() {
            return Err(Invalid::UrlFragment);
        }
        if let Some(Host::Domain(name)) = url.host()
            && !Self::can_exist(name)
        {
            return Err(Invalid::Url);
        }
        if url.port() == Some(0) {
            return Err(Invalid::Url);
        }
        // Escapes may have made it longer.
        crate::text::check(url.as_str(), Self::MAX_CHARS)?;
        Ok(Self(url))
    }

    /// Whether a host can have that name. The URL Standard is more generous, and not every client is.
    fn can_exist(name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_label = |label: &str| {
            (1..=Self::MAX_LABEL).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        name.len() <= Self::MAX_NAME && name.split('.').all(is_label)
    }

    /// The URL in its one spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it has `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of the host, unless it is a name.
    #[must_use]
    pub fn host_address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// Whether the name is one that always means the machine itself (RFC 6761).
    fn is_localhost(&self) -> bool {
        let name = self.0.domain().unwrap_or_default();
        let name = name.strip_suffix('.').unwrap_or(name);
        name.strip_suffix("localhost")
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::is_public;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<String, Invalid> {
        let url = ReceiverUrl::parse(text, false, &Reachable::default())?;
        Ok(url.as_str().to_owned())
    }

    #[test]
    fn a_url_is_kept_in_one_spelling() {
        for (text, kept) in [
            ("https://example.com/hooks?a=1", "https://example.com/hooks?a=1"),
            ("HTTPS://Example.COM", "https://example.com/"),
            ("https://example.com.:443/a b", "https://example.com./a%20b"),
            ("https://פיצה.example/", "https://xn--8dbj6aj.example/"),
            (
                " https://hooks_1.example.com:8443/x\n",
                "https://hooks_1.example.com:8443/x",
            ),
            ("https://8.8.8.8", "https://8.8.8.8/"),
            ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
            ("https://@example.com/", "https://example.com/"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(kept), "{text}");
            assert_eq!(ReceiverUrl::stored(kept).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn each_reason_has_its_own_words() {
        let only_https = Invalid::UrlScheme { allowed: "https://" };
        for (text, why) in [
            ("", Invalid::Missing),
            ("example.com/hooks", Invalid::Url),
            ("/hooks", Invalid::Url),
            ("https://", Invalid::Url),
            ("https://a..example/", Invalid::Url),
            ("https://./", Invalid::Url),
            ("https://a{b}.example/", Invalid::Url),
            ("https://256.256.256.256/", Invalid::Url),
            ("https://[fe80::1%25eth0]/", Invalid::Url),
            ("https://example.com:0/", Invalid::Url),
            ("https://example.com:99999/", Invalid::Url),
            ("http://example.com/", only_https),
            ("example.com:443/hooks", only_https),
            ("ftp://example.com/", only_https),
            ("https://dana@example.com/", Invalid::UrlUser),
            ("https://:secret@example.com/", Invalid::UrlUser),
            ("https://example.com/#", Invalid::UrlFragment),
            ("https://localhost/", Invalid::UrlAddress),
            ("https://LOCALHOST.:8080/", Invalid::UrlAddress),
            ("https://a.b.localhost/", Invalid::UrlAddress),
            ("https://169.254.169.254/latest/meta-data", Invalid::UrlAddress),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        assert!(parse("https://notlocalhost/").is_ok() && parse("https://localhost.example/").is_ok());
        let label = "a".repeat(64);
        assert_eq!(parse(&format!("https://{label}.example/")), Err(Invalid::Url));
        let name = "a.".repeat(127);
        assert_eq!(parse(&format!("https://{name}")).map(|_| ()), Ok(()));
        assert_eq!(parse(&format!("https://{name}aa")), Err(Invalid::Url));
    }

    #[test]
    fn the_length_counts_before_and_after_escaping() {
        let too_long = Err(Invalid::TooLong { max: 2048 });
        let long = |path: &str, times| format!("https://example.com/{}", path.repeat(times));
        assert_eq!(parse(&long("a", 2048 - 20)).map(|url| url.len()), Ok(2048));
        assert_eq!(parse(&long("a", 2048 - 19)), too_long);
        assert_eq!(parse(&long("א", 1000)), too_long);
    }

    #[test]
    fn the_operator_allows_http_and_networks() {
        let reachable = Reachable::parse("127.0.0.0/8,10.0.0.0/8").unwrap();
        let parse = |text| ReceiverUrl::parse(text, true, &reachable).map(|_| ());
        for text in [
            "http://127.1:3000/",
            "http://localhost/",
            "https://10.1.2.3/",
            "http://example.com",
        ] {
            assert_eq!(parse(text), Ok(()), "{text}");
        }
        assert_eq!(parse("http://192.168.0.1/"), Err(Invalid::UrlAddress));
        assert_eq!(
            parse("ws://10.1.2.3/"),
            Err(Invalid::UrlScheme {
                allowed: "https:// or http://"
            })
        );
        // What is stored stays readable if the operator allows less.
        assert!(ReceiverUrl::stored("http://127.0.0.1/").is_ok());
        assert!(ReceiverUrl::stored("ftp://127.0.0.1/").is_err());
    }

    /// One number of an IPv4 address, in a radix of the URL Standard.
    fn number(value: u32, radix: u8) -> String {
        match radix {
            0 => format!("{value}"),
            1 => format!("0{value:o}"),
            2 => format!("0x{value:x}"),
            _ => format!("0X{value:08X}"),
        }
    }

    /// An IPv4 address in one to four parts, of which the last has all the bits that are left.
    fn spelled(address: Ipv4Addr, parts: usize, radixes: [u8; 4]) -> String {
        let octets = address.octets().map(u32::from);
        let rest = octets[parts - 1..].iter().fold(0, |sum, octet| sum << 8 | octet);
        let numbers = octets[..parts - 1].iter().copied().chain([rest]);
        let written: Vec<String> = numbers
            .zip(radixes)
            .map(|(value, radix)| number(value, radix))
            .collect();
        written.join(".")
    }

    fn any_address() -> impl Strategy<Value = Ipv4Addr> {
        let loopback = (0_u32..1 << 24).prop_map(|low| 127 << 24 | low);
        prop_oneof![loopback, any::<u32>()].prop_map(Ipv4Addr::from_bits)
    }

    proptest! {
        #[test]
        fn no_spelling_of_an_address_gets_around_the_table(
            address in any_address(),
            parts in 1_usize..=4,
            radixes in [0_u8..4, 0..4, 0..4, 0..4],
            port in 1_u16..,
        ) {
            let written = spelled(address, parts, radixes);
            let wide: String = written.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
            let escaped = written.replace('.', "%2E").replace('0', "%30").replace('1', "%31");
            let [a, b, c, d] = address.octets();
            for host in [
                written.clone(),
                format!("{written}."),
                wide,
                escaped,
                format!("[::ffff:{address}]"),
                format!("[0:0:0:0:0:FFFF:{a:02x}{b:02x}:{c:02x}{d:02x}]"),
                format!("[64:ff9b::{address}]"),
            ] {
                let text = format!("https://{host}:{port}/");
                let url = ReceiverUrl::parse(&text, false, &Reachable::default());
                if is_public(address.into()) {
                    let found = url.unwrap().host_address().unwrap();
                    prop_assert!(is_public(found));
                } else {
                    prop_assert_eq!(url, Err(Invalid::UrlAddress), "{}", text);
                }
                prop_assert!(ReceiverUrl::stored(&text).unwrap().host_address().is_some());
            }
        }

        #[test]
        fn what_is_accepted_is_read_back(text in "https?://[a-z0-9.\\-\\[\\]:@%_]{0,20}[/?#]?\\PC{0,20}|\\PC*") {
            if let Ok(url) = ReceiverUrl::stored(&text) {
                prop_assert_eq!(ReceiverUrl::stored(url.as_str()), Ok(url.clone()));
            }
        }
    }
}
