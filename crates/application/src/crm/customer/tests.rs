use super::*;
use crate::commit::ATTEMPTS;
use crate::fixtures::{Mocks, account, at, customer, new_customer, request};
use chatgrow_domain::{CustomerName, Version};
use chatgrow_ports::StoreError;
use mockall::predicate::eq;

fn renaming(name: &str) -> CustomerEdit {
    CustomerEdit {
        name: Some(CustomerName::new(name).unwrap()),
        ..CustomerEdit::default()
    }
}

#[tokio::test]
async fn create_inserts_with_fresh_id_and_time() {
    let mut mocks = Mocks::at(1000);
    mocks
        .customers
        .expect_insert()
        .with(eq(account()), eq(customer()), mockall::predicate::always())
        .times(1)
        .returning(|_, _, _| Ok(()));
    assert_eq!(
        mocks
            .build()
            .crm
            .customers
            .create(&request(), new_customer())
            .await
            .unwrap(),
        Outcome::Done(Effect::Created(customer()))
    );
}

#[tokio::test]
async fn create_tells_a_taken_email() {
    let mut mocks = Mocks::at(1000);
    mocks
        .customers
        .expect_insert()
        .returning(|_, _, _| Err(CustomerRefusal::EmailTaken.into()));
    let outcome = mocks
        .build()
        .crm
        .customers
        .create(&request(), new_customer())
        .await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(CustomerRefusal::EmailTaken))
    ));
}

#[tokio::test]
async fn edit_of_nobody_is_not_found() {
    let mut mocks = Mocks::at(1000);
    mocks.customers.expect_by_email().returning(|_, _| Ok(None));
    let outcome = mocks
        .build()
        .crm
        .customers
        .edit(&request(), &customer().email.key(), renaming("Noa"))
        .await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(CustomerRefusal::NotFound))
    ));
}

#[tokio::test]
async fn edit_that_changes_nothing_writes_nothing() {
    let mut mocks = Mocks::at(2000);
    mocks
        .customers
        .expect_by_email()
        .returning(|_, _| Ok(Some(customer())));
    let same = renaming(customer().name.as_str());
    let edited = mocks
        .build()
        .crm
        .customers
        .edit(&request(), &customer().email.key(), same)
        .await
        .unwrap();
    assert_eq!(edited, Outcome::Done(Effect::Unchanged(customer())));
}

#[tokio::test]
async fn edit_begins_again_with_what_is_now_true() {
    let mut mocks = Mocks::at(2000);
    let meanwhile = Customer {
        phone: None,
        version: Version::FIRST.next(),
        ..customer()
    };
    let expected = Customer {
        updated_at: at(2000),
        version: meanwhile.version.next(),
        ..meanwhile.clone()
    }
    .edited(renaming("Noa"), at(2000));
    let expected = Customer {
        version: meanwhile.version.next(),
        ..expected
    };
    mocks
        .customers
        .expect_by_email()
        .times(1)
        .returning(|_, _| Ok(Some(customer())));
    mocks
        .customers
        .expect_update()
        .times(1)
        .returning(|_, _, _| Err(CustomerRefusal::VersionMismatch.into()));
    mocks.customers.expect_by_email().times(1).returning({
        let meanwhile = meanwhile.clone();
        move |_, _| Ok(Some(meanwhile.clone()))
    });
    mocks
        .customers
        .expect_update()
        .with(eq(account()), eq(expected.clone()), mockall::predicate::always())
        .times(1)
        .returning(|_, _, _| Ok(()));
    let edited = mocks
        .build()
        .crm
        .customers
        .edit(&request(), &customer().email.key(), renaming("Noa"))
        .await
        .unwrap();
    let effect = Effect::Changed {
        before: meanwhile,
        after: expected,
    };
    assert_eq!(edited, Outcome::Done(effect));
}

#[tokio::test]
async fn edit_gives_up_where_it_always_loses() {
    let mut mocks = Mocks::at(2000);
    mocks
        .customers
        .expect_by_email()
        .times(ATTEMPTS)
        .returning(|_, _| Ok(Some(customer())));
    mocks
        .customers
        .expect_update()
        .times(ATTEMPTS)
        .returning(|_, _, _| Err(CustomerRefusal::VersionMismatch.into()));
    let outcome = mocks
        .build()
        .crm
        .customers
        .edit(&request(), &customer().email.key(), renaming("Noa"))
        .await;
    assert!(matches!(outcome, Err(Failure::Store(StoreError::Unavailable(_)))));
}

#[tokio::test]
async fn put_replaces_what_somebody_else_has_just_created() {
    let mut mocks = Mocks::at(2000);
    mocks
        .customers
        .expect_by_email()
        .times(1)
        .returning(|_, _| Ok(None));
    mocks
        .customers
        .expect_insert()
        .times(1)
        .returning(|_, _, _| Err(CustomerRefusal::EmailTaken.into()));
    mocks
        .customers
        .expect_by_email()
        .times(1)
        .returning(|_, _| Ok(Some(customer())));
    let put = mocks
        .build()
        .crm
        .customers
        .put(&request(), new_customer())
        .await
        .unwrap();
    let as_wanted = Outcome::Done(Effect::Unchanged(customer()));
    assert_eq!(put, as_wanted, "and it is as wanted already");
}

#[tokio::test]
async fn put_creates() {
    let mut mocks = Mocks::at(1000);
    mocks.customers.expect_by_email().returning(|_, _| Ok(None));
    mocks
        .customers
        .expect_insert()
        .times(1)
        .returning(|_, _, _| Ok(()));
    let put = mocks
        .build()
        .crm
        .customers
        .put(&request(), new_customer())
        .await
        .unwrap();
    assert_eq!(put, Outcome::Done(Effect::Created(customer())));
}
