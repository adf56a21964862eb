//! Users: the people of an account, who sign in to the console.

use crate::{
    AccountId, ChangeRefusal, EmailAddress, PasswordHash, Refusal, Revised, Revision, Scope, Scopes,
    Timestamp, Version, choice::choice, ids::id_type,
};

id_type! {
    /// The id of a [`User`].
    UserId
}

choice! {
    /// What a user may do.
    Role {
        /// Everything. An account keeps at least one [active owner](User::is_active_owner).
        Owner = "owner",
        /// The daily work: customers, appointments and events.
        Staff = "staff",
    }
}

impl Role {
    /// The scopes of a user in this role.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        match self {
            Self::Owner => Scopes::FULL,
            Self::Staff => Scopes::of([
                Scope::CustomersWrite,
                Scope::AppointmentsWrite,
                Scope::EventsWrite,
                Scope::ScheduleRead,
                Scope::PaymentsRead,
                Scope::PoliciesOverride,
            ]),
        }
    }
}

choice! {
    /// A language of the console.
    Language {
        /// Hebrew, which is written from right to left.
        Hebrew = "he",
        /// English.
        English = "en",
    }
}

/// A person who signs in to the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The account in which the user works.
    pub account_id: AccountId,
    /// The address with which the user signs in; unique in the account, compared by its [key](EmailAddress::key).
    pub email: EmailAddress,
    /// What the user may do.
    pub role: Role,
    /// The language that the user has chosen.
    pub language: Option<Language>,
    /// `None` until the user has chosen a password.
    pub password: Option<PasswordHash>,
    /// When the user was shut out.
    pub disabled_at: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// A change of some fields; `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEdit {
    /// Another role.
    pub role: Option<Role>,
    /// Another language.
    pub language: Option<Language>,
    /// Another password.
    pub password: Option<PasswordHash>,
    /// Whether the user is shut out.
    pub disabled: Option<bool>,
}

impl Revised for User {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why a user can't be found, created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// The account has no such user.
    #[error("there is no such user")]
    NotFound,
    /// There is no account with that slug.
    #[error("there is no such account")]
    AccountNotFound,
    /// The user is disabled, so a new password would be of no use.
    #[error("the user is disabled")]
    Disabled,
    /// The present password is another one.
    #[error("the password is wrong")]
    WrongPassword,
    /// Another user of the account has the address.
    #[error("the address is taken")]
    EmailTaken,
    /// Nobody would be left who may do everything.
    #[error("the account needs an owner")]
    LastOwner,
    /// The user is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for UserRefusal {}

impl ChangeRefusal for UserRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl User {
    /// A new user without a password, in its first version.
    #[must_use]
    pub const fn new(
        id: UserId,
        account_id: AccountId,
        email: EmailAddress,
        role: Role,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            account_id,
            email,
            role,
            language: None,
            password: None,
            disabled_at: None,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// Whether the user may sign in: it has a password, and is not shut out.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.password.is_some() && self.disabled_at.is_none()
    }

    /// Whether the account can be run by this user. The stores' guard knows the same rule.
    #[must_use]
    pub fn is_active_owner(&self) -> bool {
        self.role == Role::Owner && self.is_active()
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    #[must_use]
    pub fn edited(&self, edit: UserEdit, now: Timestamp) -> Self {
        let mut next = self.clone();
        if let Some(role) = edit.role {
            next.role = role;
        }
        if edit.language.is_some() {
            next.language = edit.language;
        }
        if edit.password.is_some() {
            next.password = edit.password;
        }
        match edit.disabled {
            Some(true) => next.disabled_at = self.disabled_at.or(Some(now)),
            Some(false) => next.disabled_at = None,
            None => {}
        }
        if next != *self {
            next.updated_at = now;
            next.version = self.version.next();
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn owner() -> User {
        let id = |byte| ObjectId::from_bytes([byte; 12]);
        let email = EmailAddress::new("dana@example.com").unwrap();
        User::new(
            UserId::new(id(1)),
            AccountId::new(id(2)),
            email,
            Role::Owner,
            at(1),
        )
    }

    fn edit() -> UserEdit {
        UserEdit::default()
    }

    #[test]
    fn who_has_a_password_and_is_not_shut_out_may_sign_in() {
        let invited = owner();
        assert!(!invited.is_active());
        let password = Some(PasswordHash::new("$argon2id$x").unwrap());
        let active = invited.edited(UserEdit { password, ..edit() }, at(2));
        assert!(active.is_active_owner());
        assert_eq!(
            (active.updated_at, active.version),
            (at(2), Version::FIRST.next())
        );
        let shut_out = |disabled| UserEdit {
            disabled: Some(disabled),
            ..edit()
        };
        let disabled = active.edited(shut_out(true), at(3));
        assert!(!disabled.is_active_owner());
        assert_eq!(disabled.edited(shut_out(true), at(4)), disabled);
        assert!(disabled.edited(shut_out(false), at(5)).is_active());
        let staff = UserEdit {
            role: Some(Role::Staff),
            ..edit()
        };
        assert!(!active.edited(staff, at(6)).is_active_owner());
    }

    #[test]
    fn staff_does_the_daily_work() {
        let scopes = Role::Staff.scopes();
        for scope in [
            "customers:write",
            "appointments:write",
            "events:write",
            "schedule:read",
            "payments:read",
            "policies:override",
        ] {
            assert!(scopes.permit(scope.parse().unwrap()), "{scope}");
        }
        for scope in ["schedule:write", "keys:manage", "webhooks:read", "full", "read"] {
            assert!(!scopes.permit(scope.parse().unwrap()), "{scope}");
        }
        assert_eq!(Role::Owner.scopes(), Scopes::FULL);
    }
}
