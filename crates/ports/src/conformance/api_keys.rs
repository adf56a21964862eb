use super::{at, fresh_id, new_account, race};
use crate::{KeyUse, Stores};
use chatgrow_domain::{AccountId, ApiKey, ApiKeyId, ApiKeyName, PlainApiKey};

fn key(account_id: AccountId, secret: u8) -> ApiKey {
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

/// What was inserted is read back whole, by its account only.
pub async fn api_key_round_trips(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let first = key(account, 1);
    let second = ApiKey {
        expires_at: None,
        last_used_at: Some(at(5)),
        revoked_at: Some(at(6)),
        ..key(account, 2)
    };
    stores.api_keys.insert(&first).await.unwrap();
    stores.api_keys.insert(&second).await.unwrap();
    assert_eq!(stores.api_keys.list(account).await.unwrap(), [first, second]);
    assert_eq!(stores.api_keys.list(other).await.unwrap(), []);
}

/// Of many first keys of one account exactly one is; another account has its own.
pub async fn api_key_is_first_once(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let outcomes = race((0..8).map(|secret| {
        let api_keys = stores.api_keys.clone();
        async move { api_keys.insert_first(&key(account, secret)).await.unwrap() }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|first| **first).count(), 1);
    assert_eq!(stores.api_keys.list(account).await.unwrap().len(), 1);
    assert!(stores.api_keys.insert_first(&key(other, 9)).await.unwrap());
}

/// The digest finds the key of whichever account, and no other digest does.
pub async fn api_key_is_found_by_digest_only(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (mine, theirs) = (key(account, 1), key(other, 2));
    stores.api_keys.insert(&mine).await.unwrap();
    stores.api_keys.insert(&theirs).await.unwrap();
    assert_eq!(stores.api_keys.by_digest(&mine.digest).await.unwrap(), Some(mine));
    assert_eq!(
        stores.api_keys.by_digest(&theirs.digest).await.unwrap(),
        Some(theirs)
    );
    assert_eq!(
        stores.api_keys.by_digest(&key(account, 3).digest).await.unwrap(),
        None
    );
}

/// Revoking again changes nothing; an unknown id is `false`.
pub async fn api_key_revocation_keeps_the_first_instant(stores: &Stores) {
    let key = key(new_account(stores).await, 1);
    stores.api_keys.insert(&key).await.unwrap();
    assert!(stores.api_keys.revoke(key.id, at(10)).await.unwrap());
    assert!(stores.api_keys.revoke(key.id, at(20)).await.unwrap());
    assert_eq!(
        stores
            .api_keys
            .by_digest(&key.digest)
            .await
            .unwrap()
            .unwrap()
            .revoked_at,
        Some(at(10))
    );
    assert!(
        !stores
            .api_keys
            .revoke(ApiKeyId::new(fresh_id()), at(10))
            .await
            .unwrap()
    );
}

/// Uses may be recorded late and out of order.
pub async fn api_key_last_use_never_moves_back(stores: &Stores) {
    let key = key(new_account(stores).await, 1);
    stores.api_keys.insert(&key).await.unwrap();
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
        .api_keys
        .record_use(&[used(at(10)), gone, used(at(30)), used(at(20))])
        .await
        .unwrap();
    assert_eq!(
        stores
            .api_keys
            .by_digest(&key.digest)
            .await
            .unwrap()
            .unwrap()
            .last_used_at,
        Some(at(30))
    );
}
