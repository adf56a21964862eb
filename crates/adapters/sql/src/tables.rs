//! The one list of tables, from which follow copies, their checksums, and what the tests look into.

pub use crate::{
    access::{account::AccountRow, api_key::ApiKeyRow},
    commit::IdempotencyRow,
    crm::customer::CustomerRow,
    events::{event::EventRow, registration::RegistrationRow},
    scheduling::appointment::AppointmentRow,
};

/// Calls the macro `$with` with every table and the row that it holds, in an order in which a table comes after those that it refers to.
#[macro_export]
macro_rules! for_each_table {
    ($with:ident) => {
        $with! {
            accounts: AccountRow,
            api_keys: ApiKeyRow,
            customers: CustomerRow,
            appointments: AppointmentRow,
            events: EventRow,
            registrations: RegistrationRow,
            idempotency_records: IdempotencyRow,
        }
    };
}

macro_rules! names {
    ($($table:ident: $Row:ident,)+) => { &[$(stringify!($table)),+] };
}

/// The tables' names.
pub const TABLES: &[&str] = for_each_table!(names);
