//! Registrations. Triggers guard that the event is active and count the places, a CHECK that they suffice.

use crate::SqliteStore;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, EventId, Registration, RegistrationId};
use chatgrow_ports::{Page, PageRequest, RegisterError, RegistrationStore, StoreError};
use chatgrow_sql::{
    registrations::{self, PlaceRow, RegistrationRow},
    schema::registrations::table,
};

#[async_trait]
impl RegistrationStore for SqliteStore {
    async fn register(&self, account: AccountId, registration: &Registration) -> Result<(), RegisterError> {
        let insert = diesel::insert_into(table).values(RegistrationRow::new(account, registration));
        self.execute(insert).await.map(|_| ())
    }

    async fn list(
        &self,
        account: AccountId,
        event: EventId,
        request: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, StoreError> {
        self.page::<PlaceRow, _>(registrations::list(account, event, &request), request)
            .await
    }

    async fn unregister(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
    ) -> Result<bool, StoreError> {
        let place = registrations::of_event(
            account.as_bytes().into(),
            event.as_bytes().into(),
            id.as_bytes().into(),
        );
        self.execute(diesel::delete(place)).await.map(|freed| freed == 1)
    }
}
