//! Contests for slugs, first keys, revocations, last uses and requests.

use super::{Round, Tenants, assert_one_wins, contest, two_callers};
use crate::{
    access::api_key::{key, renamed_key, rotated_key},
    at,
    commit::{fresh_request, record, with},
    customer_with_email, fresh_id, new_account,
};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountRefusal, AccountSlug, ApiKey, ApiKeyDigest, ApiKeyRefusal,
};
use chatgrow_ports::{Commit, Failure, KeyUse, StoreError, Stores};

/// Two accounts are inserted with one slug.
pub async fn account_slugs_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[()], async |round, ()| {
        let slug = format!("slug-{}", round.number);
        let insert = |stores: &Stores| {
            let account = Account {
                id: AccountId::new(fresh_id()),
                slug: AccountSlug::new(slug.as_str()).unwrap(),
                name: AccountName::new("Studio").unwrap(),
                created_at: at(0),
            };
            let accounts = stores.access.accounts.clone();
            async move { accounts.insert(&account).await }
        };
        let outcomes = round.both(insert(&one), insert(&other)).await;
        let taken = |error: &_| matches!(error, Failure::Refused(AccountRefusal::SlugTaken));
        assert_one_wins(&outcomes, "the slug of an account", taken);
    })
    .await;
}

/// Two keys are inserted as the first key of one account.
pub async fn first_api_keys_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[()], async |round, ()| {
        let account = new_account(&one).await;
        let insert = |stores: &Stores, secret| {
            let (keys, key) = (stores.access.api_keys.clone(), key(account, secret));
            async move { keys.insert_first(&key).await.unwrap() }
        };
        let (first, second) = round.both(insert(&one, 1), insert(&other, 2)).await;
        assert!(
            first != second,
            "of two calls one must add the first key of an account and say so, but they said {first} and {second}"
        );
        let keys = one.access.api_keys.all(account).await.unwrap();
        assert_eq!(keys.len(), 1, "an account has one first key: {keys:?}");
    })
    .await;
}

/// Two updates, two rotations, or one of each, change one version of a key. One of them succeeds.
pub async fn api_key_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(
        &[(false, false), (false, true), (true, true)],
        async |round, (first_rotates, second_rotates)| {
            let first = new_key(&one, &tenants, round).await;
            let account = first.account_id;
            let update = |stores: &Stores, name, rotates: bool| {
                let (keys, commit) = (stores.access.api_keys.clone(), Commit::default());
                let (renamed, successor) = (renamed_key(&first, name), key(account, 2));
                let rotated = rotated_key(&first, &successor);
                async move {
                    if rotates {
                        keys.rotate(&rotated, &successor, commit).await.map(|()| rotated)
                    } else {
                        keys.update(&renamed, commit).await.map(|()| renamed)
                    }
                }
            };
            let (one_writes, other_writes) = (
                update(&one, "Dana", first_rotates),
                update(&other, "Noa", second_rotates),
            );
            let outcomes = round.both(one_writes, other_writes).await;
            let stale = |error: &_| matches!(error, Failure::Refused(ApiKeyRefusal::VersionMismatch));
            assert_one_wins(&outcomes, "the next version of a key", stale);
            let winner = outcomes.0.or(outcomes.1).unwrap();
            let read = one.access.api_keys.by_id(account, winner.id).await.unwrap();
            assert_eq!(
                read.as_ref(),
                Some(&winner),
                "the update that succeeded is what is kept"
            );
        },
    )
    .await;
}

/// One key is revoked twice. Whatever either call reads afterwards stays.
pub async fn revocations_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let key = new_key(&one, &tenants, round).await;
        let revoke = |stores: &Stores, millis| {
            let (keys, id, digest) = (stores.access.api_keys.clone(), key.id, key.digest);
            async move {
                assert!(keys.revoke(id, at(millis)).await.unwrap(), "the key is there");
                keys.by_digest(&digest).await.unwrap().unwrap().revoked_at
            }
        };
        let (first, second) = round.both(revoke(&one, 1), revoke(&other, 2)).await;
        assert!(
            first == second && first.is_some(),
            "a key keeps the instant of its first revocation, but after one it was {first:?}, and after the other {second:?}"
        );
    })
    .await;
}

/// Two uses of one key are recorded. The later one stays.
pub async fn last_uses_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let key = new_key(&one, &tenants, round).await;
        let used = |stores: &Stores, millis| {
            let (keys, id) = (stores.access.api_keys.clone(), key.id);
            let used = KeyUse {
                account_id: key.account_id,
                id,
                at: at(millis),
            };
            async move { keys.record_use(&[used]).await.unwrap() }
        };
        // The earlier use is recorded first, so that its write may end last.
        round.both(used(&one, 1), used(&other, 2)).await;
        let read = one.access.api_keys.by_digest(&key.digest).await.unwrap().unwrap();
        assert_eq!(
            read.last_used_at,
            Some(at(2)),
            "the last use of a key never moves back"
        );
    })
    .await;
}

/// A key for this round.
async fn new_key(stores: &Stores, tenants: &Tenants<'_>, round: &Round) -> ApiKey {
    let (account, _) = tenants.tenant(round).await;
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&round.number.to_be_bytes());
    let key = ApiKey {
        digest: ApiKeyDigest::from_bytes(digest),
        ..key(account, 1)
    };
    stores
        .access
        .api_keys
        .insert(&key, Commit::default())
        .await
        .unwrap();
    key
}

/// Two calls carry out one request. One of them succeeds.
pub async fn requests_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let record = record(account, fresh_request());
        let insert = |stores: &Stores, letter| {
            let customer = customer_with_email(&format!("{letter}{}@example.com", round.number));
            let (customers, commit) = (stores.crm.customers.clone(), with(&record));
            async move { customers.insert(account, &customer, commit).await }
        };
        let outcomes = round.both(insert(&one, "a"), insert(&other, "b")).await;
        assert_one_wins(&outcomes, "the effect of a request", |error| {
            matches!(
                error,
                Failure::Store(StoreError::Repeated | StoreError::InProgress)
            )
        });
    })
    .await;
}
