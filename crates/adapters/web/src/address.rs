//! The console's public address.

use chatgrow_domain::PlainToken;
use std::{fmt, str::FromStr};

/// The origin at which browsers reach the console (RFC 6454): a scheme, a host and perhaps a port, in lowercase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// Where a link leads that somebody follows once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTo {
    /// An account is set up.
    SetUp,
    /// A password is chosen.
    Password,
}

impl Address {
    /// The address of a server that is reached directly.
    #[must_use]
    pub fn of_server(host: &str, port: u16) -> Self {
        Self(format!("http://{host}:{port}"))
    }

    /// Whether browsers come over HTTPS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// A link that somebody follows once. The token is in the fragment, which browsers don't send, so no proxy logs it.
    #[must_use]
    pub fn link(&self, to: LinkTo, token: &PlainToken) -> String {
        let page = match to {
            LinkTo::SetUp => "setup",
            LinkTo::Password => "password",
        };
        format!("{self}/console/{page}#{}", token.reveal())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
        host.filter(|host| !host.is_empty() && host.bytes().all(allowed))
            .map(|_| Self(text.to_owned()))
            .ok_or("must be an origin in lowercase, such as https://booking.example.com")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_origin() {
        for (text, address) in [
            ("https://booking.example.com", Some("https://booking.example.com")),
            ("http://[::1]:3000/", Some("http://[::1]:3000")),
            ("https://example.com/console", None),
            ("https://user@example.com", None),
            ("example.com", None),
            ("https://", None),
        ] {
            let read = text.parse::<Address>().ok().map(|address| address.to_string());
            assert_eq!(read.as_deref(), address, "{text}");
        }
    }

    #[test]
    fn the_token_is_in_the_fragment() {
        let token = PlainToken::from_random([7; 32]);
        let link = Address::of_server("localhost", 3000).link(LinkTo::SetUp, &token);
        assert_eq!(
            link,
            format!("http://localhost:3000/console/setup#{}", token.reveal())
        );
    }
}
