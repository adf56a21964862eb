//! Cases for customers.

use crate::{
    RACERS, ROUNDS, assert_all_refuse_nul, at, customer_with_email, earliest, first_page, fresh_id, latest,
    longest, new_account, new_customer, race, walk,
};
use chatgrow_domain::{
    AccountId, Customer, CustomerEdit, CustomerId, CustomerName, CustomerRefusal, EmailAddress, Invalid,
    NewCustomer, Notes, PageLimit, Phone, SearchTerm, Version,
};
use chatgrow_ports::{Commit, CustomerFilter, Failure, PageRequest, StoreError, Stores};
use std::collections::HashSet;

pub(crate) fn renamed(customer: &Customer, name: &str) -> Customer {
    let edit = CustomerEdit {
        name: Some(CustomerName::new(name).unwrap()),
        ..CustomerEdit::default()
    };
    customer.edited(edit, at(1_763_893_900_000))
}

pub(crate) fn with_email(customer: &Customer, email: &str) -> Customer {
    let edit = CustomerEdit {
        email: Some(EmailAddress::new(email).unwrap()),
        ..CustomerEdit::default()
    };
    customer.edited(edit, at(1_763_893_900_000))
}

async fn all(stores: &Stores, account: AccountId) -> Vec<Customer> {
    stores
        .crm
        .customers
        .list(account, &CustomerFilter::default(), first_page(500))
        .await
        .unwrap()
        .items
}

/// Every field is read back unchanged: any Unicode, the longest texts, nulls.
pub async fn customer_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let plain = customer_with_email("Plain.Case@Example.com");
    let bare = Customer {
        phone: None,
        notes: None,
        ..customer_with_email("bare@example.com")
    };
    let long = Customer {
        name: CustomerName::new(longest(CustomerName::MAX_CHARS)).unwrap(),
        phone: Some(Phone::new(longest(Phone::MAX_CHARS)).unwrap()),
        notes: Some(Notes::new(format!("\u{1}\t\r\n{}", longest(Notes::MAX_CHARS - 4))).unwrap()),
        created_at: earliest(),
        updated_at: latest(),
        version: Version::new(i64::MAX - 1).unwrap(),
        ..customer_with_email("a+b/c@דוגמה.co.il")
    };
    assert_all_refuse_nul();
    for customer in [plain, bare, long.clone()] {
        stores
            .crm
            .customers
            .insert(account, &customer, Commit::default())
            .await
            .unwrap();
        assert_eq!(
            stores
                .crm
                .customers
                .by_email(account, &customer.email.key())
                .await
                .unwrap(),
            Some(customer),
            "what was written is read back as it was, and what is not there is absent"
        );
    }
    let last = Customer {
        phone: None,
        notes: Some(Notes::new("\n.").unwrap()),
        created_at: latest(),
        ..renamed(&long, "🦀")
    };
    stores
        .crm
        .customers
        .update(account, &last, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        stores
            .crm
            .customers
            .by_email(account, &last.email.key())
            .await
            .unwrap(),
        Some(last.clone()),
        "what was written is read back as it was, and what is not there is absent"
    );
    assert_eq!(
        stores.crm.customers.by_id(account, last.id).await.unwrap(),
        Some(last),
        "what was written is read back as it was, and what is not there is absent"
    );
    assert_eq!(
        stores
            .crm
            .customers
            .by_id(account, CustomerId::new(fresh_id()))
            .await
            .unwrap(),
        None,
        "what was written is read back as it was, and what is not there is absent"
    );
    let absent = EmailAddress::new("absent@example.com").unwrap().key();
    assert_eq!(
        stores.crm.customers.by_email(account, &absent).await.unwrap(),
        None,
        "what was written is read back as it was, and what is not there is absent"
    );
}

/// Every address that the domain accepts is stored as it was written, and found by its key.
pub async fn customer_emails_round_trip(stores: &Stores) {
    let account = new_account(stores).await;
    let label = |letter: &str| letter.repeat(63);
    for email in [
        "!#$%&'*+/=?^_`{|}~-.A@example.com".to_owned(),
        "..%_--@a".to_owned(),
        "U@XN--BCHER-KVA.DE".to_owned(),
        "u@STRASSE.de".to_owned(),
        "u@straße.de".to_owned(),
        "U@ÎLE.example".to_owned(),
        "u@i\u{307}stanbul.example".to_owned(),
        "u@ｆｕｌｌ.example".to_owned(),
        "u@exa\u{200B}mple.org".to_owned(),
        "u@[127.0.0.1]".to_owned(),
        "U@[2001:DB8::1]".to_owned(),
        "u@💩.la".to_owned(),
        "u@उदाहरण.परीक्षा".to_owned(),
        // The longest addresses: with labels of maximum length, and those that have the longest keys.
        format!(
            "{}@{}.{}.{}",
            "L".repeat(64),
            label("d"),
            label("D"),
            "e".repeat(61)
        ),
        format!("u@{}💩", "💩.".repeat(125)),
        format!("U2@{}é.ab", "É.".repeat(123)),
    ] {
        let customer = customer_with_email(&email);
        stores
            .crm
            .customers
            .insert(account, &customer, Commit::default())
            .await
            .unwrap();
        let key = customer.email.key();
        assert_eq!(
            stores.crm.customers.by_email(account, &key).await.unwrap(),
            Some(customer),
            "{email} by {key:?}"
        );
    }
    for email in ["a\0@b.com", "a@b\0.com", "a@\0[127.0.0.1]", "a@é\0[127.0.0.1]"] {
        assert_eq!(EmailAddress::new(email), Err(Invalid::Email), "{email:?}");
    }
}

/// Within an account, another spelling of an address is the same address.
pub async fn customer_email_is_unique_without_case(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    stores
        .crm
        .customers
        .insert(
            account,
            &customer_with_email("dana@example.com"),
            Commit::default(),
        )
        .await
        .unwrap();
    let again = stores
        .crm
        .customers
        .insert(
            account,
            &customer_with_email("DANA@example.com"),
            Commit::default(),
        )
        .await;
    assert_refused!(
        again,
        Failure::Refused(CustomerRefusal::EmailTaken),
        "another spelling of an address is the same address"
    );
    stores
        .crm
        .customers
        .insert(other, &customer_with_email("dana@example.com"), Commit::default())
        .await
        .unwrap();
    stores
        .crm
        .customers
        .insert(
            account,
            &customer_with_email("dana@bücher.example"),
            Commit::default(),
        )
        .await
        .unwrap();
    let punycode = stores
        .crm
        .customers
        .insert(
            account,
            &customer_with_email("Dana@XN--BCHER-KVA.example"),
            Commit::default(),
        )
        .await;
    assert_refused!(
        punycode,
        Failure::Refused(CustomerRefusal::EmailTaken),
        "two spellings of one domain are the same domain"
    );
}

/// Of many concurrent inserts of one address exactly one succeeds.
pub async fn customer_email_is_unique_under_a_race(servers: &[Stores]) {
    let account = new_account(&servers[0]).await;
    let outcomes = race(servers, |racer, stores| async move {
        // Both spellings are used on each server.
        let email = if racer % 4 < 2 {
            "dana@example.com"
        } else {
            "Dana@Example.com"
        };
        stores
            .crm
            .customers
            .insert(account, &customer_with_email(email), Commit::default())
            .await
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(CustomerRefusal::EmailTaken));
    assert_eq!(
        all(&servers[0], account).await.len(),
        1,
        "the winner's state is kept, and nothing else"
    );
}

/// Of many concurrent inserts and updates to one address exactly one succeeds.
pub async fn customer_email_is_unique_among_inserts_and_updates(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut customers = Vec::new();
    for _ in 0..RACERS {
        customers.push(new_customer(stores, account).await);
    }
    let outcomes = race(servers, |racer, stores| {
        let moved = with_email(&customers[racer], "dana@example.com");
        async move {
            if racer % 4 < 2 {
                stores
                    .crm
                    .customers
                    .update(account, &moved, Commit::default())
                    .await
            } else {
                let new = customer_with_email("DANA@example.com");
                stores
                    .crm
                    .customers
                    .insert(account, &new, Commit::default())
                    .await
            }
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(CustomerRefusal::EmailTaken));
    let dana = EmailAddress::new("dana@example.com").unwrap().key();
    let owners = all(stores, account).await;
    assert_eq!(
        owners
            .iter()
            .filter(|customer| customer.email.key() == dana)
            .count(),
        1
    );
}

/// If two customers want each other's address at once, both are told that it is taken.
pub async fn customers_do_not_swap_emails(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let (dana, noa) = (
        new_customer(stores, account).await,
        new_customer(stores, account).await,
    );
    let swapped = [
        with_email(&dana, noa.email.as_str()),
        with_email(&noa, dana.email.as_str()),
    ];
    for _ in 0..ROUNDS {
        let outcomes = race(servers, |racer, stores| {
            // Both customers are updated on each server.
            let next = swapped[racer / 2 % 2].clone();
            async move {
                stores
                    .crm
                    .customers
                    .update(account, &next, Commit::default())
                    .await
            }
        })
        .await;
        assert_winners!(outcomes, 0, Failure::Refused(CustomerRefusal::EmailTaken));
    }
    assert_eq!(
        all(stores, account).await,
        [dana, noa],
        "the winner's state is kept, and nothing else"
    );
}

/// An update replaces only the version before it.
pub async fn customer_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_customer(stores, account).await;
    let second = Customer {
        phone: None,
        notes: None,
        ..renamed(&first, "Dana")
    };
    stores
        .crm
        .customers
        .update(account, &second, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        stores
            .crm
            .customers
            .by_email(account, &first.email.key())
            .await
            .unwrap(),
        Some(second.clone()),
        "an update replaces the version before it and no other, and a refused one changes nothing"
    );
    for stale in [
        renamed(&first, "Noa"),
        second.clone(),
        customer_with_email("nobody@example.com"),
    ] {
        let outcome = stores
            .crm
            .customers
            .update(account, &stale, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(CustomerRefusal::VersionMismatch),
            "it is not the version after the stored one"
        );
    }
    assert_eq!(
        stores
            .crm
            .customers
            .by_email(account, &first.email.key())
            .await
            .unwrap(),
        Some(second),
        "an update replaces the version before it and no other, and a refused one changes nothing"
    );
}

/// Of many concurrent updates of one version exactly one succeeds.
pub async fn customer_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let outcomes = race(servers, |racer, stores| {
        let next = renamed(&customer, &format!("racer {racer}"));
        async move {
            stores
                .crm
                .customers
                .update(account, &next, Commit::default())
                .await
                .map(|()| next)
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(CustomerRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(
        all(stores, account).await,
        [winner],
        "the winner's state is kept, and nothing else"
    );
}

/// An update to another customer's address changes nothing. A new spelling of the customer's own address is accepted.
pub async fn customer_can_not_take_a_taken_email(stores: &Stores) {
    let account = new_account(stores).await;
    let (dana, noa) = (
        customer_with_email("dana@example.com"),
        customer_with_email("noa@example.com"),
    );
    stores
        .crm
        .customers
        .insert(account, &dana, Commit::default())
        .await
        .unwrap();
    stores
        .crm
        .customers
        .insert(account, &noa, Commit::default())
        .await
        .unwrap();
    let outcome = stores
        .crm
        .customers
        .update(account, &with_email(&dana, "Noa@example.com"), Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Refused(CustomerRefusal::EmailTaken),
        "another customer has that address in another spelling"
    );
    assert_eq!(
        stores
            .crm
            .customers
            .by_email(account, &dana.email.key())
            .await
            .unwrap(),
        Some(dana.clone()),
        "a refused update changes nothing, and an accepted one is kept"
    );
    let respelled = with_email(&dana, "DANA@example.com");
    stores
        .crm
        .customers
        .update(account, &respelled, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        stores
            .crm
            .customers
            .by_email(account, &dana.email.key())
            .await
            .unwrap(),
        Some(respelled),
        "a refused update changes nothing, and an accepted one is kept"
    );
}

/// No method sees or changes another account's customers, even if both accounts have a customer with the same address.
pub async fn customers_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let mine = new_customer(stores, account).await;
    let email = mine.email.key();
    assert_eq!(
        stores.crm.customers.by_email(other, &email).await.unwrap(),
        None,
        "no account sees or changes what another one has"
    );
    assert_eq!(
        stores.crm.customers.by_id(other, mine.id).await.unwrap(),
        None,
        "no account sees or changes what another one has"
    );
    assert_eq!(
        all(stores, other).await,
        [],
        "no account sees or changes what another one has"
    );
    let outcome = stores
        .crm
        .customers
        .update(other, &renamed(&mine, "taken over"), Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Refused(CustomerRefusal::VersionMismatch),
        "the account has no such customer: it is another account's"
    );

    let theirs = customer_with_email(mine.email.as_str());
    stores
        .crm
        .customers
        .insert(other, &theirs, Commit::default())
        .await
        .unwrap();
    let taken_over = stores
        .crm
        .customers
        .update(account, &renamed(&theirs, "theirs"), Commit::default())
        .await;
    assert_refused!(
        taken_over,
        Failure::Refused(CustomerRefusal::VersionMismatch),
        "the account has no such customer: it is another account's"
    );
    let renamed = renamed(&mine, "mine");
    stores
        .crm
        .customers
        .update(account, &renamed, Commit::default())
        .await
        .unwrap();
    for (account, expected) in [(account, renamed), (other, theirs)] {
        assert_eq!(
            stores.crm.customers.by_email(account, &email).await.unwrap(),
            Some(expected.clone()),
            "no account sees or changes what another one has"
        );
        let page = stores
            .crm
            .customers
            .list(account, &CustomerFilter::default(), first_page(1))
            .await
            .unwrap();
        assert_eq!(
            (page.items, page.next),
            (vec![expected], None),
            "no account sees or changes what another one has"
        );
    }
    // A position is only a place in the order; it may belong to any account.
    let any = CustomerFilter::default();
    let after = |id| PageRequest {
        limit: PageLimit::DEFAULT,
        after: Some(id),
    };
    let page = stores
        .crm
        .customers
        .list(other, &any, after(mine.id))
        .await
        .unwrap();
    assert_eq!(
        page.items.len(),
        1,
        "no account sees or changes what another one has"
    );
    let page = stores
        .crm
        .customers
        .list(account, &any, after(mine.id))
        .await
        .unwrap();
    assert_eq!(page.items, [], "no account sees or changes what another one has");

    let nobody = AccountId::new(fresh_id());
    let outcome = stores
        .crm
        .customers
        .insert(nobody, &mine, Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "there is no such account, which is a defect of the caller"
    );
    assert_eq!(
        all(stores, nobody).await,
        [],
        "no account sees or changes what another one has"
    );
}

/// A search finds those of the account's customers that the domain says it matches, whatever it has in common with the
/// store's own patterns.
pub async fn customers_are_searched(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let mut customers = Vec::new();
    for (name, email, phone) in [
        ("דנה כהן", "Dana.Cohen@example.com", Some("050-123 4567")),
        ("Noa LEVI", "noa@example.com", Some("+972 (50) 765.4321")),
        ("100% _Tal_ O'Neil \\ \"x\"", "tal@bücher.example", Some("03/555")),
        ("Иван", "ivan+vip@example.com", None),
        ("Ext", "ext@example.com", Some("12 ext-5")),
    ] {
        let new = NewCustomer {
            name: CustomerName::new(name).unwrap(),
            email: EmailAddress::new(email).unwrap(),
            phone: phone.map(|phone| Phone::new(phone).unwrap()),
            notes: Some(Notes::new("dana noa tal 050").unwrap()),
        };
        let customer = Customer::new(CustomerId::new(fresh_id()), new, at(1000));
        for account in [account, other] {
            let insert = stores.crm.customers.insert(account, &customer, Commit::default());
            insert.await.unwrap();
        }
        customers.push(customer);
    }
    for term in [
        "דנה",
        "כהן דנה",
        "ה כ",
        "cohen",
        "COHEN@EXAMPLE",
        "example.com",
        "noa levi",
        "noa tal",
        "levi 7654321",
        "0501234567",
        "050-123",
        "1234567 050",
        "97250",
        "4321",
        "%",
        "_",
        "_tal_",
        "o'neil",
        "\\",
        "\"x\"",
        "bücher",
        "xn--",
        "ива",
        "ИВА",
        "+vip",
        "03/555",
        "03555",
        "ext5",
        "ext-5",
        "125",
        "*",
        "zzz",
        "vip 0",
    ] {
        let term = SearchTerm::new(term).unwrap();
        let expected: Vec<_> = customers
            .iter()
            .filter(|customer| term.matches(customer))
            .cloned()
            .collect();
        let filter = CustomerFilter {
            search: Some(term),
            ..CustomerFilter::default()
        };
        let list = |page| stores.crm.customers.list(account, &filter, page);
        assert_eq!(walk(2, list, async || ()).await, expected, "{filter:?}");
    }
}

/// Each filter selects what it says, alone and combined, within one account.
pub async fn customers_are_filtered(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let mut customers = Vec::new();
    for (email, updated_at) in [
        ("dana@example.com", 10),
        ("noa@example.com", 20),
        ("gil@example.com", 15),
    ] {
        let customer = Customer {
            updated_at: at(updated_at),
            ..customer_with_email(email)
        };
        let inserted = stores.crm.customers.insert(account, &customer, Commit::default());
        inserted.await.unwrap();
        customers.push(customer);
    }
    let noa = || Some(EmailAddress::new("NOA@example.com").unwrap().key());
    let since = |millis| Some(at(millis));
    for (email, updated_since, expected) in [
        (None, None, &customers[..]),
        (noa(), None, &customers[1..2]),
        (None, since(15), &customers[1..]),
        (None, since(16), &customers[1..2]),
        (None, since(21), &[]),
        (noa(), since(20), &customers[1..2]),
        (noa(), since(21), &[]),
        (
            Some(EmailAddress::new("nobody@example.com").unwrap().key()),
            None,
            &[],
        ),
    ] {
        let filter = CustomerFilter {
            email,
            updated_since,
            search: None,
        };
        let list = |page| stores.crm.customers.list(account, &filter, page);
        assert_eq!(walk(1, list, async || ()).await, expected, "{filter:?}");
        let page = stores.crm.customers.list(other, &filter, first_page(50)).await;
        assert_eq!(page.unwrap().items, [], "another account's, {filter:?}");
    }
}

/// Every customer that existed at the start is listed once and in order, whatever is inserted meanwhile.
pub async fn customer_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(new_customer(stores, account).await.id);
    }
    let any = CustomerFilter::default();
    let list = |page| stores.crm.customers.list(account, &any, page);
    let exact = walk(7, list, async || ()).await;
    assert_eq!(
        exact.iter().map(|customer| customer.id).collect::<Vec<_>>(),
        expected,
        "a full last page is the last"
    );
    let seen = walk(3, list, async || {
        if stores
            .crm
            .customers
            .list(account, &CustomerFilter::default(), first_page(500))
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

/// A stale update is reported as stale even if its address is taken, because a caller that reads again may want another
/// one.
pub async fn a_stale_customer_is_told_first(stores: &Stores) {
    let account = new_account(stores).await;
    let (dana, noa) = (
        new_customer(stores, account).await,
        new_customer(stores, account).await,
    );
    let present = renamed(&dana, "Dana");
    let update = stores.crm.customers.update(account, &present, Commit::default());
    update.await.unwrap();
    let stale = with_email(&dana, noa.email.as_str());
    let unknown = Customer {
        version: stale.version,
        ..customer_with_email(noa.email.as_str())
    };
    for (customer, what) in [
        (stale, "the version is not the next one"),
        (unknown, "there is no such customer"),
    ] {
        let outcome = stores
            .crm
            .customers
            .update(account, &customer, Commit::default())
            .await;
        assert_refused!(
            outcome,
            Failure::Refused(CustomerRefusal::VersionMismatch),
            "{what}, which comes before the address that is taken"
        );
    }
    assert_eq!(
        all(stores, account).await,
        [present, noa],
        "a refused update changes nothing"
    );
}
