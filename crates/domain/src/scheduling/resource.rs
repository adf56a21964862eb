//! Resources: who or what a booking takes besides the customer's time, such as a therapist, a room or a bike.

use crate::{
    ChangeRefusal, Hours, Refusal, Revised, Revision, Timestamp, Version, choice::choice, ids::id_type,
    text::text_type,
};

id_type! {
    /// The id of a [`Resource`].
    ResourceId
}

text_type! {
    /// A resource's name.
    ResourceName, 200, single line
}

choice! {
    /// What a resource is.
    ResourceKind {
        /// A person who serves customers.
        Staff = "staff",
        /// A place.
        Room = "room",
        /// A thing.
        Equipment = "equipment",
    }
}

/// Something that at most one booking can have at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The resource's id.
    pub id: ResourceId,
    /// The resource's name.
    pub name: ResourceName,
    /// What it is.
    pub kind: ResourceKind,
    /// Whether it can be booked. What is booked already stays so.
    pub active: bool,
    /// Its own opening hours. If they have no rule, the account's hold.
    pub hours: Hours,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// The fields of a resource that a caller provides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResource {
    /// See [`Resource::name`].
    pub name: ResourceName,
    /// See [`Resource::kind`].
    pub kind: ResourceKind,
    /// See [`Resource::active`].
    pub active: bool,
}

/// A change of some fields; `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceEdit {
    /// A new name.
    pub name: Option<ResourceName>,
    /// What it is now.
    pub kind: Option<ResourceKind>,
    /// Whether it can be booked from now on.
    pub active: Option<bool>,
    /// New opening hours.
    pub hours: Option<Hours>,
}

impl Revised for Resource {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why a resource can't be found or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceRefusal {
    /// The account has no such resource.
    #[error("there is no such resource")]
    NotFound,
    /// It would no longer be active, but is booked in the future.
    #[error("the resource has bookings in the future ({0})")]
    Booked(u64),
    /// The resource is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for ResourceRefusal {}

impl ChangeRefusal for ResourceRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Resource {
    /// A new resource without opening hours of its own, in its first version.
    #[must_use]
    pub fn new(id: ResourceId, new: NewResource, now: Timestamp) -> Self {
        let NewResource { name, kind, active } = new;
        Self {
            id,
            name,
            kind,
            active,
            hours: Hours::default(),
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    #[must_use]
    pub fn edited(&self, edit: ResourceEdit, now: Timestamp) -> Self {
        let mut next = self.clone();
        if let Some(name) = edit.name {
            next.name = name;
        }
        if let Some(kind) = edit.kind {
            next.kind = kind;
        }
        if let Some(active) = edit.active {
            next.active = active;
        }
        if let Some(hours) = edit.hours {
            next.hours = hours;
        }
        if next != *self {
            next.updated_at = now;
            next.version = self.version.next();
        }
        next
    }
}
