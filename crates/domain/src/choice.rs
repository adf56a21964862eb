//! Enums that are closed lists of names, such as statuses.

/// Defines an enum whose members have one name each, the same in the API and in the store.
macro_rules! choice {
    (
        $(#[$doc:meta])* $name:ident {
            $(#[$first_doc:meta])* $first:ident = $first_text:literal
            $(, $(#[$member_doc:meta])* $member:ident = $text:literal)* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[$first_doc])* $first,
            $($(#[$member_doc])* $member),*
        }

        impl $name {
            /// Every member, in the order in which it is declared.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$member),*];

            /// The member's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $(Self::$member => $text),*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Invalid;

            fn from_str(text: &str) -> Result<Self, $crate::Invalid> {
                $crate::text::not_blank(text)?;
                let allowed = concat!($first_text, $(", ", $text),*);
                Self::ALL.iter().copied().find(|member| member.as_str() == text).ok_or($crate::Invalid::NotOneOf { allowed })
            }
        }
    };
}
pub(crate) use choice;
