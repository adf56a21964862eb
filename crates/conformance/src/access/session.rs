//! Cases for sessions and links.

use super::user::{disabled, hash, in_language, owner, put, user};
use crate::{at, earliest, fresh_id, latest, new_account, race};
use chatgrow_domain::{
    AccountId, Language, Link, LinkRefusal, PlainToken, Session, SessionId, TokenDigest, User, UserEdit,
    UserId,
};
use chatgrow_ports::{Commit, Failure, StoreError, Stores};
use std::sync::atomic::{AtomicU64, Ordering};

/// A digest that no other case has.
fn fresh_digest() -> TokenDigest {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    PlainToken::from_random(bytes).digest()
}

pub(crate) fn session(user: &User) -> Session {
    Session {
        id: SessionId::new(fresh_id()),
        account_id: user.account_id,
        user: user.id,
        digest: fresh_digest(),
        created_at: at(1000),
        used_at: at(2000),
    }
}

async fn new_session(stores: &Stores, user: &User) -> Session {
    let session = session(user);
    stores.access.sessions.insert(&session).await.unwrap();
    session
}

async fn of_user(stores: &Stores, user: &User) -> Vec<Session> {
    stores
        .access
        .sessions
        .of_user(user.account_id, user.id)
        .await
        .unwrap()
}

/// A link to choose a password or, without a user, to set the account up.
pub(crate) fn link(account: AccountId, user: Option<UserId>) -> Link {
    Link {
        digest: fresh_digest(),
        account_id: account,
        user,
        expires_at: at(5000),
    }
}

async fn new_link(stores: &Stores, account: AccountId, user: Option<UserId>) -> Link {
    let link = link(account, user);
    stores.access.links.insert(&link).await.unwrap();
    link
}

async fn follow(stores: &Stores, link: &Link, user: &User, now: i64) -> Result<(), Failure<LinkRefusal>> {
    let links = &stores.access.links;
    links.follow(link, user, at(now), Commit::default()).await
}

/// The next state of the user, who has chosen a password.
pub(crate) fn with_password(user: &User) -> User {
    let edit = UserEdit {
        password: Some(hash()),
        disabled: Some(false),
        ..UserEdit::default()
    };
    user.edited(edit, at(4000))
}

async fn is_there(stores: &Stores, link: &Link) -> bool {
    stores
        .access
        .links
        .by_digest(&link.digest)
        .await
        .unwrap()
        .is_some()
}

/// A session is read back unchanged, with its user as it is now.
pub async fn session_round_trips_with_its_user(stores: &Stores) {
    let dana = put(stores, user(new_account(stores).await, "dana@example.com")).await;
    let longest = Session {
        created_at: earliest(),
        used_at: latest(),
        ..session(&dana)
    };
    let sessions = &stores.access.sessions;
    sessions.insert(&longest).await.unwrap();
    let found = sessions.by_digest(&longest.digest).await.unwrap();
    assert_eq!(
        found,
        Some((longest.clone(), dana.clone())),
        "what was written is read back"
    );
    let disabled = disabled(&dana);
    stores
        .access
        .users
        .update(&disabled, Commit::default())
        .await
        .unwrap();
    let found = sessions.by_digest(&longest.digest).await.unwrap();
    assert_eq!(found, Some((longest, disabled)), "the user is shown as it is now");
    assert_eq!(sessions.by_digest(&fresh_digest()).await.unwrap(), None);
    let stranger = user(dana.account_id, "stranger@example.com");
    assert_refused!(
        sessions.insert(&session(&stranger)).await,
        StoreError::Failed(_),
        "there is no such user, which is a defect of the caller"
    );
}

/// The last use is the latest one, even if uses are recorded late and out of order.
pub async fn session_use_never_moves_back(stores: &Stores) {
    let account = new_account(stores).await;
    let dana = put(stores, user(account, "dana@example.com")).await;
    let session = new_session(stores, &dana).await;
    let sessions = &stores.access.sessions;
    let other = new_account(stores).await;
    for (account, millis) in [(account, 3000), (account, 1500), (account, 2500), (other, 9000)] {
        sessions
            .record_use(account, session.id, at(millis))
            .await
            .unwrap();
    }
    sessions
        .record_use(account, SessionId::new(fresh_id()), at(9000))
        .await
        .unwrap();
    let expected = Session {
        used_at: at(3000),
        ..session
    };
    assert_eq!(of_user(stores, &dana).await, [expected]);
}

/// A user's sessions are listed by creation, and ended one by one or all but one. Nobody else's are.
pub async fn sessions_are_listed_and_ended(stores: &Stores) {
    let account = new_account(stores).await;
    let dana = put(stores, user(account, "dana@example.com")).await;
    let noa = put(stores, user(account, "noa@example.com")).await;
    let theirs = new_session(stores, &noa).await;
    let sessions = &stores.access.sessions;
    let mut mine = Vec::new();
    for created_at in [30, 20, 10, 20] {
        let session = Session {
            created_at: at(created_at),
            ..session(&dana)
        };
        sessions.insert(&session).await.unwrap();
        mine.push(session);
    }
    mine.sort_by_key(|session| (session.created_at, session.id));
    assert_eq!(of_user(stores, &dana).await, mine, "by creation, then by id");

    assert!(
        !sessions.end(account, dana.id, theirs.id).await.unwrap(),
        "it is another user's"
    );
    let other = new_account(stores).await;
    assert!(
        !sessions.end(other, dana.id, mine[0].id).await.unwrap(),
        "it is another account's"
    );
    assert!(sessions.end(account, dana.id, mine[0].id).await.unwrap());
    assert!(
        !sessions.end(account, dana.id, mine[0].id).await.unwrap(),
        "it has ended"
    );
    assert_eq!(of_user(stores, &dana).await, mine[1..]);
    sessions
        .end_others(account, dana.id, Some(mine[2].id))
        .await
        .unwrap();
    assert_eq!(of_user(stores, &dana).await, mine[2..3]);
    sessions.end_others(account, dana.id, None).await.unwrap();
    assert_eq!(of_user(stores, &dana).await, []);
    assert_eq!(
        of_user(stores, &noa).await,
        [theirs],
        "nobody else's sessions end"
    );
}

/// Sessions that were not used for long are deleted, those first that were not used for longest.
pub async fn sessions_are_swept(stores: &Stores) {
    let dana = put(stores, user(new_account(stores).await, "dana@example.com")).await;
    let sessions = &stores.access.sessions;
    // Nothing else in any account is as old.
    let old = |millis: i64| at(earliest().as_millis() + millis);
    let mut all = Vec::new();
    for used_at in [old(3), old(1), old(2), old(4)] {
        let session = Session {
            used_at,
            created_at: used_at,
            ..session(&dana)
        };
        sessions.insert(&session).await.unwrap();
        all.push(session);
    }
    all.sort_by_key(|session| session.used_at);
    assert_eq!(sessions.sweep_sessions(old(3), 2).await.unwrap(), 2);
    assert_eq!(of_user(stores, &dana).await, all[2..]);
    assert_eq!(sessions.sweep_sessions(old(3), 2).await.unwrap(), 1);
    assert_eq!(sessions.sweep_sessions(old(3), 2).await.unwrap(), 0);
    assert_eq!(of_user(stores, &dana).await, all[3..]);
}

/// A link without a user adds the first user of its account, once, before it expires.
pub async fn a_link_sets_an_account_up_once(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let (first, second) = (
        new_link(stores, account, None).await,
        new_link(stores, account, None).await,
    );
    let theirs = new_link(stores, other, None).await;
    let links = &stores.access.links;
    assert_eq!(
        links.by_digest(&first.digest).await.unwrap(),
        Some(first.clone()),
        "read back as written"
    );
    let dana = owner(account, "dana@example.com");
    let unknown = link(account, None);
    for (link, now) in [(&unknown, 1000), (&first, 5000)] {
        assert_refused!(
            follow(stores, link, &dana, now).await,
            Failure::Refused(LinkRefusal::Gone),
            "it is unknown, or has expired"
        );
    }
    assert!(is_there(stores, &first).await, "a refused call writes nothing");
    follow(stores, &first, &dana, 4999).await.unwrap();
    assert_eq!(stores.access.users.all(account).await.unwrap(), [dana]);
    assert!(
        !is_there(stores, &first).await && !is_there(stores, &second).await,
        "one use ends all"
    );
    assert!(is_there(stores, &theirs).await, "another account's stays");
    let late = new_link(stores, account, None).await;
    assert_refused!(
        follow(stores, &late, &owner(account, "noa@example.com"), 1000).await,
        Failure::Refused(LinkRefusal::Gone),
        "the account has a user"
    );
    assert!(is_there(stores, &late).await, "a refused call writes nothing");
}

/// A link of a user changes the user, once, and ends its sessions and its other links.
pub async fn a_link_chooses_a_password_once(stores: &Stores) {
    let account = new_account(stores).await;
    let dana = put(stores, user(account, "dana@example.com")).await;
    let noa = put(stores, user(account, "noa@example.com")).await;
    let theirs = (
        new_session(stores, &noa).await,
        new_link(stores, account, Some(noa.id)).await,
    );
    new_session(stores, &dana).await;
    let first = new_link(stores, account, Some(dana.id)).await;
    let second = new_link(stores, account, Some(dana.id)).await;
    let links = &stores.access.links;
    let chosen = with_password(&dana);
    assert_refused!(
        follow(stores, &first, &with_password(&disabled(&dana)), 1000).await,
        Failure::Refused(LinkRefusal::Gone),
        "the user is not in that version"
    );
    assert_refused!(
        follow(stores, &first, &chosen, 5000).await,
        Failure::Refused(LinkRefusal::Gone),
        "it has expired"
    );
    follow(stores, &first, &chosen, 4999).await.unwrap();
    assert_eq!(
        stores.access.users.by_id(account, dana.id).await.unwrap(),
        Some(chosen.clone())
    );
    assert!(
        !is_there(stores, &first).await && !is_there(stores, &second).await,
        "one use ends all"
    );
    assert_eq!(of_user(stores, &dana).await, [], "the sessions end");
    assert_eq!(of_user(stores, &noa).await, [theirs.0], "nobody else's do");
    assert!(is_there(stores, &theirs.1).await);
    assert_refused!(
        follow(stores, &first, &in_language(&chosen, Language::Hebrew), 1000).await,
        Failure::Refused(LinkRefusal::Gone),
        "it was used"
    );
    let stranger = link(account, Some(UserId::new(fresh_id())));
    assert_refused!(
        links.insert(&stranger).await,
        StoreError::Failed(_),
        "there is no such user, which is a defect of the caller"
    );
}

/// The links of one user end, and no others.
pub async fn links_of_a_user_end(stores: &Stores) {
    let account = new_account(stores).await;
    let dana = put(stores, user(account, "dana@example.com")).await;
    let noa = put(stores, user(account, "noa@example.com")).await;
    let own = [
        new_link(stores, account, Some(dana.id)).await,
        new_link(stores, account, Some(dana.id)).await,
    ];
    let others = [
        new_link(stores, account, Some(noa.id)).await,
        new_link(stores, account, None).await,
    ];
    for times in 1..=2 {
        stores.access.links.end(account, dana.id).await.unwrap();
        for link in &own {
            assert!(!is_there(stores, link).await, "it has ended, {times}");
        }
        for link in &others {
            assert!(is_there(stores, link).await, "it is another user's, or nobody's");
        }
    }
}

/// Links that have expired are deleted, those first that expired first.
pub async fn links_are_swept(stores: &Stores) {
    let account = new_account(stores).await;
    let old = |millis: i64| at(earliest().as_millis() + millis);
    let mut all = Vec::new();
    for expires_at in [old(3), old(1), old(2), old(4)] {
        let link = Link {
            expires_at,
            ..link(account, None)
        };
        stores.access.links.insert(&link).await.unwrap();
        all.push(link);
    }
    all.sort_by_key(|link| link.expires_at);
    for (swept, left) in [(2, 2), (1, 1), (0, 1)] {
        assert_eq!(stores.access.links.sweep_links(old(3), 2).await.unwrap(), swept);
        for (nth, link) in all.iter().enumerate() {
            assert_eq!(is_there(stores, link).await, nth >= 4 - left, "{nth}");
        }
    }
}

/// Of many links that set one account up, followed at once, one makes the owner.
pub async fn set_ups_race_to_one_owner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut links = Vec::new();
    for _ in 0..64 {
        links.push(new_link(stores, account, None).await);
    }
    let outcomes = race(servers, |racer, stores| {
        // Some follow one link twice.
        let link = links[racer / 2].clone();
        let owner = owner(account, &format!("owner{racer}@example.com"));
        async move { follow(&stores, &link, &owner, 1000).await.map(|()| owner) }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(LinkRefusal::Gone));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(stores.access.users.all(account).await.unwrap(), [winner]);
}

/// Of many links of one user, followed at once, one changes the password.
pub async fn choices_of_a_password_race_to_one(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let dana = put(stores, user(account, "dana@example.com")).await;
    let mut links = Vec::new();
    for _ in 0..64 {
        links.push(new_link(stores, account, Some(dana.id)).await);
    }
    let outcomes = race(servers, |racer, stores| {
        let link = links[racer / 2].clone();
        let edit = UserEdit {
            password: Some(hash()),
            ..UserEdit::default()
        };
        let chosen = dana.edited(edit, at(racer.try_into().unwrap()));
        async move { follow(&stores, &link, &chosen, 1000).await.map(|()| chosen) }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(LinkRefusal::Gone));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(stores.access.users.all(account).await.unwrap(), [winner]);
    for link in &links {
        assert!(!is_there(stores, link).await, "one use ends all");
    }
}
