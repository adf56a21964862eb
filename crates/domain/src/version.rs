//! Versions: an edit is "this new state, if the version is still N".

use std::fmt::Display;

/// Counts the states of one resource, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The version of a resource that was just made.
    pub const FIRST: Self = Self(1);

    /// A stored version; `None` where the number is below 1.
    #[must_use]
    pub const fn new(number: i64) -> Option<Self> {
        if number >= 1 { Some(Self(number)) } else { None }
    }

    /// The version of the state after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The version of the state before this one; `None` for the first.
    #[must_use]
    pub const fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }

    /// The number, 1 or more.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// Which state of which resource: its id and its versions, and those of what it shows of others. Two states of anything are the same if
/// their revisions are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revision(String);

impl Revision {
    /// The state of the resource with that id in these versions.
    #[must_use]
    pub fn of<const N: usize>(id: impl Display, versions: [Version; N]) -> Self {
        let mut revision = id.to_string();
        for version in versions {
            revision.push('.');
            revision.push_str(itoa::Buffer::new().format(version.get()));
        }
        Self(revision)
    }

    /// What a caller says that it has seen; perhaps nothing ever had it.
    #[must_use]
    pub fn claimed(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The revision as text, without blanks and quotes if it is not a claim.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something whose states can be told apart.
pub trait Revised {
    /// The revision of this state.
    fn revision(&self) -> Revision;
}
