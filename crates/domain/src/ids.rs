//! Identifiers: 12 bytes in the `ObjectId` layout, written as 24 lowercase hex digits. They begin with the time in
//! big-endian seconds, so they sort by creation. Each aggregate has its own type, so that ids can't be mixed up.

use std::{fmt, str::FromStr};

/// Twelve bytes in the `ObjectId` layout that identify one resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// Wraps 12 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The bytes, most significant first.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for ObjectId {
    #[expect(clippy::expect_used, reason = "hex digits are ASCII")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every answer contains ids, and a `write!` per byte takes ten times as long.
        let mut digits = [0; 24];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        f.write_str(str::from_utf8(&digits).expect("hex digits"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of a text that is not 24 lowercase hex digits. Nothing can have such an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 24 lowercase hex digits")]
pub struct MalformedId;

impl FromStr for ObjectId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        fn nibble(digit: u8) -> Result<u8, MalformedId> {
            match digit {
                b'0'..=b'9' => Ok(digit - b'0'),
                b'a'..=b'f' => Ok(digit - b'a' + 10),
                _ => Err(MalformedId),
            }
        }
        let digits: &[u8; 24] = text.as_bytes().try_into().map_err(|_| MalformedId)?;
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// Defines the id type of one aggregate.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::ObjectId);

        impl $name {
            /// Wraps a new or a stored id.
            #[must_use]
            pub const fn new(id: $crate::ObjectId) -> Self {
                Self(id)
            }

            /// The bytes, most significant first.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 12] {
                self.0.as_bytes()
            }

            /// The id, no longer that of a particular kind of resource.
            #[must_use]
            pub const fn object_id(self) -> $crate::ObjectId {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::MalformedId;

            fn from_str(text: &str) -> Result<Self, $crate::MalformedId> {
                text.parse().map(Self)
            }
        }
    };
}
pub(crate) use id_type;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_everything_but_24_lowercase_hex_digits() {
        for text in [
            "",
            "507f1f77bcf86cd79943901",
            "507F1F77BCF86CD799439011",
            "507f1f77bcf86cd79943901g",
            "507f1f77bcf86cd7994390111",
        ] {
            assert_eq!(text.parse::<ObjectId>(), Err(MalformedId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_bytes_are_one_to_one(bytes in any::<[u8; 12]>()) {
            let id = ObjectId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn text_sorts_as_bytes_do(a in any::<[u8; 12]>(), b in any::<[u8; 12]>()) {
            let (a, b) = (ObjectId::from_bytes(a), ObjectId::from_bytes(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<ObjectId>();
        }
    }
}
