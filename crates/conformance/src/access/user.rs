//! Cases for users.

use crate::{at, earliest, fresh_id, latest, new_account, race};
use chatgrow_domain::{
    AccountId, EmailAddress, Language, PasswordHash, Role, User, UserEdit, UserId, UserRefusal, Version,
};
use chatgrow_ports::{Commit, Failure, StoreError, Stores};

pub(crate) fn hash() -> PasswordHash {
    PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA").unwrap()
}

/// An owner who has not chosen a password.
pub(crate) fn user(account: AccountId, email: &str) -> User {
    let email = EmailAddress::new(email).unwrap();
    User::new(
        UserId::new(fresh_id()),
        account,
        email,
        Role::Owner,
        at(1_763_893_800_123),
    )
}

/// An active owner: one with a password.
pub(crate) fn owner(account: AccountId, email: &str) -> User {
    User {
        password: Some(hash()),
        ..user(account, email)
    }
}

pub(crate) async fn put(stores: &Stores, user: User) -> User {
    stores
        .access
        .users
        .insert(&user, Commit::default())
        .await
        .unwrap();
    user
}

/// The next state of the user.
pub(crate) fn next(user: &User, edit: UserEdit) -> User {
    user.edited(edit, at(1_763_893_900_000))
}

/// The next state of the user, who is shut out.
pub(crate) fn disabled(user: &User) -> User {
    let disabled = Some(true);
    next(
        user,
        UserEdit {
            disabled,
            ..UserEdit::default()
        },
    )
}

/// The next state of the user: in another language.
pub(crate) fn in_language(user: &User, language: Language) -> User {
    let language = Some(language);
    next(
        user,
        UserEdit {
            language,
            ..UserEdit::default()
        },
    )
}

async fn all(stores: &Stores, account: AccountId) -> Vec<User> {
    stores.access.users.all(account).await.unwrap()
}

async fn update(stores: &Stores, user: &User) -> Result<(), Failure<UserRefusal>> {
    stores.access.users.update(user, Commit::default()).await
}

/// Every field is read back unchanged. An update changes all but the address.
pub async fn user_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let longest = format!("{}@example.com", "x".repeat(64));
    let first = user(account, "Dana.C@Bücher.example");
    let second = User {
        role: Role::Staff,
        language: Some(Language::Hebrew),
        password: Some(hash()),
        disabled_at: Some(latest()),
        created_at: latest(),
        updated_at: earliest(),
        version: Version::new(i64::MAX - 1).unwrap(),
        ..user(account, &longest)
    };
    for user in [&first, &second] {
        put(stores, user.clone()).await;
        let read = stores.access.users.by_id(account, user.id).await.unwrap();
        assert_eq!(
            read.as_ref(),
            Some(user),
            "what was written is read back as it was"
        );
    }
    let cleared = User {
        role: Role::Owner,
        language: None,
        password: None,
        disabled_at: None,
        updated_at: latest(),
        version: Version::new(i64::MAX).unwrap(),
        ..second.clone()
    };
    let moved = User {
        email: EmailAddress::new("another@example.com").unwrap(),
        ..cleared.clone()
    };
    update(stores, &moved).await.unwrap();
    assert_eq!(
        all(stores, account).await,
        [first, cleared],
        "an update leaves the address"
    );
    let nothing = stores
        .access
        .users
        .by_id(account, UserId::new(fresh_id()))
        .await
        .unwrap();
    assert_eq!(nothing, None, "what is not there is absent");
}

/// No two users of one account have one address, however it is written. Users of different accounts may.
pub async fn user_email_is_unique_without_case(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let dana = put(stores, user(account, "dana@example.com")).await;
    let theirs = put(stores, user(other, "Dana@Example.com")).await;
    let outcome = stores
        .access
        .users
        .insert(&user(account, "DANA@example.com"), Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Refused(UserRefusal::EmailTaken),
        "the address is taken"
    );
    let mut found = stores.access.users.by_email(&dana.email.key()).await.unwrap();
    found.retain(|user| [account, other].contains(&user.account_id));
    found.sort_by_key(|user| user.id);
    assert_eq!(
        found,
        [dana.clone(), theirs],
        "an address is found in every account"
    );
    assert_eq!(
        all(stores, account).await,
        [dana],
        "a refused insert changes nothing"
    );
}

/// Of many concurrent inserts with one address exactly one succeeds.
pub async fn user_emails_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let outcomes = race(servers, |racer, stores| {
        let user = user(
            account,
            if racer % 2 == 0 {
                "dana@example.com"
            } else {
                "DANA@example.com"
            },
        );
        async move {
            stores
                .access
                .users
                .insert(&user, Commit::default())
                .await
                .map(|()| user)
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(UserRefusal::EmailTaken));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(all(stores, account).await, [winner]);
}

/// An update replaces only the version before it.
pub async fn user_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = put(stores, user(account, "dana@example.com")).await;
    let second = in_language(&first, Language::Hebrew);
    update(stores, &second).await.unwrap();
    let later = in_language(&in_language(&second, Language::English), Language::Hebrew);
    let unknown = in_language(&user(account, "noa@example.com"), Language::Hebrew);
    for stale in [&in_language(&first, Language::English), &second, &later, &unknown] {
        assert_refused!(
            update(stores, stale).await,
            Failure::Refused(UserRefusal::VersionMismatch),
            "it is not the version after the stored one"
        );
    }
    assert_eq!(
        all(stores, account).await,
        [second],
        "a refused update changes nothing"
    );
}

/// Of many concurrent updates of one version exactly one succeeds.
pub async fn user_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let first = put(stores, user(account, "dana@example.com")).await;
    let outcomes = race(servers, |racer, stores| {
        let edited = first.edited(
            UserEdit {
                language: Some(Language::Hebrew),
                ..UserEdit::default()
            },
            at(racer.try_into().unwrap()),
        );
        async move { update(&stores, &edited).await.map(|()| edited) }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(UserRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(all(stores, account).await, [winner], "the winner's state is kept");
}

/// Users are listed by creation, then by id, within their account.
pub async fn users_are_listed_by_creation(stores: &Stores) {
    let account = new_account(stores).await;
    put(stores, user(new_account(stores).await, "x@example.com")).await;
    let mut users = Vec::new();
    for (nth, created_at) in [30, 20, 10, 20].into_iter().enumerate() {
        let user = User {
            created_at: at(created_at),
            ..user(account, &format!("user{nth}@example.com"))
        };
        users.push(put(stores, user).await);
    }
    users.sort_by_key(|user| (user.created_at, user.id));
    assert_eq!(all(stores, account).await, users);
}

/// No method that takes an account sees or changes another account's users. A user can't be added without an account.
pub async fn users_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let mine = put(stores, user(account, "dana@example.com")).await;
    assert_eq!(stores.access.users.by_id(other, mine.id).await.unwrap(), None);
    let taken_over = User {
        account_id: other,
        ..in_language(&mine, Language::Hebrew)
    };
    assert_refused!(
        update(stores, &taken_over).await,
        Failure::Refused(UserRefusal::VersionMismatch),
        "the account has no such user: it is another account's"
    );
    assert_eq!(
        (all(stores, account).await, all(stores, other).await),
        (vec![mine], vec![])
    );
    let nobody = user(AccountId::new(fresh_id()), "noa@example.com");
    let outcome = stores.access.users.insert(&nobody, Commit::default()).await;
    assert_refused!(
        outcome,
        Failure::Store(StoreError::Failed(_)),
        "there is no such account, which is a defect of the caller"
    );
}

/// The store refuses a change that would leave an account without an active owner. Owners who are only invited, disabled
/// owners, the staff, and the owners of another account don't count.
pub async fn the_last_owner_stays(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let last = put(stores, owner(account, "last@example.com")).await;
    put(stores, owner(other, "other@example.com")).await;
    let invited = put(stores, user(account, "invited@example.com")).await;
    let shut_out = User {
        disabled_at: Some(at(1)),
        ..owner(account, "out@example.com")
    };
    put(stores, shut_out).await;
    let staff = User {
        role: Role::Staff,
        ..owner(account, "staff@example.com")
    };
    let staff = put(stores, staff).await;
    let as_staff = UserEdit {
        role: Some(Role::Staff),
        ..UserEdit::default()
    };
    for stops in [disabled(&last), next(&last, as_staff)] {
        assert_refused!(
            update(stores, &stops).await,
            Failure::Refused(UserRefusal::LastOwner),
            "nobody else may do everything"
        );
    }
    // Whoever is no active owner may stop, and the last one may do anything else.
    update(stores, &disabled(&staff)).await.unwrap();
    let last_in_hebrew = in_language(&last, Language::Hebrew);
    update(stores, &last_in_hebrew).await.unwrap();
    let password = Some(hash());
    let second = next(
        &invited,
        UserEdit {
            password,
            ..UserEdit::default()
        },
    );
    update(stores, &second).await.unwrap();
    update(stores, &disabled(&last_in_hebrew)).await.unwrap();
    assert_refused!(
        update(stores, &disabled(&second)).await,
        Failure::Refused(UserRefusal::LastOwner),
        "the other one is shut out by now"
    );
}

/// If all owners of an account are shut out at once, one stays.
pub async fn owners_race_to_one_who_stays(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let mut owners = Vec::new();
    for nth in 0..64 {
        owners.push(put(stores, owner(account, &format!("owner{nth}@example.com"))).await);
    }
    let outcomes = race(servers, |racer, stores| {
        let disabled = disabled(&owners[racer]);
        async move { update(&stores, &disabled).await }
    })
    .await;
    let stays = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(Failure::Refused(UserRefusal::LastOwner))));
    assert_eq!(stays.count(), 1, "{outcomes:?}");
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        63,
        "{outcomes:?}"
    );
    let left = all(stores, account).await;
    assert_eq!(left.iter().filter(|user| user.is_active_owner()).count(), 1);
}
