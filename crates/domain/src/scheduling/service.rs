//! Services: what customers book, how long it takes, what it costs, and which resources it needs.

use crate::{
    Buffers, ChangeRefusal, Currency, Duration, Money, Notes, Refusal, ResourceId, Revised, Revision,
    ServiceType, Timestamp, Version, ids::id_type, minutes::minutes_type, text::text_type,
};
use std::collections::HashSet;

id_type! {
    /// The id of a [`Service`].
    ServiceId
}

text_type! {
    /// A service's name.
    ServiceName, 200, single line
}

minutes_type! {
    /// The time before or after an appointment that is kept free as well: 0 minutes to half a day.
    #[derive(Default)]
    Buffer, 0 to 720
}

impl Buffer {
    /// No buffer.
    pub const NONE: Self = Self(0);
}

/// How many resources of a group a booking takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// That many, 1 or more.
    Exactly(usize),
    /// All of them.
    All,
}

/// Resources that can stand in for each other, and how many of them a booking takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Need {
    /// The group, in the order in which it was given.
    pub resources: Vec<ResourceId>,
    /// How many of them a booking takes.
    pub count: Count,
}

/// The resources that a booking of a service takes. No resource stands in two groups, so the groups can be served one
/// after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Needs(Vec<Need>);

impl Needs {
    /// The most resources in all groups.
    pub const MAX_RESOURCES: usize = 50;

    /// Checks the groups. None of them at all is a service that takes the account's own schedule.
    ///
    /// # Errors
    /// Everything that is wrong, and with which group.
    pub fn new(needs: Vec<Need>) -> Result<Self, Vec<InvalidNeeds>> {
        let (mut seen, mut errors) = (HashSet::<ResourceId>::new(), Vec::new());
        for (group, need) in needs.iter().enumerate() {
            let mut refuse = |why| errors.push(InvalidNeeds { group, why });
            let fits =
                matches!(need.count, Count::Exactly(count) if (1..=need.resources.len()).contains(&count));
            let before = seen.len();
            seen.extend(&need.resources);
            if need.resources.is_empty() {
                refuse(InvalidNeed::Empty);
            } else if seen.len() - before < need.resources.len() {
                refuse(InvalidNeed::Twice);
            } else if need.count != Count::All && !fits {
                refuse(InvalidNeed::Count);
            }
            if seen.len() > Self::MAX_RESOURCES {
                refuse(InvalidNeed::TooMany);
                break;
            }
        }
        if errors.is_empty() {
            Ok(Self(needs))
        } else {
            Err(errors)
        }
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &[Need] {
        &self.0
    }

    /// All resources of all groups.
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> {
        self.0.iter().flat_map(|need| need.resources.iter().copied())
    }
}

/// The group of [`Needs`] that is not valid, counted from 0, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNeeds {
    /// The position of the group.
    pub group: usize,
    /// What is wrong with it.
    pub why: InvalidNeed,
}

/// Why a group of resources is not valid. It displays as the predicate of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNeed {
    /// The group has no resource.
    #[error("must name at least one resource")]
    Empty,
    /// The group names a resource that was named before, in this group or in another.
    #[error("must not name a resource twice, not even in two groups")]
    Twice,
    /// The service names too many resources.
    #[error("must not name more than {max} resources in all groups", max = Needs::MAX_RESOURCES)]
    TooMany,
    /// The count is not from 1 to the size of the group.
    #[error("must ask for at least one resource, and for no more than the group has")]
    Count,
    /// The account has no such resource, or the resource is not active.
    #[error("must name active resources of this account")]
    Unknown,
}

/// What customers book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The service's id.
    pub id: ServiceId,
    /// The fields that a caller provides.
    pub terms: ServiceTerms,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// The fields of a service that a caller provides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTerms {
    /// The service's name.
    pub name: ServiceName,
    /// The type of its appointments.
    pub service_type: ServiceType,
    /// The length of its appointments.
    pub duration: Duration,
    /// The time before an appointment that is kept free.
    pub buffer_before: Buffer,
    /// The time after an appointment that is kept free.
    pub buffer_after: Buffer,
    /// The distance between two starts that are offered. `None` is the account's.
    pub slot_step: Option<Duration>,
    /// What it costs.
    pub price: Option<Price>,
    /// Free notes.
    pub notes: Option<Notes>,
    /// Whether it can be booked. What is booked already stays so.
    pub active: bool,
    /// The resources that an appointment takes.
    pub needs: Needs,
}

impl ServiceTerms {
    /// The time around an appointment that is kept free.
    #[must_use]
    pub const fn buffers(&self) -> Buffers {
        Buffers {
            before: self.buffer_before,
            after: self.buffer_after,
        }
    }
}

/// An amount in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    /// The amount.
    pub amount: Money,
    /// The currency, if it was said.
    pub currency: Option<Currency>,
}

/// A change of some fields. The outer `None` leaves a field unchanged; `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceEdit {
    /// A new name.
    pub name: Option<ServiceName>,
    /// Another type.
    pub service_type: Option<ServiceType>,
    /// Another length.
    pub duration: Option<Duration>,
    /// Another buffer before.
    pub buffer_before: Option<Buffer>,
    /// Another buffer after.
    pub buffer_after: Option<Buffer>,
    /// Another step, or `Some(None)` for the account's.
    pub slot_step: Option<Option<Duration>>,
    /// Another amount, or `Some(None)` to clear amount and currency.
    pub amount: Option<Option<Money>>,
    /// Another currency, or `Some(None)` to clear it.
    pub currency: Option<Option<Currency>>,
    /// New notes, or `Some(None)` to clear them.
    pub notes: Option<Option<Notes>>,
    /// Whether it can be booked from now on.
    pub active: Option<bool>,
    /// Other resources.
    pub needs: Option<Needs>,
}

impl Revised for Service {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why a service can't be found, created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceRefusal {
    /// The account has no such service.
    #[error("there is no such service")]
    NotFound,
    /// Its needs are not valid.
    #[error("group {}: {}", .0.group, .0.why)]
    Needs(InvalidNeeds),
    /// It would have a currency without a price.
    #[error("a currency needs a price")]
    CurrencyWithoutPrice,
    /// The service is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for ServiceRefusal {}

impl ChangeRefusal for ServiceRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Service {
    /// A new service, in its first version.
    #[must_use]
    pub const fn new(id: ServiceId, terms: ServiceTerms, now: Timestamp) -> Self {
        Self {
            id,
            terms,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`ServiceRefusal::CurrencyWithoutPrice`] if the edit sets a currency but there is no price.
    pub fn edited(&self, edit: ServiceEdit, now: Timestamp) -> Result<Self, ServiceRefusal> {
        let mut next = self.clone();
        let terms = &mut next.terms;
        set(&mut terms.name, edit.name);
        set(&mut terms.service_type, edit.service_type);
        set(&mut terms.duration, edit.duration);
        set(&mut terms.buffer_before, edit.buffer_before);
        set(&mut terms.buffer_after, edit.buffer_after);
        set(&mut terms.slot_step, edit.slot_step);
        set(&mut terms.notes, edit.notes);
        set(&mut terms.active, edit.active);
        set(&mut terms.needs, edit.needs);
        if let Some(amount) = edit.amount {
            let currency = terms.price.and_then(|price| price.currency);
            terms.price = amount.map(|amount| Price { amount, currency });
        }
        if let Some(currency) = edit.currency {
            match &mut terms.price {
                Some(price) => price.currency = currency,
                None if currency.is_some() => return Err(ServiceRefusal::CurrencyWithoutPrice),
                None => {}
            }
        }
        if next != *self {
            next.updated_at = now;
            next.version = self.version.next();
        }
        Ok(next)
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests;
