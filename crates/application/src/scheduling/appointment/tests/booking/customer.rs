//! Tests of bookings that say something about the customer.

use super::*;
use crate::scheduling::order::CustomerDetails;
use chatgrow_domain::{CustomerName, Phone};

pub(super) fn named(name: Option<&str>, phone: Option<Option<Phone>>) -> Order {
    let details = CustomerDetails {
        name: name.map(|name| CustomerName::new(name).unwrap()),
        phone,
        notes: None,
    };
    let mut order = order_of(wish());
    order.customer.details = Some(details);
    order
}

#[tokio::test]
async fn a_new_customer_is_created_with_the_booking() {
    let mut mocks = with_schedule(Schedule::untouched(account()), None);
    let new = customer();
    mocks
        .appointments
        .expect_book()
        .with(
            always(),
            eq(appointment()),
            eq(Some(CustomerWrite::Insert(new.clone()))),
            always(),
        )
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    let order = named(Some(new.name.as_str()), Some(new.phone));
    assert!(ordered(mocks, order).await.is_ok());
}

#[tokio::test]
async fn a_new_customer_needs_a_name() {
    let mocks = with_schedule(Schedule::untouched(account()), None);
    let outcome = ordered(mocks, named(None, None)).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(AppointmentRefusal::CustomerNameNeeded))
    ));
}

#[tokio::test]
async fn of_a_known_customer_only_the_given_fields_are_updated() {
    let mut mocks = plain();
    let before = customer();
    let after = Customer {
        name: CustomerName::new("Dana Levi").unwrap(),
        version: before.version.next(),
        updated_at: at(1000),
        ..before
    };
    let summary = after.summary();
    mocks
        .appointments
        .expect_book()
        .withf(move |_, appointment, customer, _| {
            appointment.customer == summary && *customer == Some(CustomerWrite::Update(after.clone()))
        })
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    assert!(ordered(mocks, named(Some("Dana Levi"), None)).await.is_ok());
}

#[tokio::test]
async fn a_customer_who_stays_as_they_are_is_not_written() {
    let mut mocks = plain();
    mocks
        .appointments
        .expect_book()
        .with(always(), always(), eq(None), always())
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    assert!(ordered(mocks, named(Some("Dana"), None)).await.is_ok());
}

#[tokio::test]
async fn a_customer_who_changes_meanwhile_is_read_again() {
    let mut mocks = Mocks::at(1000);
    let mut found = vec![Some(customer()), None];
    mocks
        .schedules
        .expect_with_customer()
        .times(2)
        .returning(move |account, _| Ok((Schedule::untouched(account), found.pop().unwrap())));
    mocks
        .appointments
        .expect_book()
        .withf(|_, _, customer, _| matches!(customer, Some(CustomerWrite::Insert(_))))
        .times(1)
        .returning(|_, _, _, _| Err(AppointmentRefusal::CustomerChanged.into()));
    mocks
        .appointments
        .expect_book()
        .withf(|_, _, customer, _| matches!(customer, Some(CustomerWrite::Update(_))))
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    assert!(ordered(mocks, named(Some("Dana Levi"), None)).await.is_ok());
}

#[tokio::test]
async fn a_refused_booking_writes_no_customer() {
    // The mock of customers expects no call.
    let mut mocks = with_schedule(closed(account()), None);
    mocks.occupancies.expect_busy().returning(|_, _, _, _| Ok(vec![]));
    let why = not_free(ordered(mocks, named(Some("Dana"), None)).await.unwrap_err());
    assert_eq!(why.rule, BrokenRule::Closed);
}
