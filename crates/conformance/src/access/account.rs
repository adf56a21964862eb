//! Cases for accounts.

use crate::{
    at,
    commit::{fresh_request, record, with},
    earliest, fresh_id, latest, longest, race,
};
use chatgrow_domain::{Account, AccountId, AccountName, AccountRefusal, AccountSlug};
use chatgrow_ports::{Commit, Failure, Stores};

fn account(slug: &str) -> Account {
    Account {
        id: AccountId::new(fresh_id()),
        slug: AccountSlug::new(slug).unwrap(),
        name: AccountName::new("סטודיו 👩‍🎨").unwrap(),
        created_at: at(1_763_893_800_123),
    }
}

/// An account is read back unchanged, with the longest name and the extreme instants. A slug that no account has finds
/// nothing.
pub async fn account_round_trips(stores: &Stores) {
    let first = Account {
        name: AccountName::new(longest(AccountName::MAX_CHARS)).unwrap(),
        created_at: earliest(),
        ..account(&"9-z".repeat(21))
    };
    let second = Account {
        created_at: latest(),
        ..account("0")
    };
    stores.access.accounts.insert(&first).await.unwrap();
    stores.access.accounts.insert(&second).await.unwrap();
    assert_eq!(
        stores.access.accounts.by_slug(&first.slug).await.unwrap(),
        Some(first.clone()),
        "what was written is read back as it was, and what is not there is absent"
    );
    assert_eq!(
        stores
            .access
            .accounts
            .by_slug(&AccountSlug::new("third").unwrap())
            .await
            .unwrap(),
        None,
        "what was written is read back as it was, and what is not there is absent"
    );
    assert_eq!(
        stores.access.accounts.list().await.unwrap(),
        [first, second],
        "what was written is read back as it was, and what is not there is absent"
    );
}

/// An account is found by its id, and has another name once it is renamed. All else, and all others, stay as they were.
pub async fn account_is_renamed_alone(stores: &Stores) {
    let (first, second) = (account("first"), account("second"));
    let accounts = &stores.access.accounts;
    for account in [&first, &second] {
        accounts.insert(account).await.unwrap();
    }
    let renamed = Account {
        name: AccountName::new("Studio Dana").unwrap(),
        ..first.clone()
    };
    let (request, stranger) = (fresh_request(), AccountId::new(fresh_id()));
    let commit = with(&record(first.id, request));
    assert!(
        accounts.rename(first.id, &renamed.name, commit).await.unwrap(),
        "there is such an account"
    );
    assert!(
        !accounts
            .rename(stranger, &renamed.name, Commit::default())
            .await
            .unwrap(),
        "there is no such account"
    );
    for (id, expected) in [
        (first.id, Some(renamed)),
        (second.id, Some(second)),
        (stranger, None),
    ] {
        assert_eq!(
            accounts.by_id(id).await.unwrap(),
            expected,
            "a name changes for its account alone, and nothing else changes"
        );
    }
    assert!(
        stores
            .idempotency
            .find(first.id, request)
            .await
            .unwrap()
            .is_some(),
        "the request's record is written with its effect"
    );
}

/// Of many concurrent inserts of one slug exactly one succeeds.
pub async fn account_slugs_are_unique_under_a_race(servers: &[Stores]) {
    let outcomes = race(servers, |_, stores| async move {
        stores.access.accounts.insert(&account("same")).await
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(AccountRefusal::SlugTaken));
    assert_eq!(
        servers[0].access.accounts.list().await.unwrap().len(),
        1,
        "the winner's state is kept, and nothing else"
    );
}

/// Accounts are listed by creation, then by id, whatever the order of the inserts.
pub async fn accounts_are_listed_by_creation(stores: &Stores) {
    let mut accounts: Vec<_> = ["d", "b", "a", "c", "e"].map(account).into();
    for (account, created_at) in accounts.iter_mut().zip([30, 20, 20, 10, 20]) {
        account.created_at = at(created_at);
    }
    accounts.swap(1, 4);
    for account in &accounts {
        stores.access.accounts.insert(account).await.unwrap();
    }
    accounts.sort_by_key(|account| (account.created_at, account.id));
    assert_eq!(
        stores.access.accounts.list().await.unwrap(),
        accounts,
        "accounts are listed by creation, and those of one instant by id"
    );
}
