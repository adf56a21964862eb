//! Cases for the schedules of accounts.

use crate::{
    at, customer_with_email, earliest, fresh_id, latest, new_account, new_customer, race,
    scheduling::resource::all_kinds_of_hours,
};
use chatgrow_domain::{
    AccountId, Duration, EmailAddress, Horizon, Notice, Schedule, ScheduleRefusal, ScheduleRules,
    TimeZoneName, Version,
};
use chatgrow_ports::{Commit, Failure, StoreError, Stores};

/// The next state of the schedule: with another time zone and step.
pub(crate) fn in_zone(schedule: &Schedule, zone: &str, step: i64) -> Schedule {
    let rules = ScheduleRules {
        time_zone: Some(TimeZoneName::new(zone).unwrap()),
        slot_step: Duration::from_minutes(step).unwrap(),
        ..schedule.rules.clone()
    };
    schedule.replaced(rules, at(1_763_893_900_000)).unwrap()
}

async fn replace(
    stores: &Stores,
    account: AccountId,
    schedule: &Schedule,
) -> Result<(), Failure<ScheduleRefusal>> {
    let schedules = &stores.scheduling.schedules;
    schedules.replace(account, schedule, Commit::default()).await
}

/// A schedule that was never replaced has no rules. One that was is read back unchanged: the longest values, and nothing
/// where nothing is.
pub async fn schedule_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let schedules = &stores.scheduling.schedules;
    let mut before = schedules.of(account).await.unwrap();
    assert_eq!(before, Schedule::untouched(account), "it was never changed");
    let full = |hours| ScheduleRules {
        time_zone: Some(TimeZoneName::new("Z".repeat(TimeZoneName::MAX_CHARS)).unwrap()),
        hours,
        min_notice: Some(Notice::from_minutes(Notice::MAX_MINUTES).unwrap()),
        horizon: Some(Horizon::from_days(Horizon::MAX_DAYS).unwrap()),
        slot_step: Duration::from_minutes(Duration::MAX_MINUTES).unwrap(),
    };
    let least = ScheduleRules {
        min_notice: Some(Notice::from_minutes(0).unwrap()),
        horizon: Some(Horizon::from_days(1).unwrap()),
        slot_step: Duration::from_minutes(1).unwrap(),
        ..full(chatgrow_domain::Hours::default())
    };
    let all = all_kinds_of_hours().into_iter().map(full);
    for (turn, rules) in all.chain([ScheduleRules::default(), least]).enumerate() {
        let now = if turn.is_multiple_of(2) {
            earliest()
        } else {
            latest()
        };
        let next = before.replaced(rules, now).unwrap();
        replace(stores, account, &next).await.unwrap();
        assert_eq!(
            schedules.of(account).await.unwrap(),
            next,
            "what was written is read back as it was"
        );
        before = next;
    }
}

/// A replacement replaces only the version before it, the first too.
pub async fn schedule_is_replaced_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let schedules = &stores.scheduling.schedules;
    let first = Schedule::untouched(account);
    let second = in_zone(&first, "Asia/Jerusalem", 10);
    let third = in_zone(&second, "Europe/Paris", 20);
    let refused = async |stale: &Schedule| {
        let outcome = replace(stores, account, stale).await;
        assert_refused!(
            outcome,
            Failure::Refused(ScheduleRefusal::VersionMismatch),
            "version {} is not the one after the stored one",
            stale.version.get()
        );
    };
    let again = Schedule {
        updated_at: Some(at(1)),
        ..first.clone()
    };
    for stale in [&first, &again, &third] {
        refused(stale).await;
        let kept = schedules.of(account).await.unwrap();
        assert_eq!(kept, first, "a refused replacement changes nothing");
    }
    replace(stores, account, &second).await.unwrap();
    for stale in [
        &again,
        &second,
        &in_zone(&first, "Europe/Rome", 30),
        &in_zone(&third, "Europe/Rome", 30),
    ] {
        refused(stale).await;
    }
    replace(stores, account, &third).await.unwrap();
    refused(&second).await;
    refused(&third).await;
    assert_eq!(schedules.of(account).await.unwrap(), third);
    assert_eq!(third.version, Version::new(3).unwrap());
}

/// Of many concurrent replacements of one version exactly one succeeds, whether or not there was one before.
pub async fn schedule_replacements_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut before = Schedule::untouched(account);
    for round in 0..3 {
        let outcomes = race(servers, |racer, stores| {
            let step = 1 + round * 100 + i64::try_from(racer).unwrap();
            let next = in_zone(&before, "Asia/Jerusalem", step);
            async move { replace(&stores, account, &next).await.map(|()| next) }
        })
        .await;
        assert_winners!(outcomes, 1, Failure::Refused(ScheduleRefusal::VersionMismatch));
        before = outcomes.into_iter().find_map(Result::ok).unwrap();
        assert_eq!(
            stores.scheduling.schedules.of(account).await.unwrap(),
            before,
            "the winner's state is kept, and nothing else"
        );
    }
}

/// No method sees or changes another account's schedule or customers.
pub async fn schedules_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let why = "no account sees or changes what another one has";
    let mine = in_zone(&Schedule::untouched(account), "Asia/Jerusalem", 10);
    replace(stores, account, &mine).await.unwrap();
    let schedules = &stores.scheduling.schedules;
    assert_eq!(
        schedules.of(other).await.unwrap(),
        Schedule::untouched(other),
        "{why}"
    );
    let theirs = in_zone(&Schedule::untouched(other), "Europe/Paris", 20);
    replace(stores, other, &theirs).await.unwrap();
    let customer = new_customer(stores, account).await;
    let email = customer.email.key();
    for (account, schedule, customer) in [(account, mine, Some(customer)), (other, theirs, None)] {
        assert_eq!(schedules.of(account).await.unwrap(), schedule, "{why}");
        let both = schedules.with_customer(account, &email).await.unwrap();
        assert_eq!(both, (schedule, customer), "{why}");
    }
    let nobody = AccountId::new(fresh_id());
    let untouched = Schedule::untouched(nobody);
    assert_eq!(schedules.of(nobody).await.unwrap(), untouched);
    let both = schedules.with_customer(nobody, &email).await.unwrap();
    assert_eq!(both, (untouched.clone(), None), "{why}");
    let outcome = replace(stores, nobody, &in_zone(&untouched, "Asia/Jerusalem", 10)).await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "there is no such account, which is a defect of the caller"
    );
}

/// The schedule comes with the customer, each of them whether or not the other is there.
pub async fn schedule_comes_with_the_customer(stores: &Stores) {
    let account = new_account(stores).await;
    let schedules = &stores.scheduling.schedules;
    let untouched = Schedule::untouched(account);
    let dana = customer_with_email("Dana@example.com");
    let email = |text: &str| EmailAddress::new(text).unwrap().key();
    let both = async |text| schedules.with_customer(account, &email(text)).await.unwrap();
    assert_eq!(both("dana@example.com").await, (untouched.clone(), None));
    let insert = stores.crm.customers.insert(account, &dana, Commit::default());
    insert.await.unwrap();
    new_customer(stores, account).await;
    assert_eq!(
        both("DANA@example.com").await,
        (untouched.clone(), Some(dana.clone()))
    );
    let touched = in_zone(&untouched, "Asia/Jerusalem", 10);
    replace(stores, account, &touched).await.unwrap();
    assert_eq!(both("dana@example.com").await, (touched.clone(), Some(dana)));
    assert_eq!(both("nobody@example.com").await, (touched, None));
}
