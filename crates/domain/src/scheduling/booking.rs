//! Bookings: what appointments and holds have in common.

use crate::{Buffers, Interval, Occupancy, ResourceId, ServiceId, TimeSlot, choice::choice};

choice! {
    /// The service that the customer books.
    ServiceType {
        /// Advice.
        Consultation = "consultation",
        /// A treatment.
        Treatment = "treatment",
        /// A lesson.
        Lesson = "lesson",
        /// A workshop.
        Workshop = "workshop",
        /// Anything else.
        Other = "other",
    }
}

/// What is booked, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// When it takes place.
    pub slot: TimeSlot,
    /// The time that is kept free around the slot. It is copied from the service, so that an edit of the service moves
    /// nothing.
    pub buffers: Buffers,
    /// The resources that it takes, in the order of the service's groups. None is the account's own schedule.
    pub resources: Vec<ResourceId>,
    /// The service that is booked.
    pub service: Option<ServiceId>,
    /// The type of the service.
    pub service_type: ServiceType,
}

impl Booking {
    /// A booking of the account's own schedule, without a service of its own.
    #[must_use]
    pub const fn plain(slot: TimeSlot, service_type: ServiceType) -> Self {
        Self {
            slot,
            buffers: Buffers::NONE,
            resources: Vec::new(),
            service: None,
            service_type,
        }
    }

    /// What it occupies.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            interval: Interval::around(self.slot, self.buffers),
            resources: self.resources.clone(),
        }
    }
}
