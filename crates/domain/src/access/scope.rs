//! What a caller may do, in words that are the same in the API, in the store and on the command line.

use crate::{Invalid, choice::choice};
use std::fmt;

choice! {
    /// What an operation needs, and what a caller may have. The first two are presets: each stands for several others,
    /// also for those that later versions add.
    Scope {
        /// Everything.
        Full = "full",
        /// Every scope that only reads.
        Read = "read",
        /// Read customers.
        CustomersRead = "customers:read",
        /// Create and change customers.
        CustomersWrite = "customers:write",
        /// Read appointments and holds, and what is free.
        AppointmentsRead = "appointments:read",
        /// Book, hold, move and cancel.
        AppointmentsWrite = "appointments:write",
        /// Read events and registrations.
        EventsRead = "events:read",
        /// Publish and change events, register for them.
        EventsWrite = "events:write",
        /// Read resources, services, blocks, and the schedule.
        ScheduleRead = "schedule:read",
        /// Change resources, services, blocks, and the schedule.
        ScheduleWrite = "schedule:write",
        /// Read payments.
        PaymentsRead = "payments:read",
        /// Record payments and refunds.
        PaymentsWrite = "payments:write",
        /// Read webhook endpoints and deliveries.
        WebhooksRead = "webhooks:read",
        /// Change webhook endpoints.
        WebhooksWrite = "webhooks:write",
        /// Read what has changed.
        ChangesRead = "changes:read",
        /// Nothing more than `changes:read`: changes are written by what they tell of.
        ChangesWrite = "changes:write",
        /// Read, create, change, rotate and revoke API keys.
        KeysManage = "keys:manage",
        /// Book outside of the opening hours, and whatever notice and horizon say.
        PoliciesOverride = "policies:override",
    }
}

impl Scope {
    /// The scope that includes this one, if this one reads.
    const fn writing(self) -> Option<Self> {
        Some(match self {
            Self::CustomersRead => Self::CustomersWrite,
            Self::AppointmentsRead => Self::AppointmentsWrite,
            Self::EventsRead => Self::EventsWrite,
            Self::ScheduleRead => Self::ScheduleWrite,
            Self::PaymentsRead => Self::PaymentsWrite,
            Self::WebhooksRead => Self::WebhooksWrite,
            Self::ChangesRead => Self::ChangesWrite,
            _ => return None,
        })
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The scopes that a caller has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scopes(u32);

impl Scopes {
    /// Everything.
    pub const FULL: Self = Self(Scope::Full.bit());

    /// These scopes, each once.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if there is none.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, Invalid> {
        match Self::of(scopes) {
            Self(0) => Err(Invalid::Missing),
            scopes => Ok(scopes),
        }
    }

    /// These scopes, each once; perhaps none.
    pub(crate) fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Parses scopes with white space between them, as in an OAuth 2.0 request (RFC 6749, section 3.3), or commas.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if there is none, or [`Invalid::NotOneOf`] for an unknown one.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let scopes: Result<Vec<Scope>, Invalid> = text
            .split([' ', ','])
            .filter(|word| !word.is_empty())
            .map(str::parse)
            .collect();
        Self::new(scopes?)
    }

    /// The scopes as they were given, in the order in which they are declared.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }

    /// Whether the holder may do what needs that scope.
    #[must_use]
    pub const fn permit(self, needed: Scope) -> bool {
        let by_another = match needed.writing() {
            Some(writing) => self.has(writing) || self.has(Scope::Read),
            None => false,
        };
        self.has(Scope::Full) || self.has(needed) || by_another
    }

    /// Whether the holder may do everything that a holder of the others may.
    #[must_use]
    pub fn include(self, others: Self) -> bool {
        others.iter().all(|scope| self.permit(scope))
    }

    const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::*, sample::subsequence};

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn a_preset_stands_for_others() {
        for scope in Scope::ALL {
            assert!(Scopes::FULL.permit(*scope), "{scope:?}");
            let reads = *scope == Scope::Read || scope.as_str().ends_with(":read");
            assert_eq!(scopes("read").permit(*scope), reads, "{scope:?}");
        }
    }

    #[test]
    fn to_write_includes_to_read() {
        for scope in Scope::ALL
            .iter()
            .filter(|scope| scope.as_str().ends_with(":read"))
        {
            let writing = scope.as_str().replace("read", "write");
            assert!(scopes(&writing).permit(*scope), "{scope:?}");
            assert!(
                !scopes(scope.as_str()).permit(writing.parse().unwrap()),
                "{scope:?}"
            );
        }
    }

    #[test]
    fn none_is_refused() {
        assert_eq!(Scopes::parse(" "), Err(Invalid::Missing));
        assert!(matches!(
            Scopes::parse("full customers"),
            Err(Invalid::NotOneOf { .. })
        ));
    }

    #[test]
    fn only_full_includes_full() {
        let all = Scope::ALL.iter().copied().filter(|scope| *scope != Scope::Full);
        assert!(!Scopes::new(all).unwrap().include(Scopes::FULL));
        assert!(!scopes("customers:read").include(scopes("read")));
        assert!(scopes("read customers:write").include(scopes("events:read customers:write")));
    }

    proptest! {
        #[test]
        fn scopes_are_read_back(given in subsequence(Scope::ALL, 1..Scope::ALL.len())) {
            let scopes = Scopes::new(given.clone()).unwrap();
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), Ok(scopes));
            prop_assert_eq!(scopes.iter().collect::<Vec<_>>(), given);
        }

        #[test]
        fn to_include_is_to_permit_all(
            one in subsequence(Scope::ALL, 1..4), other in subsequence(Scope::ALL, 1..4),
        ) {
            let (one, other) = (Scopes::new(one).unwrap(), Scopes::new(other).unwrap());
            let permits = |scope: &&Scope| !other.permit(**scope) || one.permit(**scope);
            prop_assert_eq!(one.include(other), Scope::ALL.iter().filter(permits).count() == Scope::ALL.len());
        }
    }
}
