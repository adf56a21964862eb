//! Statuses: the domain says what each one means, and a store's guards say it again. The cases compare the two for
//! every status.

use crate::{
    events::{
        event::{new_event, with_status},
        registration::registration,
    },
    new_account, new_customer,
    scheduling::{
        appointment::{appointment, slot},
        occupancy::with_status as in_that_status,
    },
};
use chatgrow_domain::{AccountId, Appointment, AppointmentRefusal, AppointmentStatus, Customer, EventStatus};
use chatgrow_ports::{Commit, Failure, Stores};

/// Books an appointment in a free slot, and then changes it to `next`.
async fn book_and_update(
    stores: &Stores,
    account: AccountId,
    booked: &Appointment,
    next: &Appointment,
) -> Result<(), Failure<AppointmentRefusal>> {
    let appointments = &stores.scheduling.appointments;
    appointments
        .book(account, booked, None, Commit::default())
        .await
        .unwrap();
    appointments.update(account, next, Commit::default()).await
}

/// An appointment in that status whose slot begins at that minute.
async fn in_status(
    stores: &Stores,
    account: AccountId,
    customer: &Customer,
    start: i64,
    status: AppointmentStatus,
) -> Appointment {
    let booked = appointment(customer, slot(start, 60));
    book_and_update(stores, account, &booked, &in_that_status(&booked, status))
        .await
        .unwrap();
    booked
}

/// An appointment conflicts with another one if and only if both statuses occupy the slot.
pub async fn appointment_occupies_as_its_status_says(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    // Each pair of statuses has its own hours.
    let mut starts = (0..).step_by(180);
    for first in AppointmentStatus::ALL {
        let start = starts.next().unwrap();
        let there = in_status(stores, account, &customer, start, *first).await;
        let outcome = stores
            .scheduling
            .appointments
            .book(
                account,
                &appointment(&customer, there.booking.slot),
                None,
                Commit::default(),
            )
            .await;
        if first.occupies() {
            assert_refused!(
                outcome,
                Failure::Refused(AppointmentRefusal::SlotTaken),
                "{first:?} occupies its slot"
            );
        } else {
            assert!(outcome.is_ok(), "{first:?} occupies no slot, but: {outcome:?}");
        }
        for second in AppointmentStatus::ALL {
            let start = starts.next().unwrap();
            let there = in_status(stores, account, &customer, start, *first).await;
            let booked = appointment(&customer, slot(start + 60, 60));
            let next = Appointment {
                booking: there.booking,
                ..in_that_status(&booked, *second)
            };
            let outcome = book_and_update(stores, account, &booked, &next).await;
            if first.occupies() && second.occupies() {
                assert_refused!(
                    outcome,
                    Failure::Refused(AppointmentRefusal::SlotTaken),
                    "{first:?} and {second:?} occupy their slots"
                );
            } else {
                assert!(
                    outcome.is_ok(),
                    "{first:?} and {second:?} can share a slot, but: {outcome:?}"
                );
            }
        }
    }
}

/// An event takes a registration if and only if its status does.
pub async fn event_takes_registrations_as_its_status_says(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    for status in EventStatus::ALL {
        let event = new_event(stores, account, None).await;
        let next = with_status(&event, *status);
        if next != event {
            let events = &stores.events.events;
            events.update(account, &next, Commit::default()).await.unwrap();
        }
        let outcome = stores
            .events
            .registrations
            .register(account, &registration(event.id, &customer), Commit::default())
            .await;
        if status.takes_registrations() {
            assert!(
                outcome.is_ok(),
                "an event that is {status:?} takes registrations, but: {outcome:?}"
            );
        } else {
            assert_refused!(
                outcome,
                Failure::Refused(_),
                "an event that is {status:?} takes no registration"
            );
        }
    }
}
