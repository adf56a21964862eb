//! Writes of several rows: a booking may bring its customer along, and a payment changes its booking's bill.

use crate::{
    RowId,
    billing::payment::PaymentRow,
    crm::customer::CustomerRow,
    events::registration::RegistrationRow,
    guards::GuardedRefusal,
    scheduling::occupancy::{AppointmentRow, row_of},
    schema::{appointments, payments, registrations},
};
use chatgrow_domain::AccountId;
use chatgrow_ports::CustomerWrite;
use diesel::{
    dsl::{Find, auto_type},
    prelude::*,
};

#[auto_type]
fn in_version(account: RowId, id: RowId, version: i64, what: &'static str) -> _ {
    let stored: row_of = row_of(account, id, what);
    stored.filter(appointments::version.eq(version))
}

/// The stored appointment that this row replaces: the one with its id, in the version before.
pub fn appointment_before(next: &AppointmentRow) -> in_version {
    in_version(next.account_id, next.id, next.version - 1, "kind = 'appointment'")
}

/// The stored hold that this row replaces, if it was not released.
pub fn hold_before(next: &AppointmentRow) -> in_version {
    let is_hold = "kind = 'hold' AND status <> 'cancelled'";
    in_version(next.account_id, next.id, next.version - 1, is_hold)
}

#[auto_type]
fn registration_in_version(account: RowId, id: RowId, version: i64) -> _ {
    let row: Find<registrations::table, (RowId, RowId)> = registrations::table.find((account, id));
    row.filter(registrations::version.eq(version))
}

/// The stored registration that this row replaces.
pub fn registration_before(next: &RegistrationRow) -> registration_in_version {
    registration_in_version(next.account_id, next.id, next.version - 1)
}

/// The stored registration, if it is in the version of this row.
pub fn registration_as_it_is(row: &RegistrationRow) -> registration_in_version {
    registration_in_version(row.account_id, row.id, row.version)
}

#[auto_type]
fn payment_in_version(account: RowId, id: RowId, version: i64) -> _ {
    let row: Find<payments::table, (RowId, RowId)> = payments::table.find((account, id));
    row.filter(payments::version.eq(version))
}

/// The stored payment that this row replaces.
pub fn payment_before(next: &PaymentRow) -> payment_in_version {
    payment_in_version(next.account_id, next.id, next.version - 1)
}

/// One statement of a write. The statements of a write are carried out in order. If one changes no row, or a guard
/// refuses it, nothing is written.
#[derive(Debug, Clone)]
pub enum Step {
    /// Adds a customer.
    InsertCustomer(CustomerRow),
    /// Replaces the customer of the previous version.
    UpdateCustomer(CustomerRow),
    /// Adds what occupies the schedule.
    Insert(AppointmentRow),
    /// Replaces the appointment of the previous version.
    Update(AppointmentRow),
    /// Replaces the hold of the previous version by an appointment.
    Confirm(AppointmentRow),
    /// Replaces the registration of the previous version.
    UpdateRegistration(RegistrationRow),
    /// Adds a payment or a refund.
    InsertPayment(PaymentRow),
    /// Replaces the payment or refund of the previous version.
    UpdatePayment(PaymentRow),
}

impl Step {
    /// Writes a customer.
    #[must_use]
    pub fn customer(account: AccountId, write: &CustomerWrite) -> Self {
        match write {
            CustomerWrite::Insert(customer) => Self::InsertCustomer(CustomerRow::new(account, customer)),
            CustomerWrite::Update(customer) => Self::UpdateCustomer(CustomerRow::new(account, customer)),
        }
    }
}

/// A refusal of a write in steps.
pub trait StepRefusal: GuardedRefusal {
    /// The step changed no row.
    fn without_effect(step: &Step) -> Self;
}

/// Runs the statement of a step. `$insert` adapts the `INSERT` of what occupies the schedule to the store, and `$run`
/// executes a statement and returns the number of rows that it changed. Each is an expression of the variable before
/// it.
#[macro_export]
macro_rules! run_step {
    (
        $step:expr,
        $insert:ident => $inserted:expr,
        $statement:ident => $run:expr
    ) => {{
        use $crate::{
            crm::customer,
            port::diesel,
            schema::{appointments, customers, payments},
            steps::{self, Step},
        };
        match $step {
            Step::InsertCustomer(row) => {
                let $statement = diesel::insert_into(customers::table).values(row);
                $run
            }
            Step::UpdateCustomer(row) => {
                let $statement = diesel::update(customer::row_before(&row)).set(row);
                $run
            }
            Step::Insert(row) => {
                let $insert = diesel::insert_into(appointments::table).values(row);
                let $statement = $inserted;
                $run
            }
            Step::Update(row) => {
                let $statement = diesel::update(steps::appointment_before(&row)).set(row);
                $run
            }
            Step::Confirm(row) => {
                let $statement = diesel::update(steps::hold_before(&row)).set(row);
                $run
            }
            Step::UpdateRegistration(row) => {
                let $statement = diesel::update(steps::registration_before(&row)).set(row);
                $run
            }
            Step::InsertPayment(row) => {
                let $statement = diesel::insert_into(payments::table).values(row);
                $run
            }
            Step::UpdatePayment(row) => {
                let $statement = diesel::update(steps::payment_before(&row)).set(row);
                $run
            }
        }
    }};
}
