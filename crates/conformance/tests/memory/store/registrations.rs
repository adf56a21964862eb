//! Registrations.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, CustomerId, Event, EventId, Registration, RegistrationId, RegistrationRefusal,
};
use chatgrow_ports::{Commit, Failure, Page, PageRequest, RegistrationStore, StoreError};

impl MemoryStore {
    /// Checks for the refusals that the port lists, and returns the first that applies.
    fn refuse(
        &self,
        tables: &Tables,
        account: AccountId,
        registration: &Registration,
    ) -> Result<(), Failure<RegistrationRefusal>> {
        let event = tables.events.get(account, registration.event_id);
        let admitted = event
            .ok_or(Failure::Refused(RegistrationRefusal::EventNotFound))?
            .admit();
        let full = admitted == Err(RegistrationRefusal::Full);
        let already = tables.registrations.of(account).any(|other| {
            other.event_id == registration.event_id && other.customer.id == registration.customer.id
        });
        let overfull = event.is_some_and(|event| {
            event
                .capacity
                .is_some_and(|capacity| capacity.get() <= event.participants)
        });
        if full && self.has(Defect::FullBeforeRegistered) || overfull && self.has(Defect::FullBeforeEnded) {
            return Err(RegistrationRefusal::Full.into());
        }
        if admitted == Err(RegistrationRefusal::NotActive) && !self.has(Defect::EndedEventsAdmit) {
            return Err(RegistrationRefusal::NotActive.into());
        }
        if already && !self.has(Defect::TwoPlaces) {
            return Err(Failure::Refused(RegistrationRefusal::AlreadyRegistered));
        }
        if full && !self.has(Defect::Overfull) {
            return Err(RegistrationRefusal::Full.into());
        }
        Ok(())
    }

    fn shown_place(
        &self,
        tables: &Tables,
        account: AccountId,
        stored: &Registration,
    ) -> Result<Registration, StoreError> {
        let customer = if self.has(Defect::UnknownCustomers) || self.has(Defect::CustomerAsBooked) {
            stored.customer.clone()
        } else {
            tables.customer(account, stored.customer.id)?
        };
        Ok(Registration {
            customer,
            ..stored.clone()
        })
    }
}

/// Changes an event's number of participants, and increments its version if `moves_on`.
fn count(tables: &mut Tables, account: AccountId, event: EventId, change: i64, moves_on: bool) {
    if let Some(event) = tables.events.get_mut(account, event) {
        *event = Event {
            participants: event.participants + change,
            version: if moves_on {
                event.version.next()
            } else {
                event.version
            },
            ..event.clone()
        };
    }
}

#[async_trait]
impl RegistrationStore for MemoryStore {
    async fn register(
        &self,
        account: AccountId,
        registration: &Registration,
        commit: Commit,
    ) -> Result<(), Failure<RegistrationRefusal>> {
        let method = Method::Register;
        let check = |tables: &Tables| {
            self.refuse(tables, account, registration)?;
            if !self.has(Defect::UnknownCustomers) {
                tables.customer(account, registration.customer.id)?;
            }
            self.vacant(
                method,
                tables.registrations.get(account, registration.id).is_some(),
            )?;
            Ok(Some(registration.clone()))
        };
        let change = |tables: &mut Tables, registration: Registration| {
            let more = i64::from(!self.has(Defect::Uncounted));
            let moves_on = !self.has(Defect::VersionStaysOnRegister);
            count(tables, account, registration.event_id, more, moves_on);
            tables.registrations.put(account, registration.id, registration);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
    ) -> Result<Option<Registration>, StoreError> {
        let anywhere = self.has(Defect::RegistrationFoundAnywhere);
        self.read(|tables| {
            let stored = tables.registrations.get(account, id);
            let stored = stored.filter(|stored| stored.event_id == event || anywhere);
            stored
                .map(|stored| self.shown_place(tables, account, stored))
                .transpose()
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        event: EventId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError> {
        let list = List::Registrations;
        self.read(|tables| {
            let mut shown = Vec::new();
            for (owner, stored) in self.listed(list, &tables.registrations, account) {
                if stored.event_id == event {
                    shown.push(self.shown_place(tables, owner, stored)?);
                }
            }
            Ok(self.page(list, shown.into_iter(), &page))
        })
        .await
    }

    async fn of_customer(
        &self,
        account: AccountId,
        customer: CustomerId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError> {
        let list = List::RegistrationsOfCustomer;
        self.read(|tables| {
            let mut shown = Vec::new();
            for (owner, stored) in self.listed(list, &tables.registrations, account) {
                if stored.customer.id == customer {
                    shown.push(self.shown_place(tables, owner, stored)?);
                }
            }
            Ok(self.page(list, shown.into_iter(), &page))
        })
        .await
    }

    async fn unregister(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
        commit: Commit,
    ) -> Result<bool, StoreError> {
        let anywhere = self.has(Defect::UnregistersAnywhere);
        let check = |tables: &Tables| {
            let place = tables.registrations.get(account, id);
            let place = place.filter(|place| place.event_id == event || anywhere);
            Ok::<_, StoreError>(place.map(|place| place.event_id))
        };
        let change = |tables: &mut Tables, event| {
            tables.registrations.remove(account, id);
            let less = -i64::from(!self.has(Defect::NotCountedOff));
            count(
                tables,
                account,
                event,
                less,
                !self.has(Defect::VersionStaysOnUnregister),
            );
        };
        let freed = self.write(Method::Unregister, commit, check, change).await?;
        Ok(freed || self.has(Defect::UnregistersTwice))
    }
}
