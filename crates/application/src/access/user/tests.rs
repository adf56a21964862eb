use super::*;
use crate::fixtures::{Mocks, account, at, caller, default_account, id, request};
use chatgrow_domain::{PasswordHash, Version};
use mockall::predicate::{always, eq};

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id${text}")).unwrap()
}

fn password(text: &str) -> PlainPassword {
    PlainPassword::chosen(text).unwrap()
}

/// An owner with a password.
fn dana() -> User {
    let email = EmailAddress::new("dana@example.com").unwrap();
    User {
        password: Some(hash("old")),
        ..User::new(UserId::new(id(5)), account(), email, Role::Owner, at(500))
    }
}

fn as_dana() -> Caller {
    Caller {
        actor: Actor::User(dana().id),
        ..caller()
    }
}

fn request_of_dana() -> Request<User> {
    Request {
        caller: as_dana(),
        ..request()
    }
}

fn with(user: User) -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks
        .users
        .expect_by_id()
        .with(eq(account()), eq(user.id))
        .returning(move |_, _| Ok(Some(user.clone())));
    mocks
}

fn ends_links(mocks: &mut Mocks) {
    mocks
        .links
        .expect_end()
        .with(eq(account()), eq(dana().id))
        .times(1)
        .returning(|_, _| Ok(()));
}

fn users(mocks: Mocks) -> Users {
    mocks.build().access.users
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, Failure<UserRefusal>>) -> UserRefusal {
    match outcome {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_account_is_set_up_as_long_as_it_has_no_user() {
    let mut mocks = Mocks::at(1000);
    mocks
        .accounts
        .expect_by_slug()
        .returning(|slug| Ok((*slug == AccountSlug::default()).then(default_account)));
    let mut known = vec![Vec::new(), vec![dana()]].into_iter();
    mocks
        .users
        .expect_all()
        .with(eq(account()))
        .returning(move |_| Ok(known.next().unwrap()));
    let digest = PlainToken::from_random([7; 32]).digest();
    let half_an_hour = at(1000 + 30 * 60_000);
    mocks
        .links
        .expect_insert()
        .withf(move |link| {
            (link.digest, link.account_id, link.user, link.expires_at)
                == (digest, account(), None, half_an_hour)
        })
        .times(1)
        .returning(|_| Ok(()));
    let users = users(mocks);
    let slug = AccountSlug::default();
    let token = users.set_up_link(&slug).await.unwrap().unwrap();
    assert_eq!(token.digest(), digest, "only the digest is stored");
    assert_eq!(users.set_up_link(&slug).await.unwrap(), None);
    let other = users.set_up_link(&AccountSlug::new("other").unwrap()).await;
    assert_eq!(refusal(other), UserRefusal::AccountNotFound);
}

#[tokio::test]
async fn an_invited_user_has_a_link_for_a_week() {
    let mut mocks = Mocks::at(1000);
    let email = EmailAddress::new("noa@example.com").unwrap();
    let invited = User::new(
        UserId::new(id(1)),
        account(),
        email.clone(),
        Role::Staff,
        at(1000),
    );
    mocks
        .users
        .expect_insert()
        .with(eq(invited.clone()), always())
        .times(1)
        .returning(|_, _| Ok(()));
    let user = invited.id;
    mocks
        .links
        .expect_insert()
        .withf(move |link| link.user == Some(user) && link.expires_at == at(1000 + 7 * 86_400_000))
        .times(1)
        .returning(|_| Ok(()));
    let outcome = users(mocks)
        .invite(&request_of_dana(), email, Role::Staff)
        .await
        .unwrap();
    assert_eq!(outcome.outcome, Outcome::Done(Effect::Created(invited)));
}

#[tokio::test]
async fn a_disabled_user_gets_no_link() {
    let disabled = User {
        disabled_at: Some(at(700)),
        ..dana()
    };
    let outcome = users(with(disabled)).reset(&as_dana(), dana().id).await;
    assert_eq!(refusal(outcome), UserRefusal::Disabled);
}

#[tokio::test]
async fn staff_manages_nobody() {
    let staff = Caller {
        scopes: Role::Staff.scopes(),
        ..as_dana()
    };
    let request = || Request {
        caller: staff.clone(),
        ..request()
    };
    let users = users(Mocks::at(1000));
    let (dana, email) = (dana().id, dana().email);
    let not_allowed = |outcome: Result<(), Failure<UserRefusal>>| {
        assert!(
            matches!(outcome, Err(Failure::NotAllowed(Scope::Full))),
            "{outcome:?}"
        );
    };
    not_allowed(users.list(&staff).await.map(drop));
    not_allowed(users.get(&staff, dana).await.map(drop));
    not_allowed(users.reset(&staff, dana).await.map(drop));
    not_allowed(users.invite(&request(), email, Role::Owner).await.map(drop));
    not_allowed(users.change_role(&request(), dana, Role::Owner).await.map(drop));
    not_allowed(users.disable(&request(), dana, false).await.map(drop));
}

#[tokio::test]
async fn who_is_disabled_loses_all_sessions() {
    let mut mocks = with(dana());
    let expected = dana().edited(with_disabled(true), at(1000));
    mocks
        .users
        .expect_update()
        .with(eq(expected.clone()), always())
        .times(1)
        .returning(|_, _| Ok(()));
    ends_links(&mut mocks);
    mocks
        .sessions
        .expect_end_others()
        .with(eq(account()), eq(dana().id), eq(None))
        .times(1)
        .returning(|_, _, _| Ok(()));
    let outcome = users(mocks)
        .disable(&request_of_dana(), dana().id, true)
        .await
        .unwrap();
    let Outcome::Done(effect) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(effect.resource(), &expected);
}

#[tokio::test]
async fn a_session_from_before_does_not_come_back() {
    let disabled = dana().edited(with_disabled(true), at(700));
    let mut mocks = with(disabled);
    ends_links(&mut mocks);
    let mut order = mockall::Sequence::new();
    mocks
        .sessions
        .expect_end_others()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _, _| Ok(()));
    mocks
        .users
        .expect_update()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| Ok(()));
    users(mocks)
        .disable(&request_of_dana(), dana().id, false)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_password_is_changed_by_those_who_know_it() {
    let session = SessionId::new(id(8));
    let with_passwords = || {
        let mut mocks = with(dana());
        mocks
            .passwords
            .expect_verify()
            .returning(|given, stored| Ok(given == password("the old one") && stored == Some(hash("old"))));
        mocks.passwords.expect_hash().returning(|_| Ok(hash("new")));
        mocks
    };
    let outcome = users(with_passwords())
        .change_password(
            &request_of_dana(),
            password("a wrong one"),
            password("the new one"),
            session,
        )
        .await;
    assert_eq!(refusal(outcome), UserRefusal::WrongPassword);

    let mut mocks = with_passwords();
    mocks
        .users
        .expect_update()
        .withf(|user, _| user.password == Some(hash("new")) && user.version == Version::FIRST.next())
        .times(1)
        .returning(|_, _| Ok(()));
    ends_links(&mut mocks);
    mocks
        .sessions
        .expect_end_others()
        .with(eq(account()), eq(dana().id), eq(Some(session)))
        .times(1)
        .returning(|_, _, _| Ok(()));
    users(mocks)
        .change_password(
            &request_of_dana(),
            password("the old one"),
            password("the new one"),
            session,
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_password_that_a_link_has_changed_stays() {
    let mut mocks = Mocks::at(1000);
    let changed = User {
        password: Some(hash("by the link")),
        ..dana()
    };
    let mut states = vec![dana(), changed].into_iter();
    mocks
        .users
        .expect_by_id()
        .returning(move |_, _| Ok(states.next()));
    mocks.passwords.expect_verify().returning(|_, _| Ok(true));
    mocks.passwords.expect_hash().returning(|_| Ok(hash("new")));
    let session = SessionId::new(id(8));
    let outcome = users(mocks)
        .change_password(
            &request_of_dana(),
            password("the old one"),
            password("the new one"),
            session,
        )
        .await;
    assert_eq!(refusal(outcome), UserRefusal::WrongPassword);
}

#[tokio::test]
async fn a_key_has_neither_password_nor_sessions() {
    let users = users(Mocks::at(1000));
    let outcome = users
        .change_password(
            &request(),
            password("the old one"),
            password("the new one"),
            SessionId::new(id(8)),
        )
        .await;
    assert_eq!(refusal(outcome), UserRefusal::NotFound);
    assert_eq!(refusal(users.sessions(&caller()).await), UserRefusal::NotFound);
    let outcome = users.choose_language(&request(), Language::Hebrew).await;
    assert_eq!(refusal(outcome), UserRefusal::NotFound);
}

#[tokio::test]
async fn the_operator_reaches_users_of_all_accounts() {
    let with_all = || {
        let mut mocks = Mocks::at(1000);
        mocks
            .accounts
            .expect_list()
            .returning(|| Ok(vec![default_account()]));
        mocks.users.expect_all().returning(|_| Ok(vec![dana()]));
        mocks
    };
    let mut mocks = with_all();
    mocks
        .links
        .expect_insert()
        .withf(|link| link.user == Some(dana().id) && link.expires_at == at(1000 + 86_400_000))
        .times(1)
        .returning(|_| Ok(()));
    users(mocks).reset_any(dana().id).await.unwrap();

    let mut mocks = with_all();
    mocks
        .users
        .expect_update()
        .returning(|_, _| Err(UserRefusal::LastOwner.into()));
    assert_eq!(
        refusal(users(mocks).disable_any(dana().id).await),
        UserRefusal::LastOwner
    );
    let nobody = users(with_all()).disable_any(UserId::new(id(6))).await;
    assert_eq!(refusal(nobody), UserRefusal::NotFound);
}
