use super::{RACERS, at, customer_with_email, first_page, new_account, new_customer, race, walk};
use crate::{InsertCustomerError, Stores, UpdateCustomerError};
use chatgrow_domain::{Customer, CustomerEdit, CustomerName, EmailAddress, Notes, Phone};
use std::collections::HashSet;

fn renamed(customer: &Customer, name: &str) -> Customer {
    let edit = CustomerEdit {
        name: Some(CustomerName::new(name).unwrap()),
        ..CustomerEdit::default()
    };
    customer.edited(edit, at(1_763_893_900_000))
}

/// Every field comes back as it went in: any Unicode, the longest texts, nulls.
pub async fn customer_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let plain = customer_with_email("Plain.Case@Example.com");
    let bare = Customer {
        phone: None,
        notes: None,
        ..customer_with_email("bare@example.com")
    };
    let long = Customer {
        name: CustomerName::new("𝔸".repeat(200)).unwrap(),
        phone: Some(Phone::new("+1".repeat(25)).unwrap()),
        notes: Some(
            Notes::new(format!(
                "\u{1}\t\r\n'\"\\%_\u{202E}\u{FFFD}e\u{301}{}",
                "👩‍👩‍👧".repeat(990)
            ))
            .unwrap(),
        ),
        ..customer_with_email("a+b/c@דוגמה.co.il")
    };
    for customer in [plain, bare, long] {
        stores.customers.insert(account, &customer).await.unwrap();
        assert_eq!(
            stores
                .customers
                .by_email(account, &customer.email.key())
                .await
                .unwrap(),
            Some(customer)
        );
    }
    let absent = EmailAddress::new("absent@example.com").unwrap().key();
    assert_eq!(stores.customers.by_email(account, &absent).await.unwrap(), None);
}

/// Another spelling of an address is the same address, in one account.
pub async fn customer_email_is_unique_without_case(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    stores
        .customers
        .insert(account, &customer_with_email("dana@example.com"))
        .await
        .unwrap();
    let again = stores
        .customers
        .insert(account, &customer_with_email("DANA@example.com"))
        .await;
    assert!(matches!(again, Err(InsertCustomerError::EmailTaken)), "{again:?}");
    stores
        .customers
        .insert(other, &customer_with_email("dana@example.com"))
        .await
        .unwrap();
}

/// Of many inserts of one address exactly one succeeds.
pub async fn customer_email_is_unique_under_a_race(stores: &Stores) {
    let account = new_account(stores).await;
    let outcomes = race((0..RACERS).map(|racer| {
        let customers = stores.customers.clone();
        let email = if racer % 2 == 0 {
            "dana@example.com"
        } else {
            "Dana@Example.com"
        };
        async move { customers.insert(account, &customer_with_email(email)).await }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| matches!(o, Err(InsertCustomerError::EmailTaken)))
            .count(),
        RACERS - 1
    );
    assert_eq!(
        stores
            .customers
            .list(account, first_page(500))
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

/// An update replaces exactly the version before it.
pub async fn customer_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_customer(stores, account).await;
    let second = Customer {
        phone: None,
        notes: None,
        ..renamed(&first, "Dana")
    };
    stores.customers.update(account, &second).await.unwrap();
    assert_eq!(
        stores
            .customers
            .by_email(account, &first.email.key())
            .await
            .unwrap(),
        Some(second.clone())
    );
    for stale in [
        renamed(&first, "Noa"),
        second.clone(),
        customer_with_email("nobody@example.com"),
    ] {
        let outcome = stores.customers.update(account, &stale).await;
        assert!(matches!(outcome, Err(UpdateCustomerError::Stale)), "{outcome:?}");
    }
    assert_eq!(
        stores
            .customers
            .by_email(account, &first.email.key())
            .await
            .unwrap(),
        Some(second)
    );
}

/// Of many updates of one version exactly one succeeds.
pub async fn customer_updates_race_to_one_winner(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let outcomes = race((0..RACERS).map(|racer| {
        let (customers, next) = (
            stores.customers.clone(),
            renamed(&customer, &format!("racer {racer}")),
        );
        async move { customers.update(account, &next).await }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| matches!(o, Err(UpdateCustomerError::Stale)))
            .count(),
        RACERS - 1
    );
}

/// An update onto another customer's address changes nothing; a new spelling of one's own is fine.
pub async fn customer_can_not_take_a_taken_email(stores: &Stores) {
    let account = new_account(stores).await;
    let (dana, noa) = (
        customer_with_email("dana@example.com"),
        customer_with_email("noa@example.com"),
    );
    stores.customers.insert(account, &dana).await.unwrap();
    stores.customers.insert(account, &noa).await.unwrap();
    let with_email = |email: &str| {
        dana.edited(
            CustomerEdit {
                email: Some(EmailAddress::new(email).unwrap()),
                ..CustomerEdit::default()
            },
            at(5),
        )
    };
    let outcome = stores
        .customers
        .update(account, &with_email("Noa@example.com"))
        .await;
    assert!(
        matches!(outcome, Err(UpdateCustomerError::EmailTaken)),
        "{outcome:?}"
    );
    assert_eq!(
        stores
            .customers
            .by_email(account, &dana.email.key())
            .await
            .unwrap(),
        Some(dana.clone())
    );
    let respelled = with_email("DANA@example.com");
    stores.customers.update(account, &respelled).await.unwrap();
    assert_eq!(
        stores
            .customers
            .by_email(account, &dana.email.key())
            .await
            .unwrap(),
        Some(respelled)
    );
}

/// No method sees or changes another account's customers.
pub async fn customers_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let customer = new_customer(stores, account).await;
    assert_eq!(
        stores
            .customers
            .by_email(other, &customer.email.key())
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        stores.customers.list(other, first_page(50)).await.unwrap().items,
        []
    );
    let outcome = stores
        .customers
        .update(other, &renamed(&customer, "taken over"))
        .await;
    assert!(matches!(outcome, Err(UpdateCustomerError::Stale)), "{outcome:?}");
    assert_eq!(
        stores
            .customers
            .by_email(account, &customer.email.key())
            .await
            .unwrap(),
        Some(customer)
    );
}

/// Every customer that was there comes once and in order, whatever is inserted meanwhile.
pub async fn customer_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(new_customer(stores, account).await.id);
    }
    let list = |page| stores.customers.list(account, page);
    let exact = walk(7, list, async || ()).await;
    assert_eq!(
        exact.iter().map(|customer| customer.id).collect::<Vec<_>>(),
        expected,
        "a full last page is the last"
    );
    let seen = walk(3, list, async || {
        if stores
            .customers
            .list(account, first_page(500))
            .await
            .unwrap()
            .items
            .len()
            < 12
        {
            new_customer(stores, account).await;
        }
    })
    .await;
    let ids: Vec<_> = seen.iter().map(|customer| customer.id).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(expected.iter().all(|id| ids.contains(id)));
}
