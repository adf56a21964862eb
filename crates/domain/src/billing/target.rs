//! What is paid for: an appointment or a registration.

use crate::{AppointmentId, RegistrationId};

/// What was paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentTarget {
    /// An appointment.
    Appointment(AppointmentId),
    /// A registration.
    Registration(RegistrationId),
}

impl PaymentTarget {
    /// The appointment, if it is one.
    #[must_use]
    pub const fn appointment(self) -> Option<AppointmentId> {
        match self {
            Self::Appointment(id) => Some(id),
            Self::Registration(_) => None,
        }
    }

    /// The registration, if it is one.
    #[must_use]
    pub const fn registration(self) -> Option<RegistrationId> {
        match self {
            Self::Appointment(_) => None,
            Self::Registration(id) => Some(id),
        }
    }
}
