//! Links. To follow one is a transaction.

use crate::{PostgresStore, error::Ended};
use chatgrow_domain::{Link, LinkRefusal, Timestamp, User};
use chatgrow_ports::{Commit, Failure};
use chatgrow_sql::{
    RowId,
    access::{
        link, session,
        user::{self, UserChange, UserRow},
    },
    link_store,
    schema::{accounts, users},
};
use diesel::{QueryDsl, dsl::exists};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt, TryFutureExt};

link_store! { PostgresStore { find, execute, follow_link } }

impl PostgresStore {
    /// Uses a link up, and writes its user.
    async fn follow_link(
        &self,
        link: &Link,
        user: &User,
        now: Timestamp,
        commit: Commit,
    ) -> Result<(), Failure<LinkRefusal>> {
        let (link, user) = (link.clone(), user.clone());
        self.write(commit, move |connection| {
            let work = connection.transaction(async move |connection| {
                // Whoever follows another link of the same account or user waits for the row that comes first. If the
                // link went first, each could wait for the other's.
                let written = match link.user {
                    None => set_up(connection, &user).await?,
                    Some(_) => choose_password(connection, &user).await?,
                };
                let end = diesel::delete(link::that_works(&link, now));
                if !written || end.execute(connection).await? == 0 {
                    return Err(Ended(LinkRefusal::Gone.into()));
                }
                let account = RowId::from(user.account_id.as_bytes());
                let Some(id) = link.user.map(|id| RowId::from(id.as_bytes())) else {
                    diesel::delete(link::of_set_up(account))
                        .execute(connection)
                        .await?;
                    return Ok(());
                };
                diesel::delete(link::of_user(account, id))
                    .execute(connection)
                    .await?;
                let sessions = diesel::delete(session::others(account, id, RowId::FIRST));
                sessions.execute(connection).await?;
                Ok(())
            });
            work.map_err(|Ended(failure)| failure).boxed()
        })
        .await
    }
}

/// Adds the first user of an account. Returns whether there was none.
async fn set_up(
    connection: &mut AsyncPgConnection,
    user: &User,
) -> Result<bool, Ended<Failure<LinkRefusal>>> {
    let account = RowId::from(user.account_id.as_bytes());
    let lock = accounts::table
        .find(account)
        .select(accounts::id)
        .for_no_key_update();
    lock.execute(connection).await?;
    if diesel::select(exists(user::of_account(account)))
        .get_result(connection)
        .await?
    {
        return Ok(false);
    }
    let insert = diesel::insert_into(users::table).values(UserRow::from(user));
    insert.execute(connection).await?;
    Ok(true)
}

/// Replaces the state of a user. Returns whether it was in the version before.
async fn choose_password(
    connection: &mut AsyncPgConnection,
    user: &User,
) -> Result<bool, Ended<Failure<LinkRefusal>>> {
    let update = diesel::update(user::before(user.account_id, user)).set(UserChange::from(user));
    Ok(update.execute(connection).await? > 0)
}
