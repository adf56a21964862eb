//! Links. To follow one is a single write of several statements.

use crate::{SqliteStore, error::store_error};
use chatgrow_domain::{Link, LinkRefusal, Timestamp, User};
use chatgrow_ports::{Commit, Failure};
use chatgrow_sql::{
    RowId,
    access::{
        link, session,
        user::{self, UserChange, UserRow},
    },
    link_store,
    schema::users,
};
use diesel::{RunQueryDsl, dsl::exists};

link_store! { SqliteStore { find, execute, follow_link } }

impl SqliteStore {
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
            let account = RowId::from(link.account_id.as_bytes());
            let end = diesel::delete(link::that_works(&link, now));
            if end.execute(connection).map_err(store_error)? == 0 {
                return Err(LinkRefusal::Gone.into());
            }
            let Some(id) = link.user.map(|id| RowId::from(id.as_bytes())) else {
                let any = diesel::select(exists(user::of_account(account)));
                if any.get_result(connection).map_err(store_error)? {
                    return Err(LinkRefusal::Gone.into());
                }
                let insert = diesel::insert_into(users::table).values(UserRow::from(&user));
                insert.execute(connection).map_err(store_error)?;
                let others = diesel::delete(link::of_set_up(account));
                others.execute(connection).map_err(store_error)?;
                return Ok(());
            };
            let update = diesel::update(user::before(link.account_id, &user)).set(UserChange::from(&user));
            if update.execute(connection).map_err(store_error)? == 0 {
                return Err(LinkRefusal::Gone.into());
            }
            let others = diesel::delete(link::of_user(account, id));
            others.execute(connection).map_err(store_error)?;
            let sessions = diesel::delete(session::others(account, id, RowId::FIRST));
            sessions.execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }
}
