//! Following links.

use super::*;

#[tokio::test]
async fn a_link_makes_an_owner_and_names_the_business() {
    let mut mocks = with_link(None, 1001);
    mocks
        .links
        .expect_follow()
        .withf(|link, owner, now, commit| {
            link.user.is_none()
                && owner.is_active_owner()
                && owner.language == Some(Language::Hebrew)
                && owner.version == Version::FIRST
                && *now == at(1000)
                && commit.changes[0].kind == ChangeType::UserCreated
                && commit.changes[0].actor == Actor::User(owner.id)
        })
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    mocks
        .accounts
        .expect_by_id()
        .returning(|_| Ok(Some(default_account())));
    mocks
        .accounts
        .expect_rename()
        .with(eq(account()), eq(set_up().business), always())
        .times(1)
        .returning(|_, _, _| Ok(true));
    mocks
        .schedules
        .expect_of()
        .returning(|account| Ok(Schedule::untouched(account)));
    // Another change may be faster; the business then has its zone from there, or chooses it in the settings.
    mocks
        .schedules
        .expect_replace()
        .withf(|_, schedule, _| {
            schedule.rules.time_zone == Some(TimeZoneName::new("Asia/Jerusalem").unwrap())
        })
        .times(1)
        .returning(|_, _, _| Err(ScheduleRefusal::VersionMismatch.into()));
    begins_session(&mut mocks, UserId::new(id(1)));
    is_there(&mut mocks, the_owner());
    let signed_in = sign_in(mocks).set_up(&token(), set_up()).await.unwrap();
    assert_eq!(signed_in.user.email, email());
}

#[tokio::test]
async fn a_zone_that_is_there_stays() {
    let mut mocks = with_link(None, 1001);
    mocks.links.expect_follow().returning(|_, _, _, _| Ok(()));
    // It has the name already.
    let named = Account {
        name: set_up().business,
        ..default_account()
    };
    mocks
        .accounts
        .expect_by_id()
        .returning(move |_| Ok(Some(named.clone())));
    mocks.schedules.expect_of().returning(|account| {
        let mut schedule = Schedule::untouched(account);
        schedule.rules.time_zone = TimeZoneName::new("Europe/Paris").ok();
        Ok(schedule)
    });
    begins_session(&mut mocks, UserId::new(id(1)));
    is_there(&mut mocks, the_owner());
    sign_in(mocks).set_up(&token(), set_up()).await.unwrap();
}

#[tokio::test]
async fn a_link_that_can_not_be_followed_changes_nothing() {
    let gone = |outcome: Result<SignedIn, Failure<LinkRefusal>>| {
        assert!(
            matches!(outcome, Err(Failure::Refused(LinkRefusal::Gone))),
            "{outcome:?}"
        );
    };
    // Expired; of the other kind; of a disabled user; used by another a moment ago.
    gone(sign_in(with_link(None, 1000)).set_up(&token(), set_up()).await);
    gone(
        sign_in(with_link(Some(dana().id), 1001))
            .set_up(&token(), set_up())
            .await,
    );
    let chosen = || password("another one");
    let hebrew = Language::Hebrew;
    gone(
        sign_in(with_link(None, 1001))
            .choose_password(&token(), chosen(), hebrew)
            .await,
    );
    let mut mocks = with_link(Some(dana().id), 1001);
    mocks.users.expect_by_id().returning(|_, _| {
        Ok(Some(User {
            disabled_at: Some(at(900)),
            ..dana()
        }))
    });
    gone(sign_in(mocks).choose_password(&token(), chosen(), hebrew).await);
    let mut mocks = with_link(Some(dana().id), 1001);
    mocks.users.expect_by_id().returning(|_, _| Ok(Some(dana())));
    mocks
        .links
        .expect_follow()
        .returning(|_, _, _, _| Err(LinkRefusal::Gone.into()));
    gone(sign_in(mocks).choose_password(&token(), chosen(), hebrew).await);

    let nowhere = SetUp {
        time_zone: TimeZoneName::new("Mars/Olympus").unwrap(),
        ..set_up()
    };
    let outcome = sign_in(with_link(None, 1001)).set_up(&token(), nowhere).await;
    assert!(matches!(
        outcome,
        Err(Failure::Refused(LinkRefusal::UnknownTimeZone))
    ));
}

#[tokio::test]
async fn a_link_chooses_a_password() {
    let mut mocks = with_link(Some(dana().id), 1001);
    let with_another = User {
        password: Some(hash("another one")),
        ..dana()
    };
    let mut states = vec![dana(), with_another].into_iter();
    mocks
        .users
        .expect_by_id()
        .returning(move |_, _| Ok(states.next()));
    mocks
        .links
        .expect_follow()
        .withf(|_, user, _, _| {
            user.password == Some(hash("another one")) && user.version == Version::FIRST.next()
        })
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    begins_session(&mut mocks, dana().id);
    sign_in(mocks)
        .choose_password(&token(), password("another one"), Language::English)
        .await
        .unwrap();
}
