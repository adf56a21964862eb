//! E-mail addresses: kept as written, compared by their canonical form, which ignores case.

use crate::Invalid;
use validator::{ValidateEmail, ValidateLength};

/// A syntactically valid e-mail address, spelled as its owner wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The maximum length in characters (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const MAX_CHARS: usize = 254;

    /// Accepts an address, unchanged.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if it is blank, [`Invalid::TooLong`], or [`Invalid::Email`] if it is not an e-mail address
    /// by the HTML standard's rule.
    pub fn new(address: impl Into<String>) -> Result<Self, Invalid> {
        let address = address.into();
        if address.trim().is_empty() {
            Err(Invalid::Missing)
        } else if !address.validate_length(None, Some(Self::MAX_CHARS as u64), None) {
            Err(Invalid::TooLong { max: Self::MAX_CHARS })
        } else if address.validate_email() && key(&address).is_some() {
            Ok(Self(address))
        } else {
            Err(Invalid::Email)
        }
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The canonical form: two spellings of one address have equal keys.
    #[must_use]
    pub fn key(&self) -> EmailKey {
        // `new` has made sure that there is a key.
        EmailKey(key(&self.0).unwrap_or_else(|| self.0.to_lowercase()))
    }
}

/// The canonical form of an address: the local part in lowercase, and the domain after UTS 46 processing. The latter is
/// lowercase too, and gives one spelling to equivalent names (`bücher.de` and `xn--bcher-kva.de`). Returns `None` if
/// the domain is not valid.
fn key(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    // The validator checks only the end of an IP literal (RFC 5321, section 4.1.3) and ignores what stands before it.
    if domain.rfind('[').is_some_and(|start| start > 0) {
        return None;
    }
    if address.is_ascii() {
        return Some(address.to_ascii_lowercase());
    }
    let domain = if domain.is_ascii() {
        domain.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(domain).ok()?
    };
    Some(format!("{}@{domain}", local.to_lowercase()))
}

/// The canonical form of an [`EmailAddress`]. Two addresses are the same if their keys are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailKey(String);

impl EmailKey {
    /// The canonical address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn compares_without_case_and_keeps_what_was_written() {
        let written = EmailAddress::new("Israel@Example.COM").unwrap();
        assert_eq!(written.as_str(), "Israel@Example.COM");
        assert_eq!(
            written.key(),
            EmailAddress::new("israel@example.com").unwrap().key()
        );
    }

    #[test]
    fn one_domain_has_one_key_however_it_is_spelt() {
        for (one, other) in [
            ("u@bücher.de", "u@xn--bcher-kva.de"),
            ("u@BÜCHER.de", "u@bu\u{308}cher.de"),
            ("u@ｆ.com", "u@f.com"),
            ("u@exa\u{200B}mple.com", "u@example.com"),
        ] {
            let key = |text| EmailAddress::new(text).map(|address: EmailAddress| address.key());
            assert!(key(one).is_ok_and(|one| Ok(one) == key(other)), "{one} {other}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for (text, why) in [
            ("", Invalid::Missing),
            ("  ", Invalid::Missing),
            ("israel", Invalid::Email),
            ("a@b@c.com", Invalid::Email),
            (" a@b.com", Invalid::Email),
            ("a\0@b.com", Invalid::Email),
            ("a@b.com\n", Invalid::Email),
            ("a@\0[127.0.0.1]", Invalid::Email),
            ("a@b.com [127.0.0.1]", Invalid::Email),
            ("a@[127.0.0.1][127.0.0.1]", Invalid::Email),
        ] {
            assert_eq!(EmailAddress::new(text), Err(why), "{text:?}");
        }
        assert_eq!(
            EmailAddress::new(format!("{}@example.com", "a".repeat(243))),
            Err(Invalid::TooLong { max: 254 })
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = EmailAddress::new(text);
        }

        #[test]
        fn a_key_is_its_own_key(local in "[A-Za-z0-9.+_-]{1,20}", host in "[A-Za-z]{1,20}") {
            if let Ok(address) = EmailAddress::new(format!("{local}@{host}.com")) {
                let again = EmailAddress::new(address.key().as_str()).unwrap();
                prop_assert_eq!(again.key(), address.key());
            }
        }
    }
}
