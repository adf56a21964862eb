//! Cases for accounts.

use crate::{at, earliest, fresh_id, latest, longest, race};
use chatgrow_domain::{Account, AccountId, AccountName, AccountRefusal, AccountSlug};
use chatgrow_ports::{Failure, Stores};

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
