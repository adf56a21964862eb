use super::*;
use crate::fixtures::{Mocks, account, at, default_account, id};
use chatgrow_domain::{ChangeType, PasswordHash, ScheduleRefusal, Scopes, Version};
use mockall::predicate::{always, eq};

mod links;

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id${text}")).unwrap()
}

fn password(text: &str) -> PlainPassword {
    PlainPassword::chosen(text).unwrap()
}

fn email() -> EmailAddress {
    EmailAddress::new("dana@example.com").unwrap()
}

fn dana() -> User {
    User {
        password: Some(hash("long enough")),
        ..User::new(UserId::new(id(5)), account(), email(), Role::Staff, at(500))
    }
}

fn token() -> PlainToken {
    PlainToken::from_random([3; 32])
}

/// Passwords whose hashes can be read.
fn with_passwords() -> Mocks {
    let mut mocks = Mocks::at(1000);
    mocks
        .passwords
        .expect_verify()
        .returning(|given, stored| Ok(stored == Some(hash(given.reveal()))));
    mocks
        .passwords
        .expect_hash()
        .returning(|given| Ok(hash(given.reveal())));
    mocks
}

fn with_link(user: Option<UserId>, expiry: i64) -> Mocks {
    let mut mocks = with_passwords();
    mocks
        .links
        .expect_by_digest()
        .with(eq(token().digest()))
        .returning(move |digest| {
            Ok(Some(Link {
                digest: *digest,
                account_id: account(),
                user,
                expires_at: at(expiry),
            }))
        });
    mocks
}

/// What the store has of the user after the session was written.
fn is_there(mocks: &mut Mocks, user: User) {
    mocks
        .users
        .expect_by_id()
        .returning(move |_, _| Ok(Some(user.clone())));
}

fn the_owner() -> User {
    User {
        password: Some(hash("long enough")),
        ..User::new(UserId::new(id(1)), account(), email(), Role::Owner, at(1000))
    }
}

fn begins_session(mocks: &mut Mocks, user: UserId) {
    let digest = PlainToken::from_random([7; 32]).digest();
    mocks
        .sessions
        .expect_insert()
        .withf(move |session| {
            (session.digest, session.user, session.account_id) == (digest, user, account())
                && session.used_at == at(1000)
        })
        .times(1)
        .returning(|_| Ok(()));
}

fn sign_in(mocks: Mocks) -> SignIn {
    mocks.build().access.sign_in
}

fn set_up() -> SetUp {
    SetUp {
        email: email(),
        password: password("long enough"),
        language: Language::Hebrew,
        business: AccountName::new("Studio Dana").unwrap(),
        time_zone: TimeZoneName::new("asia/jerusalem").unwrap(),
    }
}

async fn outcome(users: Vec<User>, given: &str) -> SignInOutcome {
    let mut mocks = with_passwords();
    mocks
        .users
        .expect_by_email()
        .returning(move |_| Ok(users.clone()));
    mocks.accounts.expect_list().returning(|| {
        Ok(vec![
            default_account(),
            Account {
                id: AccountId::new(id(101)),
                ..default_account()
            },
            Account {
                id: AccountId::new(id(102)),
                ..default_account()
            },
        ])
    });
    mocks.sessions.expect_insert().returning(|_| Ok(()));
    is_there(&mut mocks, dana());
    sign_in(mocks)
        .sign_in(&email().key(), password(given), None)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_password_signs_in() {
    let right = outcome(vec![dana()], "long enough").await;
    assert!(matches!(right, SignInOutcome::SignedIn(signed_in) if signed_in.user == dana()));
    let wrong = outcome(vec![dana()], "a wrong one").await;
    assert!(matches!(wrong, SignInOutcome::Refused), "{wrong:?}");
    let disabled = User {
        disabled_at: Some(at(900)),
        ..dana()
    };
    let refused = outcome(vec![disabled], "long enough").await;
    assert!(matches!(refused, SignInOutcome::Refused), "{refused:?}");
}

#[tokio::test]
async fn a_password_that_changes_meanwhile_signs_nobody_in() {
    let changed = User {
        password: Some(hash("another one")),
        ..dana()
    };
    let disabled = User {
        disabled_at: Some(at(900)),
        ..dana()
    };
    for present in [changed, disabled] {
        let mut mocks = with_passwords();
        mocks.users.expect_by_email().returning(|_| Ok(vec![dana()]));
        begins_session(&mut mocks, dana().id);
        is_there(&mut mocks, present);
        mocks
            .sessions
            .expect_end()
            .with(eq(account()), eq(dana().id), eq(SessionId::new(id(1))))
            .times(1)
            .returning(|_, _, _| Ok(true));
        let refused = sign_in(mocks)
            .sign_in(&email().key(), password("long enough"), None)
            .await
            .unwrap();
        assert!(matches!(refused, SignInOutcome::Refused), "{refused:?}");
    }
}

#[tokio::test]
async fn an_unknown_address_takes_one_comparison_too() {
    let mut mocks = Mocks::at(1000);
    mocks.users.expect_by_email().returning(|_| Ok(Vec::new()));
    mocks
        .passwords
        .expect_verify()
        .withf(|_, stored| stored.is_none())
        .times(1)
        .returning(|_, _| Ok(false));
    let refused = sign_in(mocks)
        .sign_in(&email().key(), password("long enough"), None)
        .await
        .unwrap();
    assert!(matches!(refused, SignInOutcome::Refused), "{refused:?}");
}

#[tokio::test]
async fn only_those_who_know_the_password_are_asked_for_the_account() {
    let elsewhere = User {
        account_id: AccountId::new(id(101)),
        ..dana()
    };
    let with_another = User {
        account_id: AccountId::new(id(102)),
        password: Some(hash("another one")),
        ..dana()
    };
    let users = vec![dana(), elsewhere, with_another];
    let asked = outcome(users.clone(), "long enough").await;
    let SignInOutcome::WhichAccount(accounts) = asked else {
        panic!("{asked:?}")
    };
    let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
    assert_eq!(ids, [account(), AccountId::new(id(101))]);
    let refused = outcome(users.clone(), "a wrong one").await;
    assert!(matches!(refused, SignInOutcome::Refused), "{refused:?}");

    let mut mocks = with_passwords();
    mocks
        .users
        .expect_by_email()
        .returning(move |_| Ok(users.clone()));
    mocks
        .accounts
        .expect_by_slug()
        .returning(|_| Ok(Some(default_account())));
    begins_session(&mut mocks, dana().id);
    is_there(&mut mocks, dana());
    let named = sign_in(mocks)
        .sign_in(
            &email().key(),
            password("long enough"),
            Some(&AccountSlug::default()),
        )
        .await
        .unwrap();
    assert!(matches!(named, SignInOutcome::SignedIn(_)), "{named:?}");
}

fn with_session(user: User, used_at: i64) -> Mocks {
    let mut mocks = Mocks::at(Session::LIFETIME_MILLIS);
    mocks.sessions.expect_by_digest().returning(move |digest| {
        let session = Session {
            id: SessionId::new(id(8)),
            account_id: account(),
            user: user.id,
            digest: *digest,
            created_at: at(0),
            used_at: at(used_at),
        };
        Ok(Some((session, user.clone())))
    });
    mocks
}

async fn visitor(mocks: Mocks) -> Option<Visitor> {
    let request = RequestId::new("request");
    sign_in(mocks).authenticate(&token(), &request).await.unwrap()
}

#[tokio::test]
async fn a_session_tells_the_caller() {
    let fresh = Session::LIFETIME_MILLIS - USE_MILLIS;
    let visitor = visitor(with_session(dana(), fresh)).await.unwrap();
    assert_eq!(visitor.caller.actor, Actor::User(dana().id));
    assert_eq!(visitor.caller.account, account());
    assert_eq!(visitor.caller.scopes, Role::Staff.scopes());
    assert_ne!(visitor.caller.scopes, Scopes::FULL);
}

#[tokio::test]
async fn a_use_prolongs_a_session_even_if_it_can_not_be_written() {
    let mut mocks = with_session(dana(), 1);
    mocks
        .sessions
        .expect_record_use()
        .times(1)
        .returning(|_, _, _| Err(StoreError::unavailable("the disk is full")));
    assert!(visitor(mocks).await.is_some());
}

#[tokio::test]
async fn neither_an_old_session_nor_that_of_a_disabled_user_counts() {
    assert!(visitor(with_session(dana(), 0)).await.is_none());
    let disabled = User {
        disabled_at: Some(at(900)),
        ..dana()
    };
    let recently = Session::LIFETIME_MILLIS - 1;
    assert!(visitor(with_session(disabled, recently)).await.is_none());
}

#[tokio::test]
async fn sweeping_goes_on_until_nothing_is_left() {
    let mut mocks = Mocks::at(Session::LIFETIME_MILLIS + 5);
    let mut links = [SWEEP as usize, 3].into_iter();
    mocks
        .links
        .expect_sweep_links()
        .times(2)
        .returning(move |_, _| Ok(links.next().unwrap()));
    mocks
        .sessions
        .expect_sweep_sessions()
        .with(eq(at(5)), eq(SWEEP))
        .times(1)
        .returning(|_, _| Ok(0));
    sign_in(mocks).sweep().await.unwrap();
}
