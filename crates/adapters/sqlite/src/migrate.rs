//! Migration of the schema.

use crate::statements;
use chatgrow_sql::{Migrations, bring_up_to_date};
use diesel::{
    connection::SimpleConnection,
    migration::MigrationSource,
    result::Error::QueryBuilderError,
    sqlite::{Sqlite, SqliteConnection},
};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use std::error::Error;

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../../migrations/sqlite");

/// Migrates the schema in one transaction. If several processes start at once, the first to get the lock migrates, and
/// the others find the migrations done.
///
/// Foreign keys are off during the migration. Otherwise no migration could replace a table that others refer to
/// (<https://www.sqlite.org/lang_altertable.html#otheralter>), and SQLite can't switch them within a transaction. They
/// are checked before the commit instead.
pub(crate) fn migrate(
    connection: &mut SqliteConnection,
    source: impl MigrationSource<Sqlite>,
    mode: Migrations,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    connection.batch_execute("PRAGMA foreign_keys = OFF")?;
    connection.immediate_transaction(|connection| {
        let ran = bring_up_to_date(connection, source, mode).map_err(QueryBuilderError)?;
        let dangling = "SELECT count(*) FROM pragma_foreign_key_check";
        if ran > 0 && statements::number(connection, dangling)? > 0 {
            return Err(QueryBuilderError(
                "a migration leaves rows that refer to nothing".into(),
            ));
        }
        Ok(())
    })?;
    connection.batch_execute("PRAGMA foreign_keys = ON")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::Connection;
    use diesel_migrations::FileBasedMigrations;
    use std::fs;
    use tempfile::TempDir;

    /// A database with two accounts and a key of the first, on which a later migration has run, and the outcome of that
    /// migration.
    fn with_later(up: &str) -> (SqliteConnection, Result<(), String>) {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        migrate(&mut connection, MIGRATIONS, Migrations::Run).unwrap();
        let rows =
            "INSERT INTO accounts VALUES (zeroblob(12), 'one', 'One', 0), (randomblob(12), 'two', 'Two', 0);
            INSERT INTO api_keys (account_id, id, name, digest, created_at)
            VALUES (zeroblob(12), zeroblob(12), 'web', zeroblob(32), 0)";
        connection.batch_execute(rows).unwrap();
        let folder = TempDir::new().unwrap();
        let names = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).unwrap();
        let names = names.iter().map(|migration| migration.name().to_string());
        for (name, up) in names
            .map(|name| (name, ""))
            .chain([("2999-01-01-000000_later".to_owned(), up)])
        {
            fs::create_dir(folder.path().join(&name)).unwrap();
            fs::write(folder.path().join(name).join("up.sql"), up).unwrap();
        }
        let source = FileBasedMigrations::from_path(folder.path()).unwrap();
        let outcome = migrate(&mut connection, source, Migrations::Run);
        (connection, outcome.map_err(|error| error.to_string()))
    }

    #[test]
    fn a_table_is_replaced_that_others_refer_to() {
        let (mut connection, outcome) = with_later(
            "DROP TRIGGER appointments_account_exists;
            DROP TRIGGER appointments_account_exists_when_moved;
            CREATE TABLE accounts_anew (
                id BLOB NOT NULL PRIMARY KEY, slug TEXT NOT NULL, name TEXT, created_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            INSERT INTO accounts_anew SELECT * FROM accounts;
            DROP TABLE accounts;
            ALTER TABLE accounts_anew RENAME TO accounts;",
        );
        outcome.unwrap();
        let mut count = |rows| statements::number(&mut connection, rows).unwrap();
        assert_eq!(count("SELECT count(*) FROM accounts"), 2);
        assert_eq!(
            count("SELECT count(*) FROM api_keys JOIN accounts ON accounts.id = account_id"),
            1
        );
        // Foreign keys are enforced again.
        let refused = connection.batch_execute("DELETE FROM accounts WHERE slug = 'one'");
        assert_eq!(refused.unwrap_err().to_string(), "FOREIGN KEY constraint failed");
    }

    #[test]
    fn a_migration_that_leaves_rows_referring_to_nothing_is_refused() {
        let (mut connection, outcome) = with_later("DELETE FROM accounts WHERE slug = 'one'");
        assert_eq!(
            outcome.unwrap_err(),
            "a migration leaves rows that refer to nothing"
        );
        let left = statements::number(&mut connection, "SELECT count(*) FROM accounts");
        assert_eq!(left.unwrap(), 2);
    }
}
