//! Versions, for optimistic concurrency control: an edit writes "this new state, if the version is still N".

use std::fmt::Display;

/// A number that counts the states of one resource, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The version of a resource that was just created.
    pub const FIRST: Self = Self(1);

    /// A stored version. Returns `None` if the number is below 1.
    #[must_use]
    pub const fn new(number: i64) -> Option<Self> {
        if number >= 1 { Some(Self(number)) } else { None }
    }

    /// The version of the next state.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The version of the previous state; `None` for the first.
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

/// Identifies one state of one resource. It consists of the resource's id and version, and of the versions of other
/// resources that it shows. Two states are the same if their revisions are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revision(String);

impl Revision {
    /// The revision of the resource with that id in these versions.
    #[must_use]
    pub fn of<const N: usize>(id: impl Display, versions: [Version; N]) -> Self {
        versions.into_iter().fold(Self(id.to_string()), Self::and)
    }

    /// The revision of a state that also shows a resource in this version.
    #[must_use]
    pub fn and(mut self, version: Version) -> Self {
        self.0.push('.');
        self.0.push_str(itoa::Buffer::new().format(version.get()));
        self
    }

    /// A revision that a caller claims to have seen. Perhaps nothing ever had it.
    #[must_use]
    pub fn claimed(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The revision as text. Unless it is a claim, it has no white space and no quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A resource whose states have revisions.
pub trait Revised {
    /// The revision of this state.
    fn revision(&self) -> Revision;
}
