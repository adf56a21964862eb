//! Contests for slugs, keys, users, links and requests.

use super::{Round, Tenants, assert_one_wins, contest, two_callers};
use crate::{
    access::{
        api_key::{key, renamed_key, rotated_key},
        session::{link, with_password},
        user::{disabled, in_language, owner, put, user},
    },
    at,
    commit::{fresh_request, record, with},
    customer_with_email, fresh_id, new_account,
};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountRefusal, AccountSlug, ApiKey, ApiKeyDigest, ApiKeyRefusal,
    Language, Link, LinkRefusal, User, UserRefusal,
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
            async move { keys.insert_first(&key, Commit::default()).await.unwrap() }
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

/// Two users are inserted with one address.
pub async fn user_emails_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let tenants = Tenants::of(&one);
    contest(&[()], async |round, ()| {
        let (account, _) = tenants.tenant(round).await;
        let insert = |stores: &Stores, name| {
            let user = user(account, &format!("{name}{}@example.com", round.number));
            let users = stores.access.users.clone();
            async move { users.insert(&user, Commit::default()).await }
        };
        let outcomes = round.both(insert(&one, "dana"), insert(&other, "DANA")).await;
        let taken = |error: &_| matches!(error, Failure::Refused(UserRefusal::EmailTaken));
        assert_one_wins(&outcomes, "the address of a user", taken);
    })
    .await;
}

/// Two updates change one version of a user. One of them succeeds.
pub async fn user_versions_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    let account = new_account(&one).await;
    contest(&[()], async |round, ()| {
        let dana = put(&one, user(account, &format!("dana{}@example.com", round.number))).await;
        let update = |stores: &Stores, language| {
            let (users, next) = (stores.access.users.clone(), in_language(&dana, language));
            async move { users.update(&next, Commit::default()).await.map(|()| next) }
        };
        let (hebrew, english) = (update(&one, Language::Hebrew), update(&other, Language::English));
        let outcomes = round.both(hebrew, english).await;
        let stale = |error: &_| matches!(error, Failure::Refused(UserRefusal::VersionMismatch));
        assert_one_wins(&outcomes, "the next version of a user", stale);
        let winner = outcomes.0.or(outcomes.1).unwrap();
        let read = one.access.users.by_id(account, dana.id).await.unwrap();
        assert_eq!(read, Some(winner), "the update that succeeded is what is kept");
    })
    .await;
}

/// Both owners of an account are shut out. One of them stays.
pub async fn last_owners_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[()], async |round, ()| {
        let account = new_account(&one).await;
        let dana = put(&one, owner(account, "dana@example.com")).await;
        let noa = put(&one, owner(account, "noa@example.com")).await;
        let shut_out = |stores: &Stores, user: &User| {
            let (users, next) = (stores.access.users.clone(), disabled(user));
            async move { users.update(&next, Commit::default()).await }
        };
        let outcomes = round.both(shut_out(&one, &dana), shut_out(&other, &noa)).await;
        let stays = |error: &_| matches!(error, Failure::Refused(UserRefusal::LastOwner));
        assert_one_wins(&outcomes, "the way out", stays);
    })
    .await;
}

/// Two links of one account, or of one user, are followed. One of them works.
pub async fn links_are_contested(servers: &[Stores]) {
    let (one, other) = two_callers(servers);
    contest(&[false, true], async |round, chooses_password| {
        let account = new_account(&one).await;
        let dana = user(account, "dana@example.com");
        if chooses_password {
            put(&one, dana.clone()).await;
        }
        let of = chooses_password.then_some(dana.id);
        let (first, second) = (link(account, of), link(account, of));
        for link in [&first, &second] {
            one.access.links.insert(link).await.unwrap();
        }
        let follow = |stores: &Stores, link: &Link| {
            let owner = owner(account, "noa@example.com");
            let next = if chooses_password {
                with_password(&dana)
            } else {
                owner
            };
            let (links, link) = (stores.access.links.clone(), link.clone());
            async move { links.follow(&link, &next, at(1000), Commit::default()).await }
        };
        let outcomes = round.both(follow(&one, &first), follow(&other, &second)).await;
        let gone = |error: &_| matches!(error, Failure::Refused(LinkRefusal::Gone));
        assert_one_wins(&outcomes, "what two links lead to", gone);
        assert_eq!(one.access.users.all(account).await.unwrap().len(), 1);
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
