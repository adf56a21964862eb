//! Lengths of time in whole minutes, in a range.

/// Defines a length of time.
macro_rules! minutes_type {
    ($(#[$doc:meta])* $name:ident, $min:literal to $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// The shortest, in minutes.
            pub const MIN_MINUTES: i64 = $min;
            /// The longest, in minutes.
            pub const MAX_MINUTES: i64 = $max;

            /// A length in whole minutes.
            ///
            /// # Errors
            /// [`Invalid::OutOfRange`](crate::Invalid::OutOfRange) unless it is from [`Self::MIN_MINUTES`] to
            /// [`Self::MAX_MINUTES`].
            pub fn from_minutes(minutes: i64) -> Result<Self, $crate::Invalid> {
                let (min, max) = (Self::MIN_MINUTES, Self::MAX_MINUTES);
                if (min..=max).contains(&minutes) {
                    Ok(Self(minutes))
                } else {
                    Err($crate::Invalid::OutOfRange { min, max })
                }
            }

            /// The length in minutes.
            #[must_use]
            pub const fn as_minutes(self) -> i64 {
                self.0
            }
        }
    };
}
pub(crate) use minutes_type;
