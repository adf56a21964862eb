use super::*;
use crate::fixtures::{account, at, id};
use chatgrow_domain::{AllowedAddresses, ApiKeyId, ApiKeyName, ApiKeyTerms, Scopes};
use chatgrow_ports::{MockApiKeyStore, MockClock};
use mockall::predicate::eq;

fn plain() -> PlainApiKey {
    PlainApiKey::from_random([7; 32])
}

fn key() -> ApiKey {
    let terms = ApiKeyTerms {
        expires_at: Some(at(100_000)),
        ..ApiKeyTerms::full(ApiKeyName::new("site").unwrap())
    };
    ApiKey::new(ApiKeyId::new(id(9)), account(), terms, plain().digest(), at(0)).unwrap()
}

fn client() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

impl Authentication {
    /// The caller who holds the key, from memory or from the store.
    async fn authenticate(&self, key: &str) -> Result<Option<Caller>, StoreError> {
        let request = RequestId::new("request");
        match self.recall(key, &request, client) {
            Recalled::Known(known) => Ok(Some(known.caller)),
            Recalled::Nobody => Ok(None),
            Recalled::Stale(look_up) | Recalled::New(look_up) => {
                let known = self.look_up(look_up, &request, client).await?;
                Ok(known.map(|known| known.caller))
            }
        }
    }
}

const CALLER: fn() -> Option<Caller> = || {
    Some(Caller {
        account: account(),
        actor: Actor::ApiKey(ApiKeyId::new(id(9))),
        scopes: Scopes::FULL,
        request_id: RequestId::new("request"),
    })
};

/// An authentication whose clock returns one of these instants per call.
fn authentication(keys: MockApiKeyStore, instants: &'static [i64]) -> Authentication {
    let mut clock = MockClock::new();
    let mut next = instants.iter();
    clock.expect_now().returning(move || at(*next.next().unwrap()));
    Authentication::new(Arc::new(keys), Arc::new(clock))
}

#[tokio::test]
async fn what_is_no_key_is_refused_without_a_look_up() {
    let authentication = authentication(MockApiKeyStore::new(), &[]);
    for text in [
        "",
        "abc",
        "cg_live_",
        "cg_live_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF10k1n8X",
    ] {
        assert_eq!(authentication.authenticate(text).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_found_key_is_looked_up_again_only_after_a_while() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest()
        .with(eq(plain().digest()))
        .times(2)
        .returning(|_| Ok(Some(key())));
    let authentication = authentication(keys, &[1000, 1001, 1499, 1500, 1501]);
    for _ in 0..5 {
        assert_eq!(
            authentication.authenticate(plain().reveal()).await.unwrap(),
            CALLER()
        );
    }
    let met = KeysMet {
        recalled: 3,
        looked_up: 2,
    };
    assert_eq!(authentication.keys_met(), met);
}

#[tokio::test]
async fn a_key_of_the_start_is_looked_up_at_its_first_use() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().times(1).returning(|_| Ok(Some(key())));
    let authentication = authentication(keys, &[1000, 1001, 1002, 1003]);
    let revoked = ApiKey {
        digest: PlainApiKey::from_random([8; 32]).digest(),
        revoked_at: Some(at(5)),
        ..key()
    };
    authentication.remember_all([key(), revoked]);
    let request = RequestId::new("request");
    let recalled = authentication.recall(plain().reveal(), &request, client);
    let Recalled::Stale(look_up) = recalled else {
        panic!("{recalled:?}")
    };
    let known = authentication
        .look_up(look_up, &request, client)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(Some(&known.caller), CALLER().as_ref());
    assert_eq!(
        authentication.recall(plain().reveal(), &request, client),
        Recalled::Known(known)
    );
    let revoked = authentication.recall(PlainApiKey::from_random([8; 32]).reveal(), &request, client);
    assert!(matches!(revoked, Recalled::New(_)), "{revoked:?}");
}

#[tokio::test]
async fn a_revocation_holds_within_a_second() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().times(1).returning(|_| Ok(Some(key())));
    keys.expect_by_digest().times(1).returning(|_| {
        Ok(Some(ApiKey {
            revoked_at: Some(at(1001)),
            ..key()
        }))
    });
    let authentication = authentication(keys, &[1000, 2000]);
    assert_eq!(
        authentication.authenticate(plain().reveal()).await.unwrap(),
        CALLER()
    );
    assert_eq!(authentication.authenticate(plain().reveal()).await.unwrap(), None);
}

#[tokio::test]
async fn a_remembered_key_expires_on_time() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().times(2).returning(|_| Ok(Some(key())));
    let authentication = authentication(keys, &[99_999, 100_000]);
    assert_eq!(
        authentication.authenticate(plain().reveal()).await.unwrap(),
        CALLER()
    );
    assert_eq!(authentication.authenticate(plain().reveal()).await.unwrap(), None);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_keep_a_key_alive() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().times(1).returning(|_| Ok(Some(key())));
    keys.expect_by_digest().times(1).returning(|_| Ok(None));
    let authentication = authentication(keys, &[50_000, 1000]);
    assert_eq!(
        authentication.authenticate(plain().reveal()).await.unwrap(),
        CALLER()
    );
    assert_eq!(authentication.authenticate(plain().reveal()).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_that_nobody_has_is_looked_up_again_only_after_a_while() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().times(2).returning(|_| Ok(None));
    keys.expect_by_digest().returning(|_| Ok(Some(key())));
    let authentication = authentication(keys, &[1000, 1499, 1500, 1400, 2000]);
    for expected in [None, None, None, CALLER(), CALLER()] {
        assert_eq!(
            authentication.authenticate(plain().reveal()).await.unwrap(),
            expected
        );
    }
}

#[tokio::test]
async fn guesses_do_not_fill_the_memory() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().returning(|_| Ok(None));
    let mut clock = MockClock::new();
    clock.expect_now().returning(|| at(1000));
    let authentication = Authentication::new(Arc::new(keys), Arc::new(clock));
    for number in 0..2 * MAX_STRANGERS as u64 {
        let mut random = [0; 32];
        random[24..].copy_from_slice(&number.to_be_bytes());
        let guess = PlainApiKey::from_random(random);
        assert_eq!(authentication.authenticate(guess.reveal()).await.unwrap(), None);
    }
    assert!(authentication.strangers.read().unwrap().len() <= MAX_STRANGERS);
    assert!(authentication.remembered.read().unwrap().is_empty());
}

#[tokio::test]
async fn uses_are_written_once_and_again_after_a_failure() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().returning(|_| Ok(Some(key())));
    let used = KeyUse {
        account_id: account(),
        id: ApiKeyId::new(id(9)),
        at: at(1001),
    };
    keys.expect_record_use()
        .times(1)
        .returning(|_| Err(StoreError::unavailable("away")));
    keys.expect_record_use()
        .withf(move |uses| uses == [used])
        .times(1)
        .returning(|_| Ok(()));
    let authentication = authentication(keys, &[1000, 1001]);
    authentication.authenticate(plain().reveal()).await.unwrap();
    authentication.authenticate(plain().reveal()).await.unwrap();
    assert!(authentication.flush_key_uses().await.is_err());
    authentication.flush_key_uses().await.unwrap();
    authentication.flush_key_uses().await.unwrap();
}

/// A request from elsewhere is refused by whoever asks, and is no use of the key.
#[tokio::test]
async fn a_use_from_elsewhere_is_not_noted() {
    let mut keys = MockApiKeyStore::new();
    keys.expect_by_digest().returning(|_| {
        let mut key = key();
        key.terms.allowed_addresses = AllowedAddresses::parse("192.0.2.1").ok();
        Ok(Some(key))
    });
    let used_at_1000 = |uses: &[KeyUse]| uses.len() == 1 && uses[0].at == at(1000);
    keys.expect_record_use()
        .withf(used_at_1000)
        .times(1)
        .returning(|_| Ok(()));
    let authentication = authentication(keys, &[1000, 1001, 1600]);
    let request = RequestId::new("request");
    let elsewhere = || IpAddr::from([192, 0, 2, 2]);
    for (client, admitted) in [
        (client as fn() -> IpAddr, true),
        (elsewhere, false),
        (elsewhere, false),
    ] {
        let known = match authentication.recall(plain().reveal(), &request, client) {
            Recalled::Known(known) => known,
            Recalled::New(look_up) | Recalled::Stale(look_up) => authentication
                .look_up(look_up, &request, client)
                .await
                .unwrap()
                .unwrap(),
            Recalled::Nobody => panic!("the key is known"),
        };
        assert_eq!(known.admitted, admitted);
    }
    authentication.flush_key_uses().await.unwrap();
}
