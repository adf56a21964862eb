//! Cases for API keys.

use crate::{at, earliest, first_page, fresh_id, latest, longest, new_account, race, walk};
use chatgrow_domain::{
    AccountId, AllowedAddresses, ApiKey, ApiKeyEdit, ApiKeyId, ApiKeyName, ApiKeyRefusal, ApiKeyTerms,
    KeyRateLimit, Overlap, PlainApiKey, Scope, Scopes, Version,
};
use chatgrow_ports::{Commit, Failure, KeyUse, StoreError, Stores};
use std::collections::HashSet;

pub(crate) fn key(account_id: AccountId, secret: u8) -> ApiKey {
    let digest = PlainApiKey::from_random([secret; 32]).digest();
    let terms = ApiKeyTerms {
        expires_at: Some(at(1_863_893_800_456)),
        ..ApiKeyTerms::full(ApiKeyName::new("אתר").unwrap())
    };
    ApiKey::new(
        ApiKeyId::new(fresh_id()),
        account_id,
        terms,
        digest,
        at(1_763_893_800_123),
    )
    .unwrap()
}

/// The next state of the key: with another name.
pub(crate) fn renamed_key(key: &ApiKey, name: &str) -> ApiKey {
    let edit = ApiKeyEdit {
        name: Some(ApiKeyName::new(name).unwrap()),
        ..ApiKeyEdit::default()
    };
    key.edited(edit, at(1_763_893_900_000)).unwrap()
}

/// The next state of the key, which gives way to the other.
pub(crate) fn rotated_key(key: &ApiKey, successor: &ApiKey) -> ApiKey {
    let rotated = key.rotated(
        successor.id,
        successor.digest,
        Overlap::DEFAULT,
        at(1_763_893_900_000),
    );
    rotated.unwrap().0
}

pub(crate) async fn new_key(stores: &Stores, account: AccountId, secret: u8) -> ApiKey {
    let key = key(account, secret);
    stores
        .access
        .api_keys
        .insert(&key, Commit::default())
        .await
        .unwrap();
    key
}

async fn all(stores: &Stores, account: AccountId) -> Vec<ApiKey> {
    stores.access.api_keys.all(account).await.unwrap()
}

/// A key is read back unchanged, with the longest name, the most scopes and addresses, and the extreme instants.
pub async fn api_key_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let first = key(account, 1);
    let second = ApiKey {
        terms: ApiKeyTerms {
            scopes: Scopes::parse("read customers:write").unwrap(),
            expires_at: None,
            allowed_addresses: AllowedAddresses::parse("10.0.0.0/8,2001:db8::/32").ok(),
            rate_limit: KeyRateLimit::new(1).ok(),
            ..first.terms.clone()
        },
        last_used_at: Some(at(5)),
        revoked_at: Some(latest()),
        successor: Some(first.id),
        ..key(account, 2)
    };
    let longest_network = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128".parse().unwrap();
    let third = ApiKey {
        terms: ApiKeyTerms {
            name: ApiKeyName::new(longest(ApiKeyName::MAX_CHARS)).unwrap(),
            scopes: Scopes::new(Scope::ALL.iter().copied()).unwrap(),
            expires_at: Some(latest()),
            allowed_addresses: AllowedAddresses::new(vec![longest_network; AllowedAddresses::MAX]).ok(),
            rate_limit: KeyRateLimit::new(*KeyRateLimit::RANGE.end()).ok(),
        },
        created_at: earliest(),
        updated_at: latest(),
        last_used_at: Some(earliest()),
        version: Version::new(i64::MAX - 1).unwrap(),
        ..key(account, 3)
    };
    let (keys, why) = (&stores.access.api_keys, "what was written is read back as it was");
    let inserted = keys.insert_first(&first, Commit::default()).await;
    assert!(inserted.unwrap(), "{why}");
    for key in [&second, &third] {
        keys.insert(key, Commit::default()).await.unwrap();
    }
    let written = [third, first, second];
    assert_eq!(all(stores, account).await, written, "{why}");
    for key in &written {
        assert_eq!(
            keys.by_id(account, key.id).await.unwrap().as_ref(),
            Some(key),
            "{why}"
        );
    }
    let cleared = ApiKey {
        terms: ApiKeyTerms::full(ApiKeyName::new("🦀").unwrap()),
        revoked_at: Some(earliest()),
        successor: Some(written[1].id),
        version: Version::new(i64::MAX).unwrap(),
        ..written[0].clone()
    };
    keys.update(&cleared, Commit::default()).await.unwrap();
    assert_eq!(
        keys.by_id(account, cleared.id).await.unwrap(),
        Some(cleared),
        "{why}"
    );
    let nothing = keys.by_id(account, ApiKeyId::new(fresh_id())).await.unwrap();
    assert_eq!(nothing, None, "what is not there is absent");
}

/// An update replaces only the version before it, and leaves the last use as it is.
pub async fn api_key_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_key(stores, account, 1).await;
    let keys = &stores.access.api_keys;
    let used = KeyUse {
        account_id: account,
        id: first.id,
        at: at(7),
    };
    keys.record_use(&[used]).await.unwrap();
    let second = renamed_key(&first, "Dana");
    keys.update(&second, Commit::default()).await.unwrap();
    let later = renamed_key(&renamed_key(&second, "a"), "b");
    let unknown = renamed_key(&key(account, 9), "c");
    for stale in [&renamed_key(&first, "Noa"), &second, &later, &unknown] {
        let successor = key(account, 2);
        for outcome in [
            keys.update(stale, Commit::default()).await,
            keys.rotate(stale, &successor, Commit::default()).await,
        ] {
            assert_refused!(
                outcome,
                Failure::Refused(ApiKeyRefusal::VersionMismatch),
                "it is not the version after the stored one"
            );
        }
    }
    let expected = ApiKey {
        last_used_at: Some(at(7)),
        ..second
    };
    assert_eq!(
        all(stores, account).await,
        [expected],
        "an update replaces the version before it and no other, and a refused one changes nothing"
    );
}

/// A revoked key is found by its digest still, and stays revoked, even if its version is the one before.
pub async fn api_key_stays_revoked(stores: &Stores) {
    let account = new_account(stores).await;
    let valid = new_key(stores, account, 1).await;
    let revoked = valid.revoked(at(5));
    let keys = &stores.access.api_keys;
    keys.update(&revoked, Commit::default()).await.unwrap();
    assert_eq!(
        keys.by_digest(&revoked.digest).await.unwrap().as_ref(),
        Some(&revoked),
        "a revocation is kept, and hides nothing"
    );
    let valid = ApiKey {
        revoked_at: None,
        ..revoked.clone()
    };
    let (renamed, successor) = (renamed_key(&valid, "Noa"), key(account, 2));
    let later = valid.revoked(at(6));
    for outcome in [
        keys.update(&renamed, Commit::default()).await,
        keys.update(&later, Commit::default()).await,
        keys.rotate(&renamed, &successor, Commit::default()).await,
    ] {
        assert_refused!(
            outcome,
            Failure::Refused(ApiKeyRefusal::VersionMismatch),
            "a revoked key is not changed"
        );
    }
    assert_eq!(all(stores, account).await, [revoked], "a revocation is for good");
}

/// Of many concurrent updates and rotations of one version exactly one succeeds. A rotation that doesn't adds no key.
pub async fn api_key_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let first = new_key(stores, account, 1).await;
    let outcomes = race(servers, |racer, stores| {
        let (keys, commit) = (stores.access.api_keys.clone(), Commit::default());
        let (renamed, successor) = (renamed_key(&first, &format!("racer {racer}")), key(account, 2));
        let rotated = rotated_key(&first, &successor);
        async move {
            if racer % 2 == 0 {
                keys.update(&renamed, commit).await.map(|()| vec![renamed])
            } else {
                let rotation = keys.rotate(&rotated, &successor, commit).await;
                rotation.map(|()| vec![rotated, successor])
            }
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(ApiKeyRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(
        all(stores, account).await,
        winner,
        "the winner's state is kept, and nothing else"
    );
}

/// A rotation changes the key and adds its successor: both or neither.
pub async fn api_key_is_rotated_whole(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_key(stores, account, 1).await;
    let successor = key(account, 2);
    let rotated = rotated_key(&first, &successor);
    let keys = &stores.access.api_keys;
    keys.rotate(&rotated, &successor, Commit::default())
        .await
        .unwrap();
    assert_eq!(all(stores, account).await, [rotated.clone(), successor.clone()]);
    let again = ApiKey {
        id: first.id,
        ..key(account, 3)
    };
    let outcome = keys
        .rotate(&renamed_key(&successor, "x"), &again, Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "there is a key with the successor's id, which is a defect of the caller"
    );
    assert_eq!(
        all(stores, account).await,
        [rotated, successor],
        "neither is written"
    );
}

/// Every key that existed at the start is listed once and in order, whatever is inserted meanwhile.
pub async fn api_key_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let mut expected = Vec::new();
    for secret in 0..7 {
        expected.push(new_key(stores, account, secret).await.id);
    }
    new_key(stores, new_account(stores).await, 99).await;
    let list = |page| stores.access.api_keys.list(account, page);
    let page = list(first_page(7)).await.unwrap();
    let ids: Vec<_> = page.items.iter().map(|key| key.id).collect();
    assert_eq!(
        (ids, page.next),
        (expected.clone(), None),
        "a full last page is the last, and has no other account's keys"
    );
    let seen = walk(3, list, async || {
        if all(stores, account).await.len() < 12 {
            new_key(stores, account, 50).await;
        }
    })
    .await;
    let ids: Vec<_> = seen.iter().map(|key| key.id).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(expected.iter().all(|id| ids.contains(id)));
}

/// Of many concurrent first keys of one account exactly one is added. Another account has a first key of its own.
pub async fn api_key_is_first_once(servers: &[Stores]) {
    let stores = &servers[0];
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let outcomes = race(servers, |racer, stores| async move {
        let key = key(account, racer.try_into().unwrap());
        let inserted = stores.access.api_keys.insert_first(&key, Commit::default());
        inserted.await.unwrap()
    })
    .await;
    assert_eq!(outcomes.iter().filter(|first| **first).count(), 1);
    assert_eq!(stores.access.api_keys.all(account).await.unwrap().len(), 1);
    assert!(
        stores
            .access
            .api_keys
            .insert_first(&key(other, 99), Commit::default())
            .await
            .unwrap()
    );
}

/// A digest finds its key, of any account. No other digest does.
pub async fn api_key_is_found_by_digest_only(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (mine, theirs) = (key(account, 1), key(other, 2));
    stores
        .access
        .api_keys
        .insert(&mine, Commit::default())
        .await
        .unwrap();
    stores
        .access
        .api_keys
        .insert(&theirs, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        stores.access.api_keys.by_digest(&mine.digest).await.unwrap(),
        Some(mine)
    );
    assert_eq!(
        stores.access.api_keys.by_digest(&theirs.digest).await.unwrap(),
        Some(theirs)
    );
    assert_eq!(
        stores
            .access
            .api_keys
            .by_digest(&key(account, 3).digest)
            .await
            .unwrap(),
        None
    );
}

/// The last use is the latest one, even if uses are recorded late and out of order.
pub async fn api_key_last_use_never_moves_back(stores: &Stores) {
    let key = key(new_account(stores).await, 1);
    stores
        .access
        .api_keys
        .insert(&key, Commit::default())
        .await
        .unwrap();
    let used = |at| KeyUse {
        account_id: key.account_id,
        id: key.id,
        at,
    };
    let gone = KeyUse {
        id: ApiKeyId::new(fresh_id()),
        ..used(at(99))
    };
    stores
        .access
        .api_keys
        .record_use(&[used(at(10)), gone, used(at(30)), used(at(20))])
        .await
        .unwrap();
    assert_eq!(
        stores
            .access
            .api_keys
            .by_digest(&key.digest)
            .await
            .unwrap()
            .unwrap()
            .last_used_at,
        Some(at(30)),
        "a key was last used at the latest instant of all its uses"
    );
}

/// If servers record uses of the same keys at once, in any order, each key ends with its latest use.
pub async fn api_key_uses_race_to_the_last(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut keys = Vec::new();
    for secret in 0..8 {
        let key = key(account, secret);
        stores
            .access
            .api_keys
            .insert(&key, Commit::default())
            .await
            .unwrap();
        keys.push(key.id);
    }
    race(servers, |racer, stores| {
        let mut uses: Vec<_> = keys
            .iter()
            .map(|id| KeyUse {
                account_id: account,
                id: *id,
                at: at(racer.try_into().unwrap()),
            })
            .collect();
        uses.rotate_left(racer % 8);
        async move { stores.access.api_keys.record_use(&uses).await.unwrap() }
    })
    .await;
    for key in stores.access.api_keys.all(account).await.unwrap() {
        assert_eq!(key.last_used_at, Some(at(63)), "{key:?}");
    }
}

/// No method that takes an account sees or changes another account's keys. A key can't be added without an account.
pub async fn api_keys_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (mine, theirs) = (key(account, 1), key(other, 2));
    stores
        .access
        .api_keys
        .insert(&mine, Commit::default())
        .await
        .unwrap();
    assert_eq!(
        stores.access.api_keys.all(other).await.unwrap(),
        [],
        "no account sees or changes what another one has"
    );
    let inserted = stores.access.api_keys.insert_first(&theirs, Commit::default());
    assert!(
        inserted.await.unwrap(),
        "no account sees or changes what another one has"
    );
    let disguised = KeyUse {
        account_id: other,
        id: mine.id,
        at: at(99),
    };
    stores.access.api_keys.record_use(&[disguised]).await.unwrap();
    let revoked = theirs.revoked(at(100));
    let revocation = stores.access.api_keys.update(&revoked, Commit::default());
    revocation.await.unwrap();
    assert_eq!(
        stores.access.api_keys.all(account).await.unwrap(),
        std::slice::from_ref(&mine),
        "no account sees or changes what another one has"
    );
    let taken_over = ApiKey {
        account_id: other,
        ..renamed_key(&mine, "taken over")
    };
    let outcome = stores
        .access
        .api_keys
        .update(&taken_over, Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Refused(ApiKeyRefusal::VersionMismatch),
        "the account has no such key: it is another account's"
    );
    let read = stores.access.api_keys.by_id(other, mine.id).await.unwrap();
    assert_eq!(read, None, "no account sees or changes what another one has");
    assert_eq!(
        stores.access.api_keys.all(other).await.unwrap(),
        [revoked],
        "no account sees or changes what another one has"
    );

    let nobody = AccountId::new(fresh_id());
    for first in [true, false] {
        let key = key(nobody, 3);
        let outcome = if first {
            let first = stores.access.api_keys.insert_first(&key, Commit::default());
            first.await.map(drop)
        } else {
            stores.access.api_keys.insert(&key, Commit::default()).await
        };
        assert_refused!(
            outcome,
            StoreError::Failed(_),
            "there is no such account, which is a defect of the caller"
        );
        assert_eq!(
            stores.access.api_keys.by_digest(&key.digest).await.unwrap(),
            None,
            "no account sees or changes what another one has"
        );
        assert_eq!(
            stores.access.api_keys.all(nobody).await.unwrap(),
            [],
            "no account sees or changes what another one has"
        );
    }
}

/// Keys are listed by creation, then by id, whatever the order of the inserts.
pub async fn api_keys_are_listed_by_creation(stores: &Stores) {
    let account = new_account(stores).await;
    let mut keys: Vec<_> = (0..5).map(|secret| key(account, secret)).collect();
    for (key, created_at) in keys.iter_mut().zip([30, 20, 20, 10, 20]) {
        key.created_at = at(created_at);
    }
    keys.swap(1, 4);
    for key in &keys {
        stores
            .access
            .api_keys
            .insert(key, Commit::default())
            .await
            .unwrap();
    }
    keys.sort_by_key(|key| (key.created_at, key.id));
    assert_eq!(
        stores.access.api_keys.all(account).await.unwrap(),
        keys,
        "an account's keys are listed by creation, and those of one instant by id"
    );
}
