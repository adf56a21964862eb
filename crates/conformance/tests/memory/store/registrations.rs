//! Registrations.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, CustomerId, Event, EventId, PaymentTarget, Registration, RegistrationId, RegistrationRefusal,
    Timestamp,
};
use chatgrow_ports::{Commit, Failure, Page, PageRequest, RegistrationStore, StoreError, UnpaidRegistration};

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
            let holds = other.status.takes_place() || self.has(Defect::FreedPlacesCount);
            holds
                && other.id != registration.id
                && other.event_id == registration.event_id
                && other.customer.id == registration.customer.id
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

    /// Refuses an update of a registration that is not in the version before, or can't have its place.
    pub(super) fn check_update(
        &self,
        method: Method,
        tables: &Tables,
        account: AccountId,
        registration: &Registration,
    ) -> Result<(), Failure<RegistrationRefusal>> {
        let before = tables.registrations.get(account, registration.id);
        if !self.follows(method, before.map(|before| before.version), registration.version) {
            return Err(Failure::Refused(RegistrationRefusal::VersionMismatch));
        }
        let had = before.is_some_and(|before| before.status.takes_place());
        if registration.status.takes_place() && !had && !self.has(Defect::ComesBackUnguarded) {
            self.refuse(tables, account, registration)?;
        }
        Ok(())
    }

    /// Replaces a registration, and counts its place if it is given or freed.
    pub(super) fn put_registration(
        &self,
        tables: &mut Tables,
        account: AccountId,
        registration: Registration,
    ) {
        let before = tables.registrations.get(account, registration.id);
        let places = |takes| i64::from(takes);
        let had = places(before.is_some_and(|before| before.status.takes_place()));
        let change = places(registration.status.takes_place()) - had;
        let counted = change != 0 && !self.has(Defect::StatusUncounted);
        if counted {
            count(tables, account, registration.event_id, change, true);
        }
        tables.registrations.put(account, registration.id, registration);
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
            if registration.status.takes_place() {
                self.refuse(tables, account, registration)?;
            } else if tables.events.get(account, registration.event_id).is_none() {
                return Err(Failure::Refused(RegistrationRefusal::EventNotFound));
            }
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
            let takes_place = registration.status.takes_place();
            let more = i64::from(takes_place && !self.has(Defect::Uncounted));
            let moves_on = takes_place && !self.has(Defect::VersionStaysOnRegister);
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

    async fn anywhere(
        &self,
        account: AccountId,
        id: RegistrationId,
    ) -> Result<Option<Registration>, StoreError> {
        self.read(|tables| {
            let stored = tables.registrations.get(account, id);
            stored
                .map(|stored| self.shown_place(tables, account, stored))
                .transpose()
        })
        .await
    }

    async fn update(
        &self,
        account: AccountId,
        registration: &Registration,
        commit: Commit,
    ) -> Result<(), Failure<RegistrationRefusal>> {
        let method = Method::UpdateRegistration;
        let check = |tables: &Tables| {
            self.check_update(method, tables, account, registration)?;
            Ok(Some(registration.clone()))
        };
        let change = |tables: &mut Tables, registration: Registration| {
            self.put_registration(tables, account, registration);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn unpaid(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<UnpaidRegistration>, StoreError> {
        self.read(|tables| {
            let mut unpaid = Vec::new();
            for (owner, stored) in tables.registrations.all() {
                let due = self.is_unpaid(stored.expired(now).is_some(), stored.held_until, now);
                let of_account = account.is_none_or(|account| account == owner);
                if due && (of_account || self.has(Defect::UnpaidOfAll)) {
                    unpaid.push(UnpaidRegistration {
                        account: owner,
                        registration: self.shown_place(tables, owner, stored)?,
                    });
                }
            }
            unpaid.truncate(self.most_unpaid(most));
            Ok(unpaid)
        })
        .await
    }

    async fn unregister(
        &self,
        account: AccountId,
        registration: &Registration,
        commit: Commit,
    ) -> Result<bool, StoreError> {
        let id = registration.id;
        let check = |tables: &Tables| {
            let place = tables.registrations.get(account, id);
            let place = place
                .filter(|place| place.version == registration.version || self.has(Defect::UnregistersStale));
            let paid = tables
                .payments
                .of(account)
                .any(|entry| entry.target == Some(PaymentTarget::Registration(id)));
            if paid && place.is_some() && !self.has(Defect::UnregistersPaid) {
                return Err(StoreError::failed("it has payments"));
            }
            Ok::<_, StoreError>(place.map(|place| (place.event_id, place.status.takes_place())))
        };
        let change = |tables: &mut Tables, (event, takes_place)| {
            tables.registrations.remove(account, id);
            let less = -i64::from(takes_place && !self.has(Defect::NotCountedOff));
            count(
                tables,
                account,
                event,
                less,
                takes_place && !self.has(Defect::VersionStaysOnUnregister),
            );
        };
        let freed = self.write(Method::Unregister, commit, check, change).await?;
        Ok(freed || self.has(Defect::UnregistersTwice))
    }
}
