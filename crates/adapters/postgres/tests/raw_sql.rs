//! Rules that PostgreSQL's own constraints and triggers enforce against raw SQL.

use crate::support::open;
use chatgrow_sql::refused::{Refused, statements};

#[tokio::test]
async fn raw_sql_breaks_no_rule() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    drop(open(&url).await.unwrap());
    let raw = throwaway_postgres::connect(&url).await;
    let (setup, refused) = statements(|byte| format!("'\\x{}'", format!("{byte:02x}").repeat(12)));
    raw.batch_execute(&setup).await.unwrap();
    assert!(refused.len() > 50, "{}", refused.len());
    for Refused { sql, guard } in refused {
        let error = raw.batch_execute(&sql).await.expect_err(&sql);
        let error = error.as_db_error().unwrap();
        if let Some(guard) = guard {
            let by = error.constraint().unwrap_or_else(|| panic!("{sql}: {error}"));
            assert!(by.starts_with(guard), "{sql}: {by}");
        }
    }
    let truncated = raw.batch_execute("TRUNCATE registrations").await.unwrap_err();
    assert_eq!(
        truncated.as_db_error().unwrap().constraint(),
        Some("registrations_not_truncated")
    );
}

/// The interleaving behind a deadlock: a move onto the slot of an appointment that is being edited, between two edits
/// that find no room beside the old row version. The move has to wait until the edits are committed.
#[tokio::test]
async fn an_edit_and_a_move_take_turns() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    drop(open(&url).await.unwrap());
    let (editor, mover) = (
        throwaway_postgres::connect(&url).await,
        throwaway_postgres::connect(&url).await,
    );
    let (setup, _) = statements(|byte| format!("'\\x{}'", format!("{byte:02x}").repeat(12)));
    editor.batch_execute(&setup).await.unwrap();
    let [first, second] = ["01", "02"].map(|byte| format!("id = '\\x{}'", byte.repeat(12)));
    let edit = |letter| format!("UPDATE appointments SET notes = repeat('{letter}', 4000) WHERE {first}");
    // Stored uncompressed and inline, so that a page has room for at most two row versions.
    let plain = "ALTER TABLE appointments ALTER COLUMN notes SET STORAGE PLAIN";
    editor.batch_execute(plain).await.unwrap();
    editor.batch_execute("BEGIN").await.unwrap();
    editor.batch_execute(&edit('a')).await.unwrap();
    let over = format!(
        "UPDATE appointments SET starts_at = 0, ends_at = 60, blocks_from = 0, blocks_until = 60 WHERE {second}"
    );
    let outcome = tokio::spawn(async move { mover.batch_execute(&over).await });
    // It waits either for the lock or in the index.
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    while editor.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    for letter in ['b', 'c', 'd'] {
        editor.batch_execute(&edit(letter)).await.unwrap();
    }
    editor.batch_execute("COMMIT").await.unwrap();
    let refused = outcome.await.unwrap().unwrap_err();
    let by = refused.as_db_error().and_then(|error| error.constraint());
    assert_eq!(by, Some("appointments_no_overlap"), "{refused}");
}
