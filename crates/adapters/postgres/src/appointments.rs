//! Appointments. An exclusion constraint guards that no two confirmed ones overlap.

use crate::PostgresStore;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Appointment, AppointmentId};
use chatgrow_ports::{
    AppointmentFilter, AppointmentStore, BookError, Page, PageRequest, StartPosition, StoreError,
    UpdateAppointmentError,
};
use chatgrow_sql::{
    appointments::{self, AppointmentRow, BookedRow},
    schema::{
        appointments::{dsl, table},
        customers,
    },
};
use diesel::{prelude::*, upsert::on_constraint};

#[async_trait]
impl AppointmentStore for PostgresStore {
    async fn book(&self, account: AccountId, appointment: &Appointment) -> Result<(), BookError> {
        // Plain inserts that race for a slot would wait for each other, a deadlock; with ON CONFLICT they don't.
        let insert = diesel::insert_into(table)
            .values(AppointmentRow::new(account, appointment))
            .on_conflict(on_constraint("appointments_no_overlap"))
            .do_nothing();
        match self.execute::<BookError>(insert).await? {
            0 => Err(BookError::SlotTaken),
            _ => Ok(()),
        }
    }

    async fn by_id(&self, account: AccountId, id: AppointmentId) -> Result<Option<Appointment>, StoreError> {
        self.find::<BookedRow, _>(appointments::by_id(
            account.as_bytes().into(),
            id.as_bytes().into(),
        ))
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: &AppointmentFilter,
        request: PageRequest<StartPosition<AppointmentId>>,
    ) -> Result<Page<Appointment, StartPosition<AppointmentId>>, StoreError> {
        let mut query = appointments::list(account, filter, &request).into_boxed();
        if let Some(status) = filter.status {
            query = query.filter(dsl::status.eq(status.as_str()));
        }
        if let Some(customer) = &filter.customer {
            query = query.filter(customers::email_key.eq(customer.as_str().to_owned()));
        }
        self.page::<BookedRow, _>(query, request).await
    }

    async fn update(
        &self,
        account: AccountId,
        appointment: &Appointment,
    ) -> Result<(), UpdateAppointmentError> {
        let update = diesel::update(appointments::before(account, appointment))
            .set(AppointmentRow::new(account, appointment));
        match self.execute::<UpdateAppointmentError>(update).await? {
            0 => Err(UpdateAppointmentError::Stale),
            _ => Ok(()),
        }
    }
}
