//! The table of what occupies the schedule: appointments, holds and blocks. It also has a row for each further resource
//! of an appointment or a hold (a leg), but these are the database's own: triggers write them.

use crate::{RowId, arrays::in_columns, billing::bill, columns::RowReader, schema::appointments};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentStatus, Bill, Block, Booking, Buffer, Buffers, Duration, Hold,
    Interval, LocalMinute, Obstruction, OccupancyKind, ResourceId, ServiceId, ServiceType, TimeSlot,
    Timestamp,
};
use chatgrow_ports::{Busy, StoreError};
use diesel::{
    dsl::{auto_type, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::Bool,
};
use std::ops::RangeInclusive;

const APPOINTMENT: &str = "appointment";
const HOLD: &str = "hold";
const BLOCK: &str = "block";

/// The status of a hold that was not released, of a block, and of a confirmed appointment.
const CONFIRMED: &str = "confirmed";

/// The status of a hold that was released, and of an appointment that was cancelled or has expired.
pub(crate) const CANCELLED: &str = "cancelled";

/// A row of the table.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = appointments)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct AppointmentRow {
    pub(crate) account_id: RowId,
    pub(crate) id: RowId,
    kind: String,
    lead_id: Option<RowId>,
    customer_id: Option<RowId>,
    resource_id: Option<RowId>,
    further_resources: Option<String>,
    service_id: Option<RowId>,
    pub(crate) starts_at: i64,
    ends_at: i64,
    blocks_from: i64,
    blocks_until: i64,
    pub(crate) held_until: Option<i64>,
    service_type: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) status: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) version: i64,
    currency: Option<String>,
    amount_minor: Option<i64>,
    deposit_minor: Option<i64>,
    paid_minor: Option<i64>,
    refunded_minor: Option<i64>,
}

in_columns!(
    AppointmentRow,
    appointments {
        account_id,
        id,
        kind,
        lead_id,
        customer_id,
        resource_id,
        further_resources,
        service_id,
        starts_at,
        ends_at,
        blocks_from,
        blocks_until,
        held_until,
        service_type,
        notes,
        status,
        created_at,
        updated_at,
        version,
        currency,
        amount_minor,
        deposit_minor,
        paid_minor,
        refunded_minor
    }
);

impl AppointmentRow {
    /// The row of an account's appointment.
    #[must_use]
    pub fn of_appointment(account: AccountId, appointment: &Appointment) -> Self {
        let (currency, amount_minor, deposit_minor, paid_minor, refunded_minor) =
            bill::columns(appointment.bill.as_ref());
        Self {
            kind: APPOINTMENT.to_owned(),
            customer_id: Some(appointment.customer.id.as_bytes().into()),
            notes: appointment.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            held_until: appointment.held_until.map(Timestamp::as_millis),
            status: stored_status(appointment.status).to_owned(),
            created_at: appointment.created_at.as_millis(),
            updated_at: appointment.updated_at.as_millis(),
            version: appointment.version.get(),
            currency,
            amount_minor,
            deposit_minor,
            paid_minor,
            refunded_minor,
            ..Self::of_booking(account, appointment.id.as_bytes().into(), &appointment.booking)
        }
    }

    /// The row of an account's hold.
    #[must_use]
    pub fn of_hold(account: AccountId, hold: &Hold) -> Self {
        Self {
            held_until: Some(hold.held_until.as_millis()),
            status: if hold.released { CANCELLED } else { CONFIRMED }.to_owned(),
            created_at: hold.created_at.as_millis(),
            updated_at: hold.updated_at.as_millis(),
            version: hold.version.get(),
            ..Self::of_booking(account, hold.id.as_bytes().into(), &hold.booking)
        }
    }

    /// The row of an account's block.
    #[must_use]
    pub fn of_block(account: AccountId, block: &Block) -> Self {
        let (from, until) = (block.terms.from.as_minutes(), block.terms.until.as_minutes());
        let made = block.created_at.as_millis();
        Self {
            account_id: account.as_bytes().into(),
            id: block.id.as_bytes().into(),
            kind: BLOCK.to_owned(),
            lead_id: None,
            customer_id: None,
            resource_id: block.terms.resource.map(|resource| resource.as_bytes().into()),
            further_resources: None,
            service_id: None,
            starts_at: from,
            ends_at: until,
            blocks_from: from,
            blocks_until: until,
            held_until: None,
            service_type: None,
            notes: block
                .terms
                .reason
                .as_ref()
                .map(|reason| reason.as_str().to_owned()),
            status: CONFIRMED.to_owned(),
            created_at: made,
            updated_at: made,
            version: 1,
            currency: None,
            amount_minor: None,
            deposit_minor: None,
            paid_minor: None,
            refunded_minor: None,
        }
    }

    /// The row of something that is booked, without what is peculiar to appointments and to holds.
    fn of_booking(account: AccountId, id: RowId, booking: &Booking) -> Self {
        let interval = Interval::around(booking.slot, booking.buffers);
        let further: Vec<_> = booking
            .resources
            .iter()
            .skip(1)
            .map(ToString::to_string)
            .collect();
        Self {
            account_id: account.as_bytes().into(),
            id,
            kind: HOLD.to_owned(),
            lead_id: None,
            customer_id: None,
            resource_id: booking
                .resources
                .first()
                .map(|resource| resource.as_bytes().into()),
            further_resources: (!further.is_empty()).then(|| further.join(",")),
            service_id: booking.service.map(|service| service.as_bytes().into()),
            starts_at: booking.slot.start.as_minutes(),
            ends_at: booking.slot.end_minutes(),
            blocks_from: interval.from,
            blocks_until: interval.until,
            held_until: None,
            service_type: Some(booking.service_type.as_str().to_owned()),
            notes: None,
            status: String::new(),
            created_at: 0,
            updated_at: 0,
            version: 1,
            currency: None,
            amount_minor: None,
            deposit_minor: None,
            paid_minor: None,
            refunded_minor: None,
        }
    }

    /// The account that has it.
    #[must_use]
    pub fn account(&self) -> RowId {
        self.account_id
    }

    /// The days that it touches, as the triggers count them.
    #[must_use]
    pub fn days(&self) -> RangeInclusive<i64> {
        self.blocks_from / 1440..=(self.blocks_until - 1) / 1440
    }

    /// Whether it occupies one resource at most, and two days or so: not a block, and nothing that has legs.
    #[must_use]
    pub fn fits_a_batch(&self) -> bool {
        self.further_resources.is_none() && self.kind != BLOCK
    }

    /// The bill of an appointment.
    pub(crate) fn bill(&self) -> Result<Option<Bill>, StoreError> {
        let columns = (
            self.currency.clone(),
            self.amount_minor,
            self.deposit_minor,
            self.paid_minor,
            self.refunded_minor,
        );
        bill::read(&self.reader(), columns)
    }

    /// The status of an appointment.
    pub(crate) fn appointment_status(&self) -> Result<AppointmentStatus, StoreError> {
        if self.status == CANCELLED && self.held_until.is_some() {
            return Ok(AppointmentStatus::Expired);
        }
        self.reader().get("status", self.status.parse())
    }

    /// What is booked. Its columns are shared by appointments and holds.
    pub(crate) fn booking(&self) -> Result<Booking, StoreError> {
        let read = self.reader();
        let further = self
            .further_resources
            .as_deref()
            .into_iter()
            .flat_map(|ids| ids.split(','));
        let first = self
            .resource_id
            .map(|resource| Ok(ResourceId::new(resource.object_id())));
        let resources = first
            .into_iter()
            .chain(further.map(str::parse))
            .collect::<Result<Vec<_>, _>>();
        let buffer = |column, minutes| read.get(column, Buffer::from_minutes(minutes));
        let service_type = self.service_type.as_deref().unwrap_or_default();
        Ok(Booking {
            slot: TimeSlot {
                start: read.minute("starts_at", self.starts_at)?,
                duration: read.get(
                    "ends_at",
                    Duration::from_minutes(self.ends_at.saturating_sub(self.starts_at)),
                )?,
            },
            buffers: Buffers {
                before: buffer("blocks_from", self.starts_at.saturating_sub(self.blocks_from))?,
                after: buffer("blocks_until", self.blocks_until.saturating_sub(self.ends_at))?,
            },
            resources: read.get("further_resources", resources)?,
            service: self.service_id.map(|service| ServiceId::new(service.object_id())),
            service_type: read.get("service_type", service_type.parse::<ServiceType>())?,
        })
    }

    /// The interval of a block, and its resource.
    pub(crate) fn block(&self) -> Result<(Option<ResourceId>, LocalMinute, LocalMinute), StoreError> {
        let read = self.reader();
        Ok((
            self.resource_id
                .map(|resource| ResourceId::new(resource.object_id())),
            read.minute("starts_at", self.starts_at)?,
            read.minute("ends_at", self.ends_at)?,
        ))
    }

    pub(crate) const fn reader(&self) -> RowReader {
        RowReader {
            table: "appointments",
            id: self.id,
        }
    }
}

/// The status as it is stored. An appointment that has expired is stored as a hold is that was released: it is
/// cancelled, and keeps its `held_until`.
#[must_use]
pub const fn stored_status(status: AppointmentStatus) -> &'static str {
    match status {
        AppointmentStatus::Expired => CANCELLED,
        status => status.as_str(),
    }
}

/// Selects blocks.
pub(crate) const IS_BLOCK: &str = "kind = 'block'";

/// Selects holds.
pub(crate) const IS_HOLD: &str = "kind = 'hold'";

/// The row with that id, if it is `what`: a condition in SQL.
#[auto_type]
pub fn row_of(account: RowId, id: RowId, what: &'static str) -> _ {
    let is_one: SqlLiteral<Bool> = sql(what);
    appointments::table.find((account, id)).filter(is_one)
}

/// An interval that is occupied, as it is read.
#[derive(QueryableByName)]
#[diesel(table_name = appointments)]
pub struct BusyRow {
    resource_id: Option<RowId>,
    blocks_from: i64,
    blocks_until: i64,
}

impl TryFrom<BusyRow> for Busy {
    type Error = StoreError;

    fn try_from(row: BusyRow) -> Result<Self, StoreError> {
        Ok(Self {
            resource: row
                .resource_id
                .map(|resource| ResourceId::new(resource.object_id())),
            interval: Interval {
                from: row.blocks_from,
                until: row.blocks_until,
            },
        })
    }
}

/// What is in the way, as it is read.
#[derive(QueryableByName)]
#[diesel(table_name = appointments)]
pub struct ObstructionRow {
    id: RowId,
    kind: String,
    lead_id: Option<RowId>,
    resource_id: Option<RowId>,
    starts_at: i64,
    ends_at: i64,
}

impl TryFrom<ObstructionRow> for Obstruction {
    type Error = StoreError;

    fn try_from(row: ObstructionRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "appointments",
            id: row.id,
        };
        Ok(Self {
            resource: row
                .resource_id
                .map(|resource| ResourceId::new(resource.object_id())),
            kind: match row.kind.as_str() {
                HOLD => OccupancyKind::Hold,
                BLOCK => OccupancyKind::Block,
                _ => OccupancyKind::Appointment,
            },
            id: row.lead_id.unwrap_or(row.id).object_id(),
            start: read.minute("starts_at", row.starts_at)?,
            minutes: row.ends_at.saturating_sub(row.starts_at),
        })
    }
}

/// Selects the kind of a row of [`appointments`]; a leg is of the kind of its lead. The result is the column `kind`.
#[macro_export]
macro_rules! kind_of_occupancy {
    () => {
        "coalesce((
            SELECT lead.kind FROM appointments AS lead
            WHERE lead.account_id = appointments.account_id AND lead.id = appointments.lead_id
        ), kind) AS kind"
    };
}

/// Counts the appointments that are confirmed or wait for their payment, of the account `$1` that take the resource
/// `$2` and end after `$3`. The result is a [`Count`](crate::copy::Count).
pub const BOOKED_AFTER: &str = "SELECT count(*) AS count FROM appointments
    WHERE account_id = $1 AND resource_id = $2 AND resource_id IS NOT NULL AND status <> 'cancelled' AND ends_at > $3
        AND (kind = 'appointment' AND status IN ('pending', 'confirmed') OR kind = 'leg' AND EXISTS (
            SELECT 1 FROM appointments AS lead
            WHERE lead.account_id = $1 AND lead.id = appointments.lead_id
                AND lead.kind = 'appointment' AND lead.status IN ('pending', 'confirmed')
        ))";
