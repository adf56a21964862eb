//! Cases for API keys.

use crate::{at, earliest, fresh_id, latest, longest, new_account, race};
use chatgrow_domain::{AccountId, ApiKey, ApiKeyId, ApiKeyName, PlainApiKey};
use chatgrow_ports::{KeyUse, StoreError, Stores};

pub(crate) fn key(account_id: AccountId, secret: u8) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(fresh_id()),
        account_id,
        name: ApiKeyName::new("אתר").unwrap(),
        digest: PlainApiKey::from_random([secret; 32]).digest(),
        created_at: at(1_763_893_800_123),
        expires_at: Some(at(1_863_893_800_456)),
        last_used_at: None,
        revoked_at: None,
    }
}

/// A key is read back unchanged, with the longest name and the extreme instants.
pub async fn api_key_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let first = key(account, 1);
    let second = ApiKey {
        expires_at: None,
        last_used_at: Some(at(5)),
        revoked_at: Some(at(6)),
        ..key(account, 2)
    };
    let third = ApiKey {
        name: ApiKeyName::new(longest(ApiKeyName::MAX_CHARS)).unwrap(),
        created_at: earliest(),
        expires_at: Some(latest()),
        last_used_at: Some(earliest()),
        revoked_at: Some(latest()),
        ..key(account, 3)
    };
    assert!(
        stores.access.api_keys.insert_first(&first).await.unwrap(),
        "what was written is read back as it was, and what is not there is absent"
    );
    stores.access.api_keys.insert(&second).await.unwrap();
    stores.access.api_keys.insert(&third).await.unwrap();
    assert_eq!(
        stores.access.api_keys.list(account).await.unwrap(),
        [third, first, second],
        "what was written is read back as it was, and what is not there is absent"
    );
}

/// Of many concurrent first keys of one account exactly one is added. Another account has a first key of its own.
pub async fn api_key_is_first_once(servers: &[Stores]) {
    let stores = &servers[0];
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let outcomes = race(servers, |racer, stores| async move {
        let key = key(account, racer.try_into().unwrap());
        stores.access.api_keys.insert_first(&key).await.unwrap()
    })
    .await;
    assert_eq!(outcomes.iter().filter(|first| **first).count(), 1);
    assert_eq!(stores.access.api_keys.list(account).await.unwrap().len(), 1);
    assert!(
        stores
            .access
            .api_keys
            .insert_first(&key(other, 99))
            .await
            .unwrap()
    );
}

/// A digest finds its key, of any account. No other digest does.
pub async fn api_key_is_found_by_digest_only(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (mine, theirs) = (key(account, 1), key(other, 2));
    stores.access.api_keys.insert(&mine).await.unwrap();
    stores.access.api_keys.insert(&theirs).await.unwrap();
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

/// Revoking a key again changes nothing. Revoking an unknown id returns `false`.
pub async fn api_key_revocation_keeps_the_first_instant(stores: &Stores) {
    let key = key(new_account(stores).await, 1);
    stores.access.api_keys.insert(&key).await.unwrap();
    assert!(
        stores.access.api_keys.revoke(key.id, at(10)).await.unwrap(),
        "a key stays revoked since the first instant"
    );
    assert!(
        stores.access.api_keys.revoke(key.id, at(20)).await.unwrap(),
        "a key stays revoked since the first instant"
    );
    assert_eq!(
        stores
            .access
            .api_keys
            .by_digest(&key.digest)
            .await
            .unwrap()
            .unwrap()
            .revoked_at,
        Some(at(10)),
        "a key stays revoked since the first instant"
    );
    assert!(
        !stores
            .access
            .api_keys
            .revoke(ApiKeyId::new(fresh_id()), at(10))
            .await
            .unwrap(),
        "a key stays revoked since the first instant"
    );
}

/// The last use is the latest one, even if uses are recorded late and out of order.
pub async fn api_key_last_use_never_moves_back(stores: &Stores) {
    let key = key(new_account(stores).await, 1);
    stores.access.api_keys.insert(&key).await.unwrap();
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

/// Of many concurrent revocations of one key one sets the instant, and that instant stays.
pub async fn api_key_revocations_race_to_one_instant(servers: &[Stores]) {
    let stores = &servers[0];
    let key = key(new_account(stores).await, 1);
    stores.access.api_keys.insert(&key).await.unwrap();
    // Each racer reads the instant right after its own revocation.
    let seen = race(servers, |racer, stores| async move {
        let instant = at(racer.try_into().unwrap());
        assert!(
            stores.access.api_keys.revoke(key.id, instant).await.unwrap(),
            "the winner's state is kept, and nothing else"
        );
        let read = stores.access.api_keys.by_digest(&key.digest).await.unwrap();
        read.unwrap().revoked_at
    })
    .await;
    assert!(
        seen[0].is_some_and(|instant| (0..64).contains(&instant.as_millis())),
        "the winner's state is kept, and nothing else"
    );
    assert!(seen.iter().all(|instant| *instant == seen[0]), "{seen:?}");
}

/// If servers record uses of the same keys at once, in any order, each key ends with its latest use.
pub async fn api_key_uses_race_to_the_last(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut keys = Vec::new();
    for secret in 0..8 {
        let key = key(account, secret);
        stores.access.api_keys.insert(&key).await.unwrap();
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
    for key in stores.access.api_keys.list(account).await.unwrap() {
        assert_eq!(key.last_used_at, Some(at(63)), "{key:?}");
    }
}

/// No method that takes an account sees or changes another account's keys. A key can't be added without an account.
pub async fn api_keys_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (mine, theirs) = (key(account, 1), key(other, 2));
    stores.access.api_keys.insert(&mine).await.unwrap();
    assert_eq!(
        stores.access.api_keys.list(other).await.unwrap(),
        [],
        "no account sees or changes what another one has"
    );
    assert!(
        stores.access.api_keys.insert_first(&theirs).await.unwrap(),
        "no account sees or changes what another one has"
    );
    let disguised = KeyUse {
        account_id: other,
        id: mine.id,
        at: at(99),
    };
    stores.access.api_keys.record_use(&[disguised]).await.unwrap();
    assert!(
        stores.access.api_keys.revoke(theirs.id, at(100)).await.unwrap(),
        "no account sees or changes what another one has"
    );
    assert_eq!(
        stores.access.api_keys.list(account).await.unwrap(),
        [mine],
        "no account sees or changes what another one has"
    );
    let revoked = ApiKey {
        revoked_at: Some(at(100)),
        ..theirs
    };
    assert_eq!(
        stores.access.api_keys.list(other).await.unwrap(),
        [revoked],
        "no account sees or changes what another one has"
    );

    let nobody = AccountId::new(fresh_id());
    for first in [true, false] {
        let key = key(nobody, 3);
        let outcome = if first {
            stores.access.api_keys.insert_first(&key).await.map(drop)
        } else {
            stores.access.api_keys.insert(&key).await
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
            stores.access.api_keys.list(nobody).await.unwrap(),
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
        stores.access.api_keys.insert(key).await.unwrap();
    }
    keys.sort_by_key(|key| (key.created_at, key.id));
    assert_eq!(
        stores.access.api_keys.list(account).await.unwrap(),
        keys,
        "an account's keys are listed by creation, and those of one instant by id"
    );
}
