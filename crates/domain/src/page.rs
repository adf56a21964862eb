//! The size of a page of a list.

use crate::Invalid;

/// The maximum number of items in one answer: 1 to 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The smallest limit.
    pub const MIN: u16 = 1;
    /// The largest limit.
    pub const MAX: u16 = 500;
    /// The limit if the caller names none.
    pub const DEFAULT: Self = Self(50);
    /// The [largest](Self::MAX) limit.
    pub const LARGEST: Self = Self(Self::MAX);

    /// A limit of that many items.
    ///
    /// # Errors
    /// [`Invalid::OutOfRange`] unless it is from 1 to 500.
    pub fn new(items: i64) -> Result<Self, Invalid> {
        u16::try_from(items)
            .ok()
            .filter(|items| (Self::MIN..=Self::MAX).contains(items))
            .map(Self)
            .ok_or(Invalid::OutOfRange {
                min: Self::MIN.into(),
                max: Self::MAX.into(),
            })
    }

    /// The number of items.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}
