use super::*;
use crate::fixtures::{Mocks, account, appointment, at, caller, id};
use chatgrow_domain::{
    AppointmentStatus, Attention, ExternalId, Money, NoticeFormat, NoticeProblem, NoticeReference,
    NoticeType, PaymentKind, PaymentStatus, PaymentTarget, PaymentTerms, PaymentTime, Provider, ReadNotice,
    Schedule, SealedSecret, SourceName, Version,
};
use chatgrow_ports::{BilledBooking, PaymentWrite};
use std::sync::Mutex;

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn source() -> PaymentSource {
    PaymentSource {
        id: PaymentSourceId::new(id(50)),
        account_id: account(),
        token: InboundToken::from_random([7; 32]),
        name: SourceName::new("Stripe").unwrap(),
        provider: Provider::new("stripe").unwrap(),
        format: NoticeFormat::Stripe,
        secret: SealedSecret::new(b"whsec_new".to_vec()),
        previous_secret: Some((SealedSecret::new(b"whsec_old".to_vec()), at(3000))),
        created_at: at(0),
        updated_at: at(0),
        version: Version::FIRST,
    }
}

fn message() -> Message {
    Message {
        headers: Vec::new(),
        body: b"{}".to_vec(),
    }
}

fn paid(minor: i64) -> ToldPayment {
    ToldPayment {
        kind: PaymentKind::Payment,
        provider: Provider::new("stripe").unwrap(),
        external_id: ExternalId::new("pi_1").unwrap(),
        refund_of: None,
        target: None,
        amount: money(minor),
        currency: "ILS".parse().unwrap(),
        status: PaymentStatus::Succeeded,
        reported: Money::ZERO,
        occurred_at: None,
    }
}

fn refunded(minor: i64) -> ToldPayment {
    ToldPayment {
        kind: PaymentKind::Refund,
        external_id: ExternalId::new("re_1").unwrap(),
        refund_of: Some(ExternalId::new("pi_1").unwrap()),
        ..paid(minor)
    }
}

fn read(told: Option<ToldPayment>, reference: &str) -> ReadNotice {
    ReadNotice {
        key: NoticeKey::new("evt_1").unwrap(),
        kind: NoticeType::new("some.type").unwrap(),
        told: told.map(|payment| ToldNotice {
            payment,
            reference: NoticeReference::new(reference).ok(),
        }),
    }
}

type Written = Arc<Mutex<Vec<(Option<PaymentWrite>, PaymentNotice)>>>;

/// Mocks with these payments and one appointment, whose reader reads that; and what is written.
fn mocks(result: Result<ReadNotice, NoticeFault>, known: Vec<Payment>) -> (Mocks, Written) {
    let mut mocks = Mocks::at(2000);
    mocks
        .reader
        .expect_read()
        .returning(move |_, _, _, _| result.clone());
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    let terms = PaymentTerms::new(money(100), "ILS".parse().unwrap(), None, PaymentTime::DEFAULT).unwrap();
    let booked = appointment().to_be_paid(&terms);
    mocks
        .appointments
        .expect_by_id()
        .returning(move |_, id| Ok((id == booked.id).then(|| booked.clone())));
    mocks.registrations.expect_anywhere().returning(|_, _| Ok(None));
    let all = Arc::new(known);
    let (by_facts, by_id) = (all.clone(), all.clone());
    mocks.payments.expect_by_facts().returning(move |_, facts| {
        Ok(by_facts
            .iter()
            .find(|entry| PaymentFacts::of(entry) == *facts)
            .cloned())
    });
    mocks
        .payments
        .expect_by_id()
        .returning(move |_, id| Ok(by_id.iter().find(|entry| entry.id == id).cloned()));
    mocks
        .payments
        .expect_refunds_of()
        .returning(|_, _, _| Ok(Vec::new()));
    let written = Written::default();
    let (entries, alone) = (written.clone(), written.clone());
    mocks.payments.expect_record().returning(move |_, write, commit| {
        let (_, notice) = commit.notice.expect("the notice is written with its effect");
        entries.lock().unwrap().push((Some(write.clone()), notice));
        Ok(())
    });
    mocks.idempotency.expect_write().returning(move |commit| {
        let (_, notice) = commit.notice.expect("nothing else is written alone");
        alone.lock().unwrap().push((None, notice));
        Ok(())
    });
    (mocks, written)
}

async fn receive(mocks: Mocks) -> Result<Reception, Failure<NoticeRefusal>> {
    let notices = mocks.build().billing.notices;
    notices
        .receive(&source(), &message(), &RequestId::new("request"))
        .await
}

/// Takes one notice, and returns what was written.
async fn taken(
    told: ToldPayment,
    reference: &str,
    known: Vec<Payment>,
) -> (Option<PaymentWrite>, PaymentNotice) {
    let (mocks, written) = mocks(Ok(read(Some(told), reference)), known);
    assert_eq!(receive(mocks).await.unwrap(), Reception::Taken);
    let mut written = written.lock().unwrap();
    assert_eq!(written.len(), 1, "one write");
    written.remove(0)
}

fn known(told: ToldPayment) -> Payment {
    Payment::new(PaymentId::new(id(60)), told, at(1000))
}

#[tokio::test]
async fn a_path_that_can_not_be_one_is_not_looked_up() {
    let notices = Mocks::at(0).build().billing.notices;
    assert_eq!(notices.source("../../payments").await.unwrap(), None);
}

#[tokio::test]
async fn both_secrets_count_while_the_old_one_lasts() {
    for (now, secrets) in [(2999, 2), (3000, 1)] {
        let (mut mocks, _) = mocks(Err(NoticeFault::Unverified("wrong")), vec![]);
        mocks.reader.checkpoint();
        mocks
            .reader
            .expect_read()
            .withf(move |_, given, _, _| given.len() == secrets && given[0].reveal() == "whsec_new")
            .return_const(Err(NoticeFault::Unverified("wrong")));
        mocks.passes_to(now);
        receive(mocks).await.unwrap_err();
    }
}

#[tokio::test]
async fn what_is_not_verified_writes_nothing() {
    let (mocks, written) = mocks(Err(NoticeFault::Unverified("too old")), vec![]);
    let refused = receive(mocks).await.unwrap_err();
    assert!(matches!(
        refused,
        Failure::Refused(NoticeRefusal::Unverified("too old"))
    ));
    assert!(written.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_can_not_be_read_is_refused_and_logged() {
    let problem = NoticeProblem::new("data.amount is required").unwrap();
    let fault = NoticeFault::Unreadable {
        key: NoticeKey::new("evt_1").unwrap(),
        kind: None,
        problem: problem.clone(),
    };
    let (mocks, written) = mocks(Err(fault), vec![]);
    let refused = receive(mocks).await.unwrap_err();
    assert!(matches!(refused, Failure::Refused(NoticeRefusal::Unreadable(told)) if told == problem));
    let (_, notice) = written.lock().unwrap().remove(0);
    assert_eq!(
        (notice.outcome, notice.problem),
        (NoticeOutcome::Unreadable, Some(problem))
    );
}

#[tokio::test]
async fn what_tells_nothing_of_money_is_logged() {
    let (mocks, written) = mocks(Ok(read(None, "")), vec![]);
    assert_eq!(receive(mocks).await.unwrap(), Reception::Ignored);
    let (write, notice) = written.lock().unwrap().remove(0);
    assert_eq!((write, notice.outcome), (None, NoticeOutcome::Ignored));
    assert_eq!(notice.kind, NoticeType::new("some.type").ok());
}

#[tokio::test]
async fn a_payment_confirms_the_booking_that_it_names() {
    let (write, notice) = taken(paid(100), &appointment().id.to_string(), vec![]).await;
    let write = write.unwrap();
    assert_eq!(
        write.entries[0].target,
        Some(PaymentTarget::Appointment(appointment().id))
    );
    let Some(BilledBooking::Appointment(booked)) = write.booking else {
        panic!("the booking is in the same write");
    };
    assert_eq!(booked.status, AppointmentStatus::Confirmed);
    assert_eq!(
        (notice.outcome, notice.payment),
        (NoticeOutcome::Recorded, Some(write.entries[0].id))
    );
    assert_eq!(notice.amount, Some((money(100), "ILS".parse().unwrap())));
}

#[tokio::test]
async fn an_unknown_reference_needs_attention() {
    for reference in ["", "order 17", "507f1f77bcf86cd799439011"] {
        let (write, notice) = taken(paid(100), reference, vec![]).await;
        let entry = &write.unwrap().entries[0];
        assert_eq!(
            (entry.target, entry.attention),
            (None, Some(Attention::Unmatched))
        );
        assert_eq!(notice.reference, NoticeReference::new(reference).ok());
    }
}

#[tokio::test]
async fn what_is_known_is_only_logged() {
    let (write, notice) = taken(paid(100), "", vec![known(paid(100))]).await;
    assert_eq!((write, notice.outcome), (None, NoticeOutcome::Known));
    assert_eq!(notice.payment, Some(PaymentId::new(id(60))));
}

#[tokio::test]
async fn a_contradiction_leaves_the_ledger_and_needs_attention() {
    let (write, notice) = taken(paid(101), "", vec![known(paid(100))]).await;
    let entry = &write.unwrap().entries[0];
    assert_eq!(
        (entry.amount, entry.attention),
        (money(100), Some(Attention::Mismatch))
    );
    assert_eq!(notice.outcome, NoticeOutcome::Mismatch);
    assert_eq!(notice.amount, Some((money(101), "ILS".parse().unwrap())));
}

#[tokio::test]
async fn what_can_not_be_counted_is_kept_aside() {
    let dollars = ToldPayment {
        currency: "USD".parse().unwrap(),
        ..paid(100)
    };
    let booking = appointment().id.to_string();
    let foreign_refund = ToldPayment {
        currency: "USD".parse().unwrap(),
        ..refunded(50)
    };
    for (told, known, why) in [
        (dollars, vec![], Attention::Currency),
        (refunded(101), vec![known(paid(100))], Attention::Excess),
        (foreign_refund, vec![known(paid(100))], Attention::Currency),
    ] {
        let (write, notice) = taken(told, &booking, known).await;
        let write = write.unwrap();
        assert_eq!((write.entries.len(), write.booking), (1, None));
        let entry = &write.entries[0];
        assert_eq!(
            (entry.target, entry.payment, entry.attention),
            (None, None, Some(why))
        );
        assert_eq!(notice.outcome, NoticeOutcome::Recorded);
    }
}

#[tokio::test]
async fn a_notice_that_was_taken_is_told_so() {
    for told in [None, Some(paid(100))] {
        let (mut mocks, _) = mocks(Ok(read(told, "")), vec![]);
        mocks.payments.checkpoint();
        mocks.idempotency.checkpoint();
        mocks.payments.expect_by_facts().returning(|_, _| Ok(None));
        mocks
            .payments
            .expect_refunds_of()
            .returning(|_, _, _| Ok(Vec::new()));
        mocks
            .payments
            .expect_record()
            .returning(|_, _, _| Err(StoreError::Repeated.into()));
        mocks
            .idempotency
            .expect_write()
            .returning(|_| Err(StoreError::Repeated));
        assert_eq!(receive(mocks).await.unwrap(), Reception::Repeated);
    }
}

#[tokio::test]
async fn a_test_is_signed_with_the_newest_secret() {
    let (mut mocks, written) = mocks(Ok(read(None, "")), vec![]);
    mocks.sources.expect_by_id().returning(|_, _| Ok(Some(source())));
    mocks
        .reader
        .expect_sample()
        .withf(|_, secret, _, _| secret.reveal() == "whsec_new")
        .returning(|_, _, _, _| message());
    let notices = mocks.build().billing.notices;
    notices.test(&caller(), source().id).await.unwrap();
    assert_eq!(written.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn notices_are_kept_for_thirty_days() {
    let mut mocks = Mocks::at(KEPT_MILLIS + 5);
    mocks
        .notices
        .expect_sweep()
        .withf(|before, _| *before == at(5))
        .times(1)
        .returning(|_, _| Ok(3));
    mocks.build().billing.notices.sweep().await.unwrap();
}
