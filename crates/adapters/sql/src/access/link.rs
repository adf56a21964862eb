//! Links that are followed once.

use crate::{
    RowId,
    schema::links::{self, dsl},
};
use chatgrow_domain::{AccountId, Link, Timestamp, TokenDigest, UserId};
use chatgrow_ports::StoreError;
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};

/// A link as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = links)]
#[diesel(treat_none_as_default_value = false)]
pub struct LinkRow {
    account_id: RowId,
    digest: Vec<u8>,
    user_id: Option<RowId>,
    expires_at: i64,
}

impl From<&Link> for LinkRow {
    fn from(link: &Link) -> Self {
        Self {
            account_id: link.account_id.as_bytes().into(),
            digest: link.digest.as_bytes().to_vec(),
            user_id: link.user.map(|user| user.as_bytes().into()),
            expires_at: link.expires_at.as_millis(),
        }
    }
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        // A link has no id.
        let corrupt = |column| StoreError::Corrupt {
            table: "links",
            column,
            id: row.account_id.to_string(),
        };
        let digest = row.digest.as_slice().try_into().map_err(|_| corrupt("digest"))?;
        Ok(Self {
            digest: TokenDigest::from_bytes(digest),
            account_id: AccountId::new(row.account_id.object_id()),
            user: row.user_id.map(|user| UserId::new(user.object_id())),
            expires_at: Timestamp::from_millis(row.expires_at).ok_or_else(|| corrupt("expires_at"))?,
        })
    }
}

/// The link with that digest.
#[auto_type]
pub fn by_digest<DB: Backend>(digest: Vec<u8>) -> _ {
    let row: AsSelect<LinkRow, DB> = LinkRow::as_select();
    links::table.filter(dsl::digest.eq(digest)).select(row)
}

/// The link, if it has not expired at `now`.
pub fn that_works(link: &Link, now: Timestamp) -> working {
    working(
        link.account_id.as_bytes().into(),
        link.digest.as_bytes().to_vec(),
        now.as_millis(),
    )
}

#[auto_type]
fn working(account: RowId, digest: Vec<u8>, now: i64) -> _ {
    links::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::digest.eq(digest))
        .filter(dsl::expires_at.gt(now))
}

/// The links of that user.
#[auto_type]
pub fn of_user(account: RowId, user: RowId) -> _ {
    links::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::user_id.eq(user))
}

/// The links that set the account up.
#[auto_type]
pub fn of_set_up(account: RowId) -> _ {
    links::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::user_id.is_null())
}

/// Deletes links that have expired at `$1`, at most `$2` of them, those that expired first.
pub const SWEEP: &str = "DELETE FROM links WHERE (account_id, digest) IN
    (SELECT account_id, digest FROM links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// Implements [`LinkStore`](chatgrow_ports::LinkStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what the first two do. The last one takes more than one statement, and implements the
/// port's method of that name.
#[macro_export]
macro_rules! link_store {
    ($store:ty { $find:ident, $execute:ident, $follow:ident }) => {
        const _: () = {
            use $crate::{
                access::link::{self, LinkRow},
                port::*,
                schema::links::table,
            };

            #[async_trait]
            impl LinkStore for $store {
                async fn insert(&self, link: &Link) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(LinkRow::from(link));
                    self.$execute(Commit::default(), insert).await.map(|_| ())
                }

                async fn by_digest(&self, digest: &TokenDigest) -> Result<Option<Link>, StoreError> {
                    let link = link::by_digest(digest.as_bytes().to_vec());
                    self.$find::<LinkRow, _>(link).await
                }

                async fn follow(
                    &self,
                    link: &Link,
                    user: &User,
                    now: Timestamp,
                    commit: Commit,
                ) -> Result<(), Failure<LinkRefusal>> {
                    self.$follow(link, user, now, commit).await
                }

                async fn end(&self, account: AccountId, user: UserId) -> Result<(), StoreError> {
                    let links = link::of_user(account.as_bytes().into(), user.as_bytes().into());
                    self.$execute::<StoreError>(Commit::default(), diesel::delete(links))
                        .await
                        .map(drop)
                }

                async fn sweep_links(&self, now: Timestamp, most: u32) -> Result<usize, StoreError> {
                    use diesel::sql_types::BigInt;
                    let sweep = diesel::sql_query(link::SWEEP)
                        .bind::<BigInt, _>(now.as_millis())
                        .bind::<BigInt, _>(i64::from(most));
                    self.$execute(Commit::default(), sweep).await
                }
            }
        };
    };
}
