//! The resources and services of the account, by which bookings are named.

use crate::{
    Shared,
    page::{PageError, all},
    visit::SignedIn,
    words::Words,
};
use chatgrow_domain::{Booking, Resource, ResourceId, Service, ServiceId};
use chatgrow_ports::{ResourceFilter, ServiceFilter};

/// The hues of the stylesheet.
const HUES: usize = 4;

pub(crate) struct Names {
    pub(crate) resources: Vec<Resource>,
    pub(crate) services: Vec<Service>,
}

impl Names {
    /// Reads all of them, also those that can't be booked any more.
    pub(crate) async fn read(shared: &Shared, signed_in: &SignedIn) -> Result<Self, PageError> {
        let (caller, scheduling) = (signed_in.caller(), &shared.application.scheduling);
        let resources = async |page| {
            let every = ResourceFilter::default();
            scheduling.resources.list(caller, every, page).await
        };
        let services = async |page| {
            let every = ServiceFilter::default();
            scheduling.services.list(caller, every, page).await
        };
        Ok(Self {
            resources: all(resources).await?,
            services: all(services).await?,
        })
    }

    pub(crate) fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    pub(crate) fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// The names of resources, with commas.
    pub(crate) fn who(&self, resources: &[ResourceId]) -> String {
        let names: Vec<_> = resources
            .iter()
            .filter_map(|id| self.resource(*id))
            .map(|resource| resource.name.as_str())
            .collect();
        names.join(", ")
    }

    /// What is booked: the service's name, or else its type.
    pub(crate) fn what(&self, t: Words, booking: &Booking) -> String {
        let service = booking.service.and_then(|id| self.service(id));
        service.map_or_else(
            || t.text(&format!("service-type-{}", booking.service_type.as_str())),
            |service| service.terms.name.as_str().to_owned(),
        )
    }

    /// A booking in one line: the service, with whom, and for how long.
    pub(crate) fn line(&self, t: Words, booking: &Booking) -> String {
        let mut parts = vec![self.what(t, booking)];
        if !booking.resources.is_empty() {
            parts.push(self.who(&booking.resources));
        }
        parts.push(t.count("visit-minutes", booking.slot.duration.as_minutes()));
        parts.join(" · ")
    }

    /// The hue of a resource, by its place among those that can be booked.
    pub(crate) fn hue(&self, id: ResourceId) -> Option<usize> {
        let mut active = self.resources.iter().filter(|resource| resource.active);
        active
            .position(|resource| resource.id == id)
            .map(|position| position % HUES + 1)
    }

    /// The resources that can be booked, as options of a form.
    pub(crate) fn bookable(&self) -> Vec<(String, String)> {
        self.bookable_and(&[])
    }

    /// The same, with some that can perhaps not be booked any more.
    pub(crate) fn bookable_and(&self, present: &[ResourceId]) -> Vec<(String, String)> {
        let offered = |resource: &&Resource| resource.active || present.contains(&resource.id);
        let offered = self.resources.iter().filter(offered);
        offered
            .map(|resource| (resource.id.to_string(), resource.name.as_str().to_owned()))
            .collect()
    }
}
