//! Users.

use crate::{
    RowId,
    columns::{RowReader, versioned},
    guards::{Guard, GuardedRefusal},
    schema::users::{self, dsl},
};
use chatgrow_domain::{AccountId, EmailAddress, PasswordHash, Timestamp, User, UserId, UserRefusal};
use chatgrow_ports::StoreError;
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};

/// A user as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
#[diesel(treat_none_as_default_value = false)]
pub struct UserRow {
    account_id: RowId,
    id: RowId,
    email: String,
    email_key: String,
    role: String,
    language: Option<String>,
    password: Option<String>,
    disabled_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

/// What an update changes of a user. The address stays.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = users)]
#[diesel(treat_none_as_null = true)]
pub struct UserChange {
    role: String,
    language: Option<String>,
    password: Option<String>,
    disabled_at: Option<i64>,
    updated_at: i64,
    version: i64,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        let change = UserChange::from(user);
        Self {
            account_id: user.account_id.as_bytes().into(),
            id: user.id.as_bytes().into(),
            email: user.email.as_str().to_owned(),
            email_key: user.email.key().as_str().to_owned(),
            role: change.role,
            language: change.language,
            password: change.password,
            disabled_at: change.disabled_at,
            created_at: user.created_at.as_millis(),
            updated_at: change.updated_at,
            version: change.version,
        }
    }
}

impl From<&User> for UserChange {
    fn from(user: &User) -> Self {
        Self {
            role: user.role.as_str().to_owned(),
            language: user.language.map(|language| language.as_str().to_owned()),
            password: user.password.as_ref().map(|hash| hash.as_str().to_owned()),
            disabled_at: user.disabled_at.map(Timestamp::as_millis),
            updated_at: user.updated_at.as_millis(),
            version: user.version.get(),
        }
    }
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "users",
            id: row.id,
        };
        Ok(Self {
            id: UserId::new(row.id.object_id()),
            account_id: AccountId::new(row.account_id.object_id()),
            email: read.get("email", EmailAddress::new(row.email))?,
            role: read.get("role", row.role.parse())?,
            language: read.optional("language", row.language, |language| language.parse())?,
            password: read.optional("password", row.password, |hash| PasswordHash::new(hash).ok_or(()))?,
            disabled_at: read.optional_timestamp("disabled_at", row.disabled_at)?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

/// The account's user with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<UserRow, DB> = UserRow::as_select();
    let user: Find<users::table, (RowId, RowId)> = users::table.find((account, id));
    user.select(row)
}

/// The users with that address, of all accounts.
#[auto_type]
pub fn by_email<DB: Backend>(email_key: String) -> _ {
    let row: AsSelect<UserRow, DB> = UserRow::as_select();
    users::table.filter(dsl::email_key.eq(email_key)).select(row)
}

/// The account's users, oldest first.
#[auto_type]
pub fn of_account<DB: Backend>(account: RowId) -> _ {
    let row: AsSelect<UserRow, DB> = UserRow::as_select();
    users::table
        .filter(dsl::account_id.eq(account))
        .order((dsl::created_at, dsl::id))
        .select(row)
}

versioned!(before: users, User);

impl GuardedRefusal for UserRefusal {
    fn of(guard: Guard) -> Option<Self> {
        match guard {
            Guard::UserEmail => Some(Self::EmailTaken),
            Guard::LastOwner => Some(Self::LastOwner),
            _ => None,
        }
    }
}

/// Implements [`UserStore`](chatgrow_ports::UserStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! user_store {
    ($store:ty { $find:ident, $all:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                access::user::{self, UserChange, UserRow},
                port::*,
                schema::users::table,
            };

            #[async_trait]
            impl UserStore for $store {
                async fn insert(&self, user: &User, commit: Commit) -> Result<(), Failure<UserRefusal>> {
                    let insert = diesel::insert_into(table).values(UserRow::from(user));
                    self.$execute(commit, insert).await.map(|_| ())
                }

                async fn by_id(&self, account: AccountId, id: UserId) -> Result<Option<User>, StoreError> {
                    let user = user::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<UserRow, _>(user).await
                }

                async fn by_email(&self, email: &EmailKey) -> Result<Vec<User>, StoreError> {
                    let users = user::by_email(email.as_str().to_owned());
                    self.$all::<UserRow, _>(users).await
                }

                async fn all(&self, account: AccountId) -> Result<Vec<User>, StoreError> {
                    let users = user::of_account(account.as_bytes().into());
                    self.$all::<UserRow, _>(users).await
                }

                async fn update(&self, user: &User, commit: Commit) -> Result<(), Failure<UserRefusal>> {
                    let update =
                        diesel::update(user::before(user.account_id, user)).set(UserChange::from(user));
                    match self
                        .$execute::<Failure<UserRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(UserRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }
            }
        };
    };
}
