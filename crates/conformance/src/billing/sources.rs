//! Cases for payment sources, and for the log of their notices.

use crate::{
    ROUNDS, assert_walked, at,
    billing::payment::{entry, money, paid},
    earliest, first_page, fresh_id, latest, longest, new_account, race, walk,
};
use chatgrow_domain::{
    AccountId, AmountUnit, CurrencyPlace, HeaderName, HmacFormat, HmacTypes, InboundToken, JsonPointer,
    NoticeFormat, NoticeKey, NoticeOutcome, NoticeProblem, NoticeReference, NoticeType, ObjectId, Payment,
    PaymentId, PaymentNotice, PaymentNoticeId, PaymentRefusal, PaymentSource, PaymentSourceId,
    PaymentSourceRefusal, Provider, SealedSecret, SignatureEncoding, SourceName, Version,
};
use chatgrow_ports::{Commit, Failure, PaymentWrite, StoreError, Stores};
use std::cmp::Reverse;

/// A source that signs as Stripe does, with a token that no other has.
pub(crate) fn source(account: AccountId) -> PaymentSource {
    let id = fresh_id();
    let mut token = [9; 32];
    token[..12].copy_from_slice(id.as_bytes());
    PaymentSource {
        id: PaymentSourceId::new(id),
        account_id: account,
        token: InboundToken::from_random(token),
        name: SourceName::new("Stripe").unwrap(),
        provider: Provider::new("stripe").unwrap(),
        format: NoticeFormat::Stripe,
        secret: SealedSecret::new(vec![0, 255, 1]),
        previous_secret: None,
        created_at: at(1),
        updated_at: at(1),
        version: Version::FIRST,
    }
}

pub(crate) async fn new_source(stores: &Stores, account: AccountId) -> PaymentSource {
    let made = source(account);
    let insert = stores.billing.sources.insert(&made, Commit::default());
    insert.await.unwrap();
    made
}

/// The next state of the source, with another secret.
pub(crate) fn with_secret(source: &PaymentSource, byte: u8) -> PaymentSource {
    source.rotated(SealedSecret::new(vec![byte]), false, at(100))
}

/// A notice that tells nothing of money.
pub(crate) fn notice(source: &PaymentSource, key: &str) -> PaymentNotice {
    PaymentNotice {
        id: PaymentNoticeId::new(fresh_id()),
        source: source.id,
        key: NoticeKey::new(key).unwrap(),
        kind: Some(NoticeType::new("customer.created").unwrap()),
        outcome: NoticeOutcome::Ignored,
        payment: None,
        reference: None,
        amount: None,
        problem: None,
        received_at: at(5),
    }
}

/// A notice that told nothing new.
fn known(source: &PaymentSource, key: &str) -> PaymentNotice {
    PaymentNotice {
        outcome: NoticeOutcome::Known,
        payment: Some(PaymentId::new(fresh_id())),
        ..notice(source, key)
    }
}

fn unreadable(source: &PaymentSource, key: &str) -> PaymentNotice {
    PaymentNotice {
        kind: None,
        outcome: NoticeOutcome::Unreadable,
        problem: Some(NoticeProblem::new("data.amount is required").unwrap()),
        ..notice(source, key)
    }
}

pub(crate) fn with_notice(account: AccountId, notice: &PaymentNotice) -> Commit {
    Commit {
        notice: Some((account, notice.clone())),
        ..Commit::default()
    }
}

async fn take(stores: &Stores, account: AccountId, notice: &PaymentNotice) -> Result<(), StoreError> {
    stores.idempotency.write(with_notice(account, notice)).await
}

async fn notices(stores: &Stores, account: AccountId, source: &PaymentSource) -> Vec<PaymentNotice> {
    let list = stores.billing.notices.list(account, source.id, first_page(100));
    list.await.unwrap().items
}

/// Every field is read back unchanged, whatever the format of the notices. A source is found by its token.
pub async fn payment_source_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let sources = &stores.billing.sources;
    let pointer = || JsonPointer::new(format!("/{}", longest(199))).unwrap();
    let types = |chars| vec![NoticeType::new(longest(chars)).unwrap(); HmacTypes::MAX];
    let full = HmacFormat {
        header: HeaderName::new(&"x".repeat(100)).unwrap(),
        encoding: SignatureEncoding::Base64,
        event_id: Some(pointer()),
        kind: pointer(),
        types: HmacTypes {
            succeeded: types(100),
            failed: types(99),
            refunded: types(98),
        },
        reference: Some(pointer()),
        external_id: pointer(),
        refund_id: Some(pointer()),
        amount: pointer(),
        unit: AmountUnit::Minor,
        currency: CurrencyPlace::At(pointer()),
    };
    let bare = HmacFormat {
        encoding: SignatureEncoding::Hex,
        event_id: None,
        types: HmacTypes::default(),
        reference: None,
        refund_id: None,
        unit: AmountUnit::Major,
        currency: CurrencyPlace::parse("JPY").unwrap(),
        ..full.clone()
    };
    for (nth, format) in [
        NoticeFormat::Stripe,
        NoticeFormat::StandardWebhooks,
        NoticeFormat::Hmac(Box::new(full)),
        NoticeFormat::Hmac(Box::new(bare)),
    ]
    .into_iter()
    .enumerate()
    {
        let made = PaymentSource {
            name: SourceName::new(longest(100)).unwrap(),
            provider: Provider::new("a-provider_with-a-name-of-40-characters_").unwrap(),
            secret: SealedSecret::new((0..=255).collect()),
            previous_secret: (nth % 2 == 0).then(|| (SealedSecret::new(vec![7; 300]), latest())),
            created_at: latest(),
            updated_at: earliest(),
            version: Version::new(i64::MAX - 1).unwrap(),
            format,
            ..source(account)
        };
        sources.insert(&made, Commit::default()).await.unwrap();
        let read = sources.by_id(account, made.id).await.unwrap();
        assert_eq!(
            read.as_ref(),
            Some(&made),
            "what was written is read back as it was"
        );
        let found = sources.by_token(&made.token).await.unwrap();
        assert_eq!(found, Some(made), "it is found by its token");
    }
    let unknown = sources.by_token(&source(account).token).await.unwrap();
    assert_eq!(unknown, None, "nobody has that token");
}

/// A source is replaced only from the version before.
pub async fn payment_source_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let sources = &stores.billing.sources;
    let made = new_source(stores, account).await;
    let next = with_secret(&made, 2);
    let after = with_secret(&next, 3);
    let early = sources.update(&after, Commit::default()).await;
    assert_refused!(
        early,
        Failure::Refused(PaymentSourceRefusal::VersionMismatch),
        "a version is left out"
    );
    sources.update(&next, Commit::default()).await.unwrap();
    let again = sources.update(&with_secret(&made, 9), Commit::default()).await;
    assert_refused!(
        again,
        Failure::Refused(PaymentSourceRefusal::VersionMismatch),
        "another change was faster"
    );
    assert_eq!(sources.by_id(account, made.id).await.unwrap(), Some(next.clone()));
    let unknown = PaymentSource {
        id: PaymentSourceId::new(fresh_id()),
        ..after.clone()
    };
    let outcome = sources.update(&unknown, Commit::default()).await;
    assert_refused!(
        outcome,
        Failure::Refused(PaymentSourceRefusal::VersionMismatch),
        "there is no such source"
    );
    sources.update(&after, Commit::default()).await.unwrap();
    assert_eq!(sources.by_id(account, made.id).await.unwrap(), Some(after));
}

/// No method sees, changes or removes another account's source, or another account's notices. No two share a token.
pub async fn payment_sources_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let sources = &stores.billing.sources;
    let mine = new_source(stores, account).await;
    assert_eq!(
        sources.by_id(other, mine.id).await.unwrap(),
        None,
        "another account's"
    );
    let listed = sources.list(other, first_page(50)).await.unwrap();
    assert_eq!(listed.items, [], "another account's");
    let removed = sources.remove(other, mine.id, Commit::default()).await.unwrap();
    assert!(!removed, "another account's");
    let foreign = PaymentSource {
        account_id: other,
        ..with_secret(&mine, 2)
    };
    let outcome = sources.update(&foreign, Commit::default()).await;
    assert_refused!(
        outcome,
        Failure::Refused(PaymentSourceRefusal::VersionMismatch),
        "another account's"
    );
    let twin = PaymentSource {
        token: mine.token.clone(),
        ..source(other)
    };
    let outcome = sources.insert(&twin, Commit::default()).await;
    assert_refused!(outcome, StoreError::Failed(_), "the token is another's");
    assert_eq!(sources.by_token(&mine.token).await.unwrap().as_ref(), Some(&mine));
    let nowhere = source(AccountId::new(fresh_id()));
    let outcome = sources.insert(&nowhere, Commit::default()).await;
    assert_refused!(outcome, StoreError::Failed(_), "there is no such account");

    let told = known(&mine, "evt_1");
    take(stores, account, &told).await.unwrap();
    assert_eq!(notices(stores, other, &mine).await, [], "another account's");
    // The same source and key, in another account.
    take(stores, other, &known(&mine, "evt_1")).await.unwrap();
    assert_eq!(notices(stores, account, &mine).await, [told]);
}

/// Sources are listed by id. Each that was there at the start is listed once, whatever is added meanwhile.
pub async fn payment_source_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let sources = &stores.billing.sources;
    let mut whole = Vec::new();
    for _ in 0..5 {
        whole.push(new_source(stores, account).await.id);
    }
    let first = PaymentSourceId::new(ObjectId::from_bytes([0; 12]));
    let seen = walk(
        2,
        |page| sources.list(account, page),
        async || {
            // Only the first of these is new.
            let before = PaymentSource {
                id: first,
                ..source(account)
            };
            let _ = sources.insert(&before, Commit::default()).await;
        },
    )
    .await;
    let seen: Vec<_> = seen.iter().map(|source| source.id).collect();
    assert_walked(&whole, &seen);
    let full = sources.list(account, first_page(6)).await.unwrap();
    assert_eq!(
        full.next, None,
        "a page that is full is still the last one if nothing follows"
    );
}

/// A removed source is gone. Its notices stay.
pub async fn a_removed_payment_source_leaves_its_notices(stores: &Stores) {
    let account = new_account(stores).await;
    let sources = &stores.billing.sources;
    let (gone, kept) = (
        new_source(stores, account).await,
        new_source(stores, account).await,
    );
    let told = notice(&gone, "evt_1");
    take(stores, account, &told).await.unwrap();
    let remove = async || sources.remove(account, gone.id, Commit::default()).await.unwrap();
    assert!(remove().await, "it was there");
    assert!(!remove().await, "it was there once");
    assert_eq!(sources.by_id(account, gone.id).await.unwrap(), None);
    assert_eq!(sources.by_token(&gone.token).await.unwrap(), None);
    assert_eq!(sources.by_id(account, kept.id).await.unwrap(), Some(kept));
    assert_eq!(notices(stores, account, &gone).await, [told], "its notices stay");
}

/// Every field of a notice is read back unchanged.
pub async fn payment_notice_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let from = new_source(stores, account).await;
    let payment = paid(None, 5);
    let full = |outcome, nth: usize| PaymentNotice {
        kind: Some(NoticeType::new(longest(100)).unwrap()),
        outcome,
        payment: Some(payment.id),
        reference: Some(NoticeReference::new(longest(200)).unwrap()),
        amount: Some((money(99_999_999_999), "KWD".parse().unwrap())),
        received_at: if nth == 0 { latest() } else { earliest() },
        ..notice(&from, &longest(255 - nth))
    };
    let mut told = vec![
        full(NoticeOutcome::Recorded, 0),
        full(NoticeOutcome::Known, 1),
        full(NoticeOutcome::Mismatch, 2),
        notice(&from, "evt_1"),
        unreadable(&from, "evt_2"),
        PaymentNotice {
            kind: Some(NoticeType::new("refund").unwrap()),
            problem: Some(NoticeProblem::new(longest(300)).unwrap()),
            ..unreadable(&from, "evt_3")
        },
    ];
    for notice in &told {
        take(stores, account, notice).await.unwrap();
    }
    told.reverse();
    assert_eq!(
        notices(stores, account, &from).await,
        told,
        "what was written is read back as it was"
    );
}

/// A notice is taken once, with its effect. One that was ignored, or could not be read, may come again. One that is refused leaves nothing.
pub async fn a_notice_is_taken_once_with_its_effect(stores: &Stores) {
    let account = new_account(stores).await;
    let (from, another) = (
        new_source(stores, account).await,
        new_source(stores, account).await,
    );
    let record = async |payment: &Payment, notice: &PaymentNotice| {
        let write = PaymentWrite {
            entries: vec![payment.clone()],
            booking: None,
        };
        let payments = &stores.billing.payments;
        payments
            .record(account, &write, with_notice(account, notice))
            .await
    };
    let of = |payment: &Payment, from: &PaymentSource, key| PaymentNotice {
        outcome: NoticeOutcome::Recorded,
        payment: Some(payment.id),
        ..notice(from, key)
    };

    for without_effect in [
        unreadable(&from, "evt_1"),
        unreadable(&from, "evt_1"),
        notice(&from, "evt_1"),
        notice(&from, "evt_1"),
    ] {
        take(stores, account, &without_effect).await.unwrap();
        assert_eq!(
            notices(stores, account, &from).await,
            [without_effect],
            "the last one counts"
        );
    }

    let payment = paid(None, 5);
    let told = of(&payment, &from, "evt_1");
    record(&payment, &told).await.unwrap();
    assert_eq!(
        notices(stores, account, &from).await,
        std::slice::from_ref(&told),
        "it was read now"
    );

    let second = paid(None, 6);
    for again in [of(&second, &from, "evt_1"), unreadable(&from, "evt_1")] {
        let outcome = record(&second, &again).await;
        assert_refused!(
            outcome,
            Failure::Store(StoreError::Repeated),
            "it was taken before"
        );
        let outcome = take(stores, account, &again).await;
        assert_refused!(outcome, StoreError::Repeated, "it was taken before");
    }
    assert_eq!(
        entry(stores, account, second.id).await,
        None,
        "nothing was written"
    );
    // This is told first, also if the write would be refused.
    let outcome = record(&payment, &of(&payment, &from, "evt_1")).await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Repeated),
        "it was taken before"
    );

    let stale = payment.followed_by(payment.contradicted(), at(9));
    let stale = stale.followed_by(
        Payment {
            attention: None,
            ..stale.clone()
        },
        at(9),
    );
    let outcome = record(&stale, &of(&payment, &from, "evt_2")).await;
    assert_refused!(
        outcome,
        Failure::Refused(PaymentRefusal::Outdated),
        "a version is left out"
    );
    assert_eq!(
        notices(stores, account, &from).await,
        std::slice::from_ref(&told),
        "a refused write leaves no notice"
    );
    let elsewhere = of(&second, &another, "evt_1");
    record(&second, &elsewhere).await.unwrap();
    assert_eq!(notices(stores, account, &another).await, [elsewhere]);
    assert_eq!(notices(stores, account, &from).await, [told]);
}

/// The newest notice comes first. Each that was there at the start is listed once, whatever is added meanwhile.
pub async fn payment_notices_are_listed_newest_first(stores: &Stores) {
    let account = new_account(stores).await;
    let (from, another) = (
        new_source(stores, account).await,
        new_source(stores, account).await,
    );
    let mut whole = Vec::new();
    for nth in 0..5 {
        let told = notice(&from, &format!("evt_{nth}"));
        take(stores, account, &told).await.unwrap();
        whole.push(Reverse(told.id));
        let other = notice(&another, &format!("evt_{nth}"));
        take(stores, account, &other).await.unwrap();
    }
    whole.reverse();
    let oldest = PaymentNoticeId::new(ObjectId::from_bytes([0; 12]));
    let list = |page| stores.billing.notices.list(account, from.id, page);
    let meanwhile = async || {
        // Only the first of these is new.
        let before = PaymentNotice {
            id: oldest,
            ..notice(&from, "before")
        };
        let _ = take(stores, account, &before).await;
    };
    let seen: Vec<_> = walk(2, list, meanwhile).await;
    let seen: Vec<_> = seen.iter().map(|told| Reverse(told.id)).collect();
    assert_walked(&whole, &seen);
    assert_eq!(
        seen.len(),
        6,
        "nothing but what is listed of this source: {seen:?}"
    );
    let full = list(first_page(6)).await.unwrap();
    assert_eq!(
        full.next, None,
        "a page that is full is still the last one if nothing follows"
    );
}

/// Old notices are deleted, so many at a time.
pub async fn payment_notices_are_swept(stores: &Stores) {
    let account = new_account(stores).await;
    let from = new_source(stores, account).await;
    // Earlier than any other case's.
    let early = |millis| at(earliest().as_millis() + millis);
    for millis in [0, 1, 2, 3] {
        let told = PaymentNotice {
            received_at: early(millis),
            ..notice(&from, &format!("evt_{millis}"))
        };
        take(stores, account, &told).await.unwrap();
    }
    let log = &stores.billing.notices;
    let left = async || notices(stores, account, &from).await.len();
    assert_eq!(log.sweep(early(2), 2).await.unwrap(), 2);
    assert_eq!(left().await, 2, "so many at a time");
    assert_eq!(log.sweep(early(2), 10).await.unwrap(), 1);
    assert_eq!(left().await, 1, "those that came by then");
    assert_eq!(log.sweep(early(2), 10).await.unwrap(), 0);
    assert_eq!(left().await, 1, "no other");
}

/// Of 64 servers that get the same notice one takes it.
pub async fn one_notice_races_to_be_taken_once(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let from = new_source(stores, account).await;
    let outcomes = race(servers, |_, stores| {
        let told = known(&from, "evt_1");
        async move { take(&stores, account, &told).await }
    })
    .await;
    assert_winners!(outcomes, 1, StoreError::Repeated);
    assert_eq!(notices(stores, account, &from).await.len(), 1);
}

/// Of many updates of one version one succeeds.
pub async fn payment_source_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    for _ in 0..ROUNDS {
        let made = new_source(stores, account).await;
        let outcomes = race(servers, |racer, stores| {
            let next = with_secret(&made, u8::try_from(racer).unwrap());
            async move {
                let update = stores.billing.sources.update(&next, Commit::default());
                update.await.map(|()| next)
            }
        })
        .await;
        assert_winners!(
            outcomes,
            1,
            Failure::Refused(PaymentSourceRefusal::VersionMismatch)
        );
        let winner = outcomes.into_iter().find_map(Result::ok);
        let read = stores.billing.sources.by_id(account, made.id).await;
        assert_eq!(read.unwrap(), winner, "the winner's state is kept");
    }
}
