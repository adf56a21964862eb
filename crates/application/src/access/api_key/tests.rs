use super::*;
use crate::fixtures::{Mocks, account, at, caller, default_account, id, request, request_for_another_state};
use chatgrow_domain::{AllowedAddresses, ChangeType, Scopes, Version};
use mockall::predicate::eq;

fn terms() -> ApiKeyTerms {
    ApiKeyTerms::full(ApiKeyName::new("site").unwrap())
}

fn expiring(millis: i64) -> ApiKeyTerms {
    ApiKeyTerms {
        expires_at: Some(at(millis)),
        ..terms()
    }
}

fn may(scopes: &str) -> ApiKeyTerms {
    ApiKeyTerms {
        scopes: Scopes::parse(scopes).unwrap(),
        ..terms()
    }
}

fn key(byte: u8, terms: ApiKeyTerms) -> ApiKey {
    let digest = PlainApiKey::from_random([byte; 32]).digest();
    ApiKey::new(ApiKeyId::new(id(byte)), account(), terms, digest, at(500)).unwrap()
}

/// At 1000, with the caller's own key (9) and another one (1).
fn with_keys(own: ApiKeyTerms, other: ApiKey) -> Mocks {
    let mut mocks = Mocks::at(1000);
    let keys = [key(9, own), other];
    mocks.api_keys.expect_by_id().returning(move |from, id| {
        assert_eq!(from, account());
        Ok(keys.iter().find(|key| key.id == id).cloned())
    });
    mocks
}

fn with_default_account() -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks
        .accounts
        .expect_by_slug()
        .with(eq(AccountSlug::default()))
        .returning(|_| Ok(Some(default_account())));
    mocks
}

fn keys(mocks: Mocks) -> ApiKeys {
    mocks.build().access.api_keys
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, Failure<ApiKeyRefusal>>) -> ApiKeyRefusal {
    match outcome {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_the_digest_of_a_new_key_is_stored() {
    let mut mocks = with_default_account();
    let digest = PlainApiKey::from_random([7; 32]).digest();
    let stored = move |key: &ApiKey, _: &Commit| {
        key.digest == digest && key.account_id == account() && key.terms == expiring(2000)
    };
    mocks
        .api_keys
        .expect_insert()
        .withf(stored)
        .times(1)
        .returning(|_, _| Ok(()));
    let key = keys(mocks)
        .create_for(&AccountSlug::default(), expiring(2000))
        .await
        .unwrap();
    assert_eq!(key.digest(), digest);
}

#[tokio::test]
async fn a_key_that_has_expired_is_not_made() {
    let keys = keys(with_default_account());
    let outcome = keys.create_for(&AccountSlug::default(), expiring(1000)).await;
    assert_eq!(refusal(outcome), ApiKeyRefusal::ExpiryPassed);
}

#[tokio::test]
async fn a_key_needs_an_account() {
    let mut mocks = Mocks::at(1000);
    mocks.accounts.expect_by_slug().returning(|_| Ok(None));
    let outcome = keys(mocks).create_for(&AccountSlug::default(), terms()).await;
    assert_eq!(refusal(outcome), ApiKeyRefusal::AccountNotFound);
}

#[tokio::test]
async fn the_first_key_is_told_only_where_it_is_the_first() {
    for first in [true, false] {
        let mut mocks = with_default_account();
        mocks
            .api_keys
            .expect_insert_first()
            .times(1)
            .returning(move |_, _| Ok(first));
        let made = keys(mocks).create_first(terms().name).await.unwrap();
        assert_eq!(made.is_some(), first);
    }
}

#[tokio::test]
async fn a_revocation_happens_now_whoever_changes_the_key() {
    let mut mocks = Mocks::at(1000);
    mocks
        .accounts
        .expect_list()
        .returning(|| Ok(vec![default_account()]));
    let stored = key(1, may("read"));
    let id = stored.id;
    mocks
        .api_keys
        .expect_all()
        .times(2)
        .returning(move |_| Ok(vec![stored.clone()]));
    let mut faster = true;
    mocks
        .api_keys
        .expect_update()
        .withf(|key, commit| {
            key.revoked_at == Some(at(1000)) && commit.changes[0].kind == ChangeType::ApiKeyRevoked
        })
        .times(2)
        .returning(move |_, _| {
            if std::mem::take(&mut faster) {
                return Err(ApiKeyRefusal::VersionMismatch.into());
            }
            Ok(())
        });
    keys(mocks).revoke_any(id).await.unwrap();
}

#[tokio::test]
async fn the_operator_sees_and_rotates_keys_of_all_accounts() {
    let mut mocks = Mocks::at(1000);
    mocks
        .accounts
        .expect_list()
        .returning(|| Ok(vec![default_account()]));
    let stored = key(1, may("read"));
    let listed = stored.clone();
    mocks
        .api_keys
        .expect_all()
        .with(eq(account()))
        .returning(move |_| Ok(vec![listed.clone()]));
    let rotated = |old: &ApiKey, new: &ApiKey, _: &Commit| {
        old.successor == Some(new.id) && old.terms.expires_at.is_some() && new.terms == may("read")
    };
    mocks
        .api_keys
        .expect_rotate()
        .withf(rotated)
        .times(1)
        .returning(|_, _, _| Ok(()));
    let keys = keys(mocks);
    let expected = ListedKey {
        key: stored.clone(),
        account: AccountSlug::default(),
    };
    assert_eq!(keys.list_all().await.unwrap(), [expected]);
    keys.rotate_any(stored.id, Overlap::DEFAULT).await.unwrap();
    let unknown = keys.rotate_any(ApiKeyId::new(id(8)), Overlap::DEFAULT).await;
    assert_eq!(refusal(unknown), ApiKeyRefusal::NotFound);
}

#[tokio::test]
async fn a_new_key_can_do_no_more_than_the_callers() {
    let own = ApiKeyTerms {
        scopes: Scopes::parse("read keys:manage").unwrap(),
        expires_at: Some(at(5000)),
        allowed_addresses: AllowedAddresses::parse("10.0.0.0/8").ok(),
        ..terms()
    };
    let weaker = ApiKeyTerms {
        scopes: Scopes::parse("events:read").unwrap(),
        ..own.clone()
    };
    let stronger = [
        ApiKeyTerms {
            scopes: Scopes::FULL,
            ..own.clone()
        },
        ApiKeyTerms {
            expires_at: None,
            ..own.clone()
        },
        ApiKeyTerms {
            allowed_addresses: None,
            ..own.clone()
        },
    ];
    let mut mocks = with_keys(own, key(1, terms()));
    let expected = weaker.clone();
    mocks
        .api_keys
        .expect_insert()
        .withf(move |key, _| key.terms == expected)
        .times(1)
        .returning(|_, _| Ok(()));
    let keys = keys(mocks);
    let Issued { outcome, secret } = keys.create(&request(), weaker).await.unwrap();
    let Outcome::Done(Effect::Created(key)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(secret.digest(), key.digest);
    for terms in stronger {
        let outcome = keys.create(&request(), terms).await;
        assert_eq!(refusal(outcome), ApiKeyRefusal::Exceeds);
    }
}

#[tokio::test]
async fn a_stronger_key_is_neither_changed_nor_rotated() {
    let keys = keys(with_keys(may("read keys:manage"), key(1, terms())));
    let other = ApiKeyId::new(id(1));
    let rename = ApiKeyEdit {
        name: Some(ApiKeyName::new("mine").unwrap()),
        ..ApiKeyEdit::default()
    };
    let edited = keys.edit(&request(), other, rename).await;
    assert_eq!(refusal(edited), ApiKeyRefusal::Exceeds);
    let rotated = keys.rotate(&request(), other, Overlap::DEFAULT).await;
    assert_eq!(refusal(rotated), ApiKeyRefusal::Exceeds);
}

#[tokio::test]
async fn a_stronger_key_may_be_weakened_and_revoked() {
    let mut mocks = with_keys(may("read keys:manage"), key(1, terms()));
    let next = |key: &ApiKey, _: &Commit| key.version == Version::FIRST.next();
    mocks
        .api_keys
        .expect_update()
        .withf(next)
        .times(2)
        .returning(|_, _| Ok(()));
    let keys = keys(mocks);
    let other = ApiKeyId::new(id(1));
    let weaken = ApiKeyEdit {
        scopes: Some(Scopes::parse("read").unwrap()),
        ..ApiKeyEdit::default()
    };
    keys.edit(&request(), other, weaken).await.unwrap();
    keys.revoke(&request(), other).await.unwrap();
}

#[tokio::test]
async fn a_rotation_keeps_the_terms_and_ends_the_old_key() {
    let mut mocks = with_keys(terms(), key(1, may("events:write")));
    let overlap = Overlap::from_hours(1).unwrap();
    let rotated = |old: &ApiKey, new: &ApiKey, _: &Commit| {
        old.id == ApiKeyId::new(id(1))
            && old.terms.expires_at == Some(at(3_601_000))
            && old.successor == Some(new.id)
            && new.terms == may("events:write")
    };
    mocks
        .api_keys
        .expect_rotate()
        .withf(rotated)
        .times(1)
        .returning(|_, _, _| Ok(()));
    let issued = keys(mocks)
        .rotate(&request(), ApiKeyId::new(id(1)), overlap)
        .await
        .unwrap();
    let Outcome::Done(Effect::Created(key)) = issued.outcome else {
        panic!("{:?}", issued.outcome)
    };
    assert_eq!(issued.secret.digest(), key.digest);
}

#[tokio::test]
async fn keys_are_changed_in_the_version_that_was_seen() {
    let keys = keys(with_keys(terms(), key(1, terms())));
    let (stale, other) = (request_for_another_state(), ApiKeyId::new(id(1)));
    let edited = keys.edit(&stale, other, ApiKeyEdit::default()).await;
    assert_eq!(refusal(edited), ApiKeyRefusal::VersionMismatch);
    let revoked = keys.revoke(&stale, other).await;
    assert_eq!(refusal(revoked), ApiKeyRefusal::VersionMismatch);
    let rotated = keys.rotate(&stale, other, Overlap::DEFAULT).await;
    assert_eq!(refusal(rotated), ApiKeyRefusal::VersionMismatch);
    let unknown = keys.get(&caller(), ApiKeyId::new(id(8))).await;
    assert_eq!(refusal(unknown), ApiKeyRefusal::NotFound);
}

/// The server may still trust a key that is not valid any more.
#[tokio::test]
async fn a_key_that_has_just_ended_manages_nothing() {
    let own = key(9, terms());
    let ended = [
        own.revoked(at(999)),
        key(9, expiring(1000)),
        key(9, may("read customers:write")),
    ];
    for own in ended {
        let mut mocks = Mocks::at(1000);
        let other = key(1, may("read"));
        mocks
            .api_keys
            .expect_by_id()
            .returning(move |_, id| Ok([&own, &other].into_iter().find(|key| key.id == id).cloned()));
        let (keys, other) = (keys(mocks), ApiKeyId::new(id(1)));
        let created = keys.create(&request(), may("read")).await.map(drop);
        let edited = keys
            .edit(&request(), other, ApiKeyEdit::default())
            .await
            .map(drop);
        let rotated = keys.rotate(&request(), other, Overlap::DEFAULT).await.map(drop);
        let revoked = keys.revoke(&request(), other).await.map(drop);
        for outcome in [created, edited, rotated, revoked] {
            assert_eq!(refusal(outcome), ApiKeyRefusal::Exceeds);
        }
    }
}

#[tokio::test]
async fn keys_are_managed_by_those_who_may() {
    let keys = keys(Mocks::at(1000));
    let mut request = request();
    request.caller.scopes = Scopes::parse("read customers:write").unwrap();
    let id = ApiKeyId::new(id(1));
    let needs = |outcome: Result<(), Failure<ApiKeyRefusal>>| {
        assert!(
            matches!(outcome, Err(Failure::NotAllowed(Scope::KeysManage))),
            "{outcome:?}"
        );
    };
    needs(keys.create(&request, terms()).await.map(drop));
    needs(keys.get(&request.caller, id).await.map(drop));
    needs(keys.edit(&request, id, ApiKeyEdit::default()).await.map(drop));
    needs(keys.revoke(&request, id).await.map(drop));
    needs(keys.rotate(&request, id, Overlap::DEFAULT).await.map(drop));
}
