//! Sessions.

use super::user::UserRow;
use crate::{
    RowId,
    columns::RowReader,
    schema::{
        sessions::{self, dsl},
        users,
    },
};
use chatgrow_domain::{AccountId, Session, SessionId, TokenDigest, User, UserId};
use chatgrow_ports::StoreError;
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};

/// A session as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    account_id: RowId,
    id: RowId,
    user_id: RowId,
    digest: Vec<u8>,
    created_at: i64,
    used_at: i64,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            account_id: session.account_id.as_bytes().into(),
            id: session.id.as_bytes().into(),
            user_id: session.user.as_bytes().into(),
            digest: session.digest.as_bytes().to_vec(),
            created_at: session.created_at.as_millis(),
            used_at: session.used_at.as_millis(),
        }
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "sessions",
            id: row.id,
        };
        Ok(Self {
            id: SessionId::new(row.id.object_id()),
            account_id: AccountId::new(row.account_id.object_id()),
            user: UserId::new(row.user_id.object_id()),
            digest: TokenDigest::from_bytes(read.get("digest", row.digest.as_slice().try_into())?),
            created_at: read.timestamp("created_at", row.created_at)?,
            used_at: read.timestamp("used_at", row.used_at)?,
        })
    }
}

/// A session with its user, as they are read.
#[derive(Debug, Clone, Queryable, Selectable)]
pub struct SessionOfUserRow {
    #[diesel(embed)]
    session: SessionRow,
    #[diesel(embed)]
    user: UserRow,
}

/// A session with its user.
pub struct SessionOfUser(pub Session, pub User);

impl TryFrom<SessionOfUserRow> for SessionOfUser {
    type Error = StoreError;

    fn try_from(row: SessionOfUserRow) -> Result<Self, StoreError> {
        Ok(Self(row.session.try_into()?, row.user.try_into()?))
    }
}

/// The session with that digest, and its user.
#[auto_type]
pub fn by_digest<DB: Backend>(digest: Vec<u8>) -> _ {
    let row: AsSelect<SessionOfUserRow, DB> = SessionOfUserRow::as_select();
    let is_of_session = users::account_id
        .eq(dsl::account_id)
        .and(users::id.eq(dsl::user_id));
    sessions::table
        .inner_join(users::table.on(is_of_session))
        .filter(dsl::digest.eq(digest))
        .select(row)
}

/// The user's sessions, oldest first.
#[auto_type]
pub fn of_user<DB: Backend>(account: RowId, user: RowId) -> _ {
    let row: AsSelect<SessionRow, DB> = SessionRow::as_select();
    sessions::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::user_id.eq(user))
        .order((dsl::created_at, dsl::id))
        .select(row)
}

/// The session, if its last recorded use is earlier.
#[auto_type]
pub fn used_before(account: RowId, id: RowId, at: i64) -> _ {
    let session: Find<sessions::table, (RowId, RowId)> = sessions::table.find((account, id));
    session.filter(dsl::used_at.lt(at))
}

/// The user's sessions but that one.
#[auto_type]
pub fn others(account: RowId, user: RowId, kept: RowId) -> _ {
    sessions::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::user_id.eq(user))
        .filter(dsl::id.ne(kept))
}

/// Deletes sessions that were last used at `$1` or earlier, at most `$2` of them, those that were used first.
pub const SWEEP: &str = "DELETE FROM sessions WHERE (account_id, id) IN
    (SELECT account_id, id FROM sessions WHERE used_at <= $1 ORDER BY used_at LIMIT $2)";

/// Implements [`SessionStore`](chatgrow_ports::SessionStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! session_store {
    ($store:ty { $find:ident, $all:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                RowId,
                access::session::{self, SessionOfUser, SessionOfUserRow, SessionRow},
                port::*,
                schema::sessions::{dsl, table},
            };

            #[async_trait]
            impl SessionStore for $store {
                async fn insert(&self, session: &Session) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(SessionRow::from(session));
                    self.$execute(Commit::default(), insert).await.map(|_| ())
                }

                async fn by_digest(
                    &self,
                    digest: &TokenDigest,
                ) -> Result<Option<(Session, User)>, StoreError> {
                    let session = session::by_digest(digest.as_bytes().to_vec());
                    let found = self
                        .$find::<SessionOfUserRow, SessionOfUser>(session)
                        .await?;
                    Ok(found.map(|SessionOfUser(session, user)| (session, user)))
                }

                async fn of_user(
                    &self,
                    account: AccountId,
                    user: UserId,
                ) -> Result<Vec<Session>, StoreError> {
                    let sessions = session::of_user(account.as_bytes().into(), user.as_bytes().into());
                    self.$all::<SessionRow, _>(sessions).await
                }

                async fn record_use(
                    &self,
                    account: AccountId,
                    id: SessionId,
                    at: Timestamp,
                ) -> Result<(), StoreError> {
                    let at = at.as_millis();
                    let session = session::used_before(account.as_bytes().into(), id.as_bytes().into(), at);
                    let update = diesel::update(session).set(dsl::used_at.eq(at));
                    self.$execute(Commit::default(), update)
                        .await
                        .map(|_: usize| ())
                }

                async fn end(
                    &self,
                    account: AccountId,
                    user: UserId,
                    id: SessionId,
                ) -> Result<bool, StoreError> {
                    let session = table
                        .filter(dsl::account_id.eq(RowId::from(account.as_bytes())))
                        .filter(dsl::user_id.eq(RowId::from(user.as_bytes())))
                        .filter(dsl::id.eq(RowId::from(id.as_bytes())));
                    let ended: usize = self
                        .$execute::<StoreError>(Commit::default(), diesel::delete(session))
                        .await?;
                    Ok(ended > 0)
                }

                async fn end_others(
                    &self,
                    account: AccountId,
                    user: UserId,
                    kept: Option<SessionId>,
                ) -> Result<(), StoreError> {
                    // No session has the first id.
                    let kept = kept.map_or(RowId::FIRST, |id| id.as_bytes().into());
                    let others = session::others(account.as_bytes().into(), user.as_bytes().into(), kept);
                    self.$execute(Commit::default(), diesel::delete(others))
                        .await
                        .map(|_: usize| ())
                }

                async fn sweep_sessions(&self, before: Timestamp, most: u32) -> Result<usize, StoreError> {
                    use diesel::sql_types::BigInt;
                    let sweep = diesel::sql_query(session::SWEEP)
                        .bind::<BigInt, _>(before.as_millis())
                        .bind::<BigInt, _>(i64::from(most));
                    self.$execute(Commit::default(), sweep).await
                }
            }
        };
    };
}
