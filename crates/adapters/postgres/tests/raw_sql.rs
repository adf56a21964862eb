//! What raw SQL can't do, with PostgreSQL's own constraints and triggers.

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
