//! The appointments of one customer, in words.

use crate::{
    Shared,
    page::{PageError, all},
    scheduling::Names,
    visit::SignedIn,
    words::Words,
};
use chatgrow_application::WallClock;
use chatgrow_domain::{Appointment, AppointmentId, AppointmentStatus, Customer};
use chatgrow_ports::AppointmentFilter;

/// A customer's appointments.
#[derive(Default)]
pub(super) struct Visits {
    /// Those to come, the next one first.
    pub(super) upcoming: Vec<Visit>,
    /// All others, the latest first.
    pub(super) history: Vec<Visit>,
}

/// An appointment.
pub(super) struct Visit {
    pub(super) id: AppointmentId,
    pub(super) when: String,
    /// The service, with whom, and for how long.
    pub(super) what: String,
    pub(super) status: String,
    pub(super) missed: bool,
}

impl Visits {
    pub(super) async fn read(
        shared: &Shared,
        signed_in: &SignedIn,
        customer: &Customer,
        clock: &WallClock,
    ) -> Result<Self, PageError> {
        let (caller, scheduling) = (signed_in.caller(), &shared.application.scheduling);
        let filter = AppointmentFilter {
            customer: Some(customer.email.key()),
            ..AppointmentFilter::default()
        };
        let appointments =
            all(async |page| scheduling.appointments.list(caller, &filter, page).await).await?;
        if appointments.is_empty() {
            return Ok(Self::default());
        }
        let names = Names::read(shared, signed_in).await?;
        let mut visits = Self::default();
        for appointment in appointments {
            let appointment = appointment.value;
            let ended = appointment.booking.slot.end_minutes() <= clock.minute().as_minutes();
            let upcoming = appointment.status == AppointmentStatus::Confirmed && !ended;
            let visit = Visit::new(signed_in.words(), clock, &names, &appointment);
            if upcoming {
                visits.upcoming.push(visit);
            } else {
                visits.history.push(visit);
            }
        }
        visits.history.reverse();
        Ok(visits)
    }
}

impl Visit {
    fn new(t: Words, clock: &WallClock, names: &Names, appointment: &Appointment) -> Self {
        Self {
            id: appointment.id,
            when: t.moment(appointment.booking.slot.start, clock.today()),
            what: names.line(t, &appointment.booking),
            status: t.text(&format!("status-{}", appointment.status.as_str())),
            missed: appointment.status == AppointmentStatus::NoShow,
        }
    }
}
