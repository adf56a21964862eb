//! Changes, and how they are written.

use crate::{RowId, arrays::in_columns, columns::RowReader, schema::changes};
use chatgrow_domain::{
    AccountId, Actor, ApiKeyId, Change, ChangeData, ChangeId, CustomerId, UserId, Version,
};
use chatgrow_ports::{ChangePosition, Logged, StoreError};
use diesel::{
    backend::Backend,
    deserialize::QueryableByName,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{BigInt, Binary, HasSqlType, Nullable, Text},
};

/// The names of the kinds of actors.
const API_KEY: &str = "api_key";
const USER: &str = "user";
pub(crate) const SYSTEM: &str = "system";

/// A change as it is stored.
#[derive(Debug, Clone, Hash, Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = changes)]
#[diesel(treat_none_as_default_value = false)]
pub struct ChangeRow {
    account_id: RowId,
    epoch: i64,
    number: i64,
    id: RowId,
    kind: String,
    made_at: i64,
    subject_id: RowId,
    version: Option<i64>,
    customer_id: Option<RowId>,
    actor_kind: String,
    actor_id: Option<RowId>,
    request_id: Option<String>,
    object: Option<String>,
    previous: Option<String>,
}

in_columns!(ChangeRow, changes {
    account_id, id, kind, made_at, subject_id, version, customer_id, actor_kind, actor_id, request_id, object, previous;
    epoch, number
});

impl ChangeRow {
    /// The change's place in the log.
    #[must_use]
    pub fn position(&self) -> ChangePosition {
        ChangePosition {
            epoch: self.epoch,
            number: self.number,
        }
    }
}

/// An actor as it is stored.
fn actor_columns(actor: Actor) -> (&'static str, Option<RowId>) {
    match actor {
        Actor::ApiKey(id) => (API_KEY, Some(id.as_bytes().into())),
        Actor::User(id) => (USER, Some(id.as_bytes().into())),
        Actor::System => (SYSTEM, None),
    }
}

impl From<Change> for ChangeRow {
    /// The place in the log is chosen by the database.
    fn from(change: Change) -> Self {
        let (actor_kind, actor_id) = actor_columns(change.actor);
        Self {
            account_id: change.account.as_bytes().into(),
            epoch: 0,
            number: 0,
            id: change.id.as_bytes().into(),
            kind: change.kind.as_str().to_owned(),
            made_at: change.at.as_millis(),
            subject_id: change.subject.as_bytes().into(),
            version: change.version.map(Version::get),
            customer_id: change.customer.map(|customer| customer.as_bytes().into()),
            actor_kind: actor_kind.to_owned(),
            actor_id,
            request_id: change.request,
            object: change.data.object,
            previous: change.data.previous,
        }
    }
}

impl TryFrom<ChangeRow> for Logged {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "changes",
            id: row.id,
        };
        let actor = match (row.actor_kind.as_str(), row.actor_id.map(RowId::object_id)) {
            (API_KEY, Some(id)) => Ok(Actor::ApiKey(ApiKeyId::new(id))),
            (USER, Some(id)) => Ok(Actor::User(UserId::new(id))),
            (SYSTEM, None) => Ok(Actor::System),
            _ => Err(()),
        };
        let version = |number| Version::new(number).ok_or(());
        Ok(Self {
            position: row.position(),
            change: Change {
                id: ChangeId::new(row.id.object_id()),
                account: AccountId::new(row.account_id.object_id()),
                kind: read.get("kind", row.kind.parse())?,
                at: read.timestamp("made_at", row.made_at)?,
                subject: row.subject_id.object_id(),
                version: read.optional("version", row.version, version)?,
                customer: row.customer_id.map(|id| CustomerId::new(id.object_id())),
                actor: read.get("actor_kind", actor)?,
                request: row.request_id,
                data: ChangeData {
                    object: row.object,
                    previous: row.previous,
                },
            },
        })
    }
}

/// Writes a change. `epoch` is the expression of its epoch.
#[derive(Debug, Clone)]
pub struct InsertChange {
    row: ChangeRow,
    epoch: &'static str,
}

impl InsertChange {
    /// The statement that writes this change.
    #[must_use]
    pub fn new(change: Change, epoch: &'static str) -> Self {
        Self {
            row: change.into(),
            epoch,
        }
    }
}

impl QueryId for InsertChange {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB> QueryFragment<DB> for InsertChange
where
    DB: Backend + HasSqlType<Binary> + HasSqlType<Text> + HasSqlType<BigInt>,
    RowId: ToSql<Binary, DB>,
    Option<RowId>: ToSql<Nullable<Binary>, DB>,
    String: ToSql<Text, DB>,
    Option<String>: ToSql<Nullable<Text>, DB>,
    i64: ToSql<BigInt, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let row = &self.row;
        out.push_sql(
            "INSERT INTO changes (account_id, id, kind, made_at, subject_id, version, customer_id, actor_kind, actor_id, \
             request_id, object, previous, epoch) SELECT ",
        );
        out.push_bind_param::<Binary, _>(&row.account_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(&row.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&row.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&row.made_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(&row.subject_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&row.version)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&row.customer_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&row.actor_kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&row.actor_id)?;
        for text in [&row.request_id, &row.object, &row.previous] {
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(text)?;
        }
        out.push_sql(", ");
        out.push_sql(self.epoch);
        Ok(())
    }
}
