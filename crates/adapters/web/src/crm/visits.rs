//! The appointments of one customer, in words.

use crate::{
    Shared,
    page::{PageError, all},
    visit::SignedIn,
    words::Words,
};
use chatgrow_application::WallClock;
use chatgrow_domain::{
    Appointment, AppointmentId, AppointmentStatus, Booking, Customer, ResourceId, ServiceId,
};
use chatgrow_ports::{AppointmentFilter, ResourceFilter, ServiceFilter};
use std::collections::HashMap;

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

/// The names of what can be booked.
struct Names {
    services: HashMap<ServiceId, String>,
    resources: HashMap<ResourceId, String>,
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
        let services = all(async |page| {
            scheduling
                .services
                .list(caller, ServiceFilter::default(), page)
                .await
        })
        .await?;
        let resources = all(async |page| {
            scheduling
                .resources
                .list(caller, ResourceFilter::default(), page)
                .await
        })
        .await?;
        let names = Names {
            services: services
                .into_iter()
                .map(|service| (service.id, service.terms.name.as_str().to_owned()))
                .collect(),
            resources: resources
                .into_iter()
                .map(|resource| (resource.id, resource.name.as_str().to_owned()))
                .collect(),
        };
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
            what: names.of(t, &appointment.booking),
            status: t.text(match appointment.status {
                AppointmentStatus::Confirmed => "visit-confirmed",
                AppointmentStatus::Completed => "visit-completed",
                AppointmentStatus::NoShow => "visit-no-show",
                AppointmentStatus::Cancelled => "visit-cancelled",
            }),
            missed: appointment.status == AppointmentStatus::NoShow,
        }
    }
}

impl Names {
    fn of(&self, t: Words, booking: &Booking) -> String {
        let service = booking.service.and_then(|id| self.services.get(&id));
        let resources = booking.resources.iter().filter_map(|id| self.resources.get(id));
        let mut parts: Vec<_> = service.into_iter().chain(resources).cloned().collect();
        parts.push(t.count("visit-minutes", booking.slot.duration.as_minutes()));
        parts.join(" · ")
    }
}
