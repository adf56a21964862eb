//! Tests of hours, notice and horizon, which a caller may override, and of the guard, which nobody does.

use super::*;
use chatgrow_domain::{Hours, ScheduleRules, Suggestions};

/// The schedule of an account that is closed, and takes bookings between one and two days ahead.
fn strict() -> Schedule {
    let mut schedule = closed(account());
    schedule.rules.time_zone = Some(chatgrow_domain::TimeZoneName::new("Asia/Jerusalem").unwrap());
    schedule.rules.min_notice = Some(chatgrow_domain::Notice::from_minutes(60).unwrap());
    schedule.rules.horizon = Some(chatgrow_domain::Horizon::from_days(1).unwrap());
    schedule
}

#[tokio::test]
async fn hours_notice_and_horizon_count_unless_they_are_overridden() {
    for (hours_from_now, rule) in [
        (0, BrokenRule::TooSoon),
        (2, BrokenRule::Closed),
        (48, BrokenRule::TooFar),
    ] {
        // The clock shows two hours after the instant 0.
        let wish = |policies| Wish {
            start: LocalMinute::from_minutes((2 + hours_from_now) * 60).unwrap(),
            policies,
            ..wish()
        };
        let mut mocks = with_schedule(strict(), Some(customer()));
        mocks.occupancies.expect_busy().returning(|_, _, _, _| Ok(vec![]));
        let kept = ordered(mocks, order_of(wish(Policies::Kept))).await;
        assert_eq!(not_free(kept.unwrap_err()).rule, rule);

        let mut mocks = with_schedule(strict(), Some(customer()));
        books(&mut mocks, &[]);
        let overridden = ordered(mocks, order_of(wish(Policies::Overridden))).await;
        assert!(overridden.is_ok());
    }
}

/// If a start is far past the horizon, the last permitted start is suggested. If it is far too soon, the first permitted
/// starts are.
#[tokio::test]
async fn what_is_far_beyond_notice_or_horizon_gets_the_nearest_starts() {
    let minute = |minutes| LocalMinute::from_minutes(minutes).unwrap();
    // The clock shows just after 02:00, and what is permitted lies between one hour and one day later.
    let (next, last) = (vec![minute(195), minute(210), minute(225)], minute(1440 + 120));
    let horizon = strict().rules.horizon;
    for (days, horizon, rule, next_free, previous_free) in [
        (-400, horizon, BrokenRule::TooSoon, next.clone(), None),
        (-400, None, BrokenRule::TooSoon, next, None),
        (400, horizon, BrokenRule::TooFar, vec![], Some(last)),
    ] {
        let mut schedule = Schedule::untouched(account());
        schedule.rules = ScheduleRules {
            hours: Hours::default(),
            horizon,
            ..strict().rules
        };
        let mut mocks = with_schedule(schedule, Some(customer()));
        mocks.occupancies.expect_busy().returning(|_, _, _, _| Ok(vec![]));
        let wish = Wish {
            start: minute(days * 1440),
            ..wish()
        };
        let why = not_free(ordered(mocks, order_of(wish)).await.unwrap_err());
        assert_eq!(why.rule, rule);
        let expected = Suggestions {
            next_free,
            previous_free,
        };
        assert_eq!(why.suggestions, expected);
    }
}

#[tokio::test]
async fn what_is_busy_is_never_overridden() {
    let mut mocks = serving();
    mocks
        .occupancies
        .expect_busy()
        .returning(|_, _, _, _| Ok(vec![taken(1, 0), taken(3, 0)]));
    mocks
        .occupancies
        .expect_in_the_way()
        .returning(|_, _, _, _| Ok(None));
    let wish = Wish {
        policies: Policies::Overridden,
        ..wish_of_service()
    };
    let why = not_free(ordered(mocks, order_of(wish)).await.unwrap_err());
    assert_eq!(why.rule, BrokenRule::Busy);
}
