//! Text of bounded length. A value is kept exactly as it was written; only its length and a few characters are
//! restricted.

use crate::Invalid;
use validator::ValidateLength;

/// Defines a text type. `single line` refuses every control character, `multi line` only U+0000.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $max:literal, single line) => {
        text_type!(@define $(#[$doc])* $name, $max, |text: &str| {
            if text.chars().any(char::is_control) { Err($crate::Invalid::ControlCharacter) } else { Ok(()) }
        });
    };
    ($(#[$doc:meta])* $name:ident, $max:literal, multi line) => {
        text_type!(@define $(#[$doc])* $name, $max, |text: &str| {
            if text.contains('\0') { Err($crate::Invalid::Nul) } else { Ok(()) }
        });
    };
    (@define $(#[$doc:meta])* $name:ident, $max:literal, $characters:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The maximum length in characters (Unicode scalar values).
            pub const MAX_CHARS: usize = $max;

            /// Accepts a text, unchanged.
            ///
            /// # Errors
            /// [`Invalid::TooLong`](crate::Invalid::TooLong), [`Invalid::Missing`](crate::Invalid::Missing) if it is
            /// blank, and for a forbidden character [`Invalid::ControlCharacter`](crate::Invalid::ControlCharacter) in
            /// a single-line text or [`Invalid::Nul`](crate::Invalid::Nul) in a multi-line one.
            pub fn new(text: impl Into<String>) -> Result<Self, $crate::Invalid> {
                let text = text.into();
                $crate::text::check(&text, Self::MAX_CHARS)?;
                $characters(&text)?;
                Ok(Self(text))
            }

            /// The text as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use text_type;

/// Checks what every text must satisfy: it is neither too long nor blank.
pub(crate) fn check(text: &str, max: usize) -> Result<(), Invalid> {
    if text.validate_length(None, Some(max as u64), None) {
        not_blank(text)
    } else {
        Err(Invalid::TooLong { max })
    }
}

/// Checks that a text has at least one character that is not white space.
pub(crate) fn not_blank(text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        Err(Invalid::Missing)
    } else {
        Ok(())
    }
}

text_type! {
    /// Free notes on a customer, an appointment or a registration; they may have several lines.
    Notes, 5000, multi line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CustomerName;
    use proptest::prelude::*;

    #[test]
    fn refuses_blank_long_and_nul() {
        assert_eq!(Notes::new(" \t\u{3000}"), Err(Invalid::Missing));
        assert_eq!(Notes::new("a\0b"), Err(Invalid::Nul));
        assert_eq!(Notes::new("א".repeat(5001)), Err(Invalid::TooLong { max: 5000 }));
        assert!(Notes::new("א".repeat(5000)).is_ok());
    }

    #[test]
    fn a_single_line_has_no_line_break() {
        assert_eq!(CustomerName::new("a\nb"), Err(Invalid::ControlCharacter));
        assert!(CustomerName::new("ישראל \u{200F}ישראלי 👩‍👩‍👧").is_ok());
        assert!(Notes::new("first\r\n\tsecond").is_ok());
    }

    proptest! {
        #[test]
        fn keeps_every_accepted_text_as_written(text in any::<String>()) {
            if let Ok(notes) = Notes::new(text.clone()) {
                prop_assert_eq!(notes.as_str(), text);
            }
        }
    }
}
