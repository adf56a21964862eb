//! The single list of tables. Copies, their checksums and the tests are derived from it.

pub use crate::{
    access::{account::AccountRow, api_key::ApiKeyRow, link::LinkRow, session::SessionRow, user::UserRow},
    billing::{payment::PaymentRow, payment_notice::NoticeRow, payment_source::SourceRow},
    commit::IdempotencyRow,
    crm::customer::CustomerRow,
    delivery::{
        change::ChangeRow,
        delivery::DeliveryRow,
        feed::{FeedRow, SweepRow},
        lane::LaneRow,
        webhook_endpoint::EndpointRow,
    },
    events::{event::EventRow, registration::RegistrationRow},
    scheduling::{
        occupancy::AppointmentRow, resource::ResourceRow, schedule::ScheduleRow, service::ServiceRow,
    },
};

/// Calls the macro `$with` with every table and its row type. A table comes after those that it refers to.
#[macro_export]
macro_rules! for_each_table {
    ($with:ident) => {
        $with! {
            accounts: AccountRow,
            api_keys: ApiKeyRow,
            users: UserRow,
            sessions: SessionRow,
            links: LinkRow,
            customers: CustomerRow,
            resources: ResourceRow,
            services: ServiceRow,
            schedules: ScheduleRow,
            appointments: AppointmentRow,
            events: EventRow,
            registrations: RegistrationRow,
            payments: PaymentRow,
            payment_sources: SourceRow,
            payment_notices: NoticeRow,
            idempotency_records: IdempotencyRow,
            changes: ChangeRow,
            sweeps: SweepRow,
            feed: FeedRow,
            webhook_endpoints: EndpointRow,
            webhook_lanes: LaneRow,
            webhook_deliveries: DeliveryRow,
        }
    };
}

macro_rules! names {
    ($($table:ident: $Row:ident,)+) => { &[$(stringify!($table)),+] };
}

/// The tables' names.
pub const TABLES: &[&str] = for_each_table!(names);
