use super::{RACERS, at, fresh_id, race};
use crate::{InsertAccountError, Stores};
use chatgrow_domain::{Account, AccountId, AccountName, AccountSlug};

fn account(slug: &str) -> Account {
    Account {
        id: AccountId::new(fresh_id()),
        slug: AccountSlug::new(slug).unwrap(),
        name: AccountName::new("סטודיו 👩‍🎨").unwrap(),
        created_at: at(1_763_893_800_123),
    }
}

/// What was inserted is read back whole; absence is `None`.
pub async fn account_round_trips(stores: &Stores) {
    let (first, second) = (account("first"), account("second"));
    stores.accounts.insert(&first).await.unwrap();
    stores.accounts.insert(&second).await.unwrap();
    assert_eq!(
        stores.accounts.by_slug(&first.slug).await.unwrap(),
        Some(first.clone())
    );
    assert_eq!(
        stores
            .accounts
            .by_slug(&AccountSlug::new("third").unwrap())
            .await
            .unwrap(),
        None
    );
    assert_eq!(stores.accounts.list().await.unwrap(), [first, second]);
}

/// One slug, one account.
pub async fn account_slugs_are_unique_under_a_race(stores: &Stores) {
    let outcomes = race((0..RACERS).map(|_| {
        let accounts = stores.accounts.clone();
        async move { accounts.insert(&account("same")).await }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|o| matches!(o, Err(InsertAccountError::SlugTaken)))
            .count(),
        RACERS - 1
    );
}
