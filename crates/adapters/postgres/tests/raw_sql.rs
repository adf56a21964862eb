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
    let truncated = raw
        .batch_execute("TRUNCATE registrations, payments")
        .await
        .unwrap_err();
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
    somebody_waits(&editor, &outcome).await;
    for letter in ['b', 'c', 'd'] {
        editor.batch_execute(&edit(letter)).await.unwrap();
    }
    editor.batch_execute("COMMIT").await.unwrap();
    let refused = outcome.await.unwrap().unwrap_err();
    let by = refused.as_db_error().and_then(|error| error.constraint());
    assert_eq!(by, Some("appointments_no_overlap"), "{refused}");
}

/// A database with the rows of `refused.sql`, and two connections to it.
async fn two_connections() -> Option<[tokio_postgres::Client; 2]> {
    let url = throwaway_postgres::new_database().await?;
    drop(open(&url).await.unwrap());
    let (setup, _) = statements(|byte| format!("'\\x{}'", format!("{byte:02x}").repeat(12)));
    let connections = [
        throwaway_postgres::connect(&url).await,
        throwaway_postgres::connect(&url).await,
    ];
    connections[0].batch_execute(&setup).await.unwrap();
    Some(connections)
}

fn id(byte: u8) -> String {
    format!("'\\x{}'", format!("{byte:02x}").repeat(12))
}

/// Inserts an appointment of these resources as the store does.
fn booking(byte: u8, resources: &[u8], start: i64) -> String {
    let first = resources
        .first()
        .map_or_else(|| "NULL".to_owned(), |first| id(*first));
    let further: Vec<_> = resources
        .iter()
        .skip(1)
        .map(|byte| format!("{byte:02x}").repeat(12))
        .collect();
    let further = match further.as_slice() {
        [] => "NULL".to_owned(),
        further => format!("'{}'", further.join(",")),
    };
    format!(
        "INSERT INTO appointments (account_id, id, kind, customer_id, resource_id, further_resources, starts_at, ends_at, blocks_from, \
        blocks_until, service_type, status, created_at, updated_at, version) \
        VALUES ({account}, {id}, 'appointment', {account}, {first}, {further}, {start}, {start} + 60, {start}, {start} + 60, 'other', \
        'confirmed', 0, 0, 1) ON CONFLICT ON CONSTRAINT appointments_no_overlap DO NOTHING",
        account = id(1),
        id = id(byte),
    )
}

/// Waits until some connection waits for a lock, as the statement has to.
async fn somebody_waits<T>(connection: &tokio_postgres::Client, statement: &tokio::task::JoinHandle<T>) {
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()";
    while connection.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(!statement.is_finished(), "the statement has waited for nobody");
        tokio::task::yield_now().await;
    }
}

/// What the second connection was told: how many rows it wrote, or which guard refused it.
type Told = Result<u64, String>;

/// In a transaction, the first connection carries out `first`. The second begins with `second`, which has to wait. Then
/// the first carries out `then`, which would wait for the second if it held anything, and commits.
async fn in_that_order(first: &str, second: &str, then: &str) -> Option<Told> {
    let [one, other] = two_connections().await?;
    one.batch_execute("BEGIN").await.unwrap();
    one.batch_execute(first).await.unwrap();
    let second = second.to_owned();
    let waiting = tokio::spawn(async move { other.execute(second.as_str(), &[]).await });
    somebody_waits(&one, &waiting).await;
    one.batch_execute(then).await.unwrap();
    one.batch_execute("COMMIT").await.unwrap();
    Some(waiting.await.unwrap().map_err(|error| {
        let guard = error.as_db_error().and_then(|error| error.constraint());
        guard.map_or_else(|| error.to_string(), str::to_owned)
    }))
}

/// Two bookings want two resources, in different orders. If the second one took its first resource before it waits,
/// each would wait for the other.
#[tokio::test]
async fn bookings_of_several_resources_take_turns() {
    // The first holds the day by the time the second begins with resource 3, which the first wants too.
    let then = booking(0x22, &[3, 2], 71_000);
    let told = in_that_order(
        &booking(0x21, &[2, 3], 70_600),
        &booking(0x23, &[3, 2], 71_000),
        &then,
    )
    .await;
    let Some(told) = told else { return };
    assert_eq!(told, Ok(0), "the first one has both");
}

/// A booking that runs past midnight is of both days.
#[tokio::test]
async fn bookings_of_several_resources_take_turns_for_each_day() {
    let midnight = 49 * 1440;
    let told = in_that_order(
        &booking(0x21, &[2, 3], midnight - 30),
        &booking(0x22, &[3, 2], midnight + 100),
        "SELECT 1",
    )
    .await;
    let Some(told) = told else { return };
    assert_eq!(told, Ok(1), "it has waited for the day only");
    let Some([one, other]) = two_connections().await else {
        return;
    };
    one.batch_execute("BEGIN").await.unwrap();
    one.batch_execute(&booking(0x21, &[2, 3], midnight - 60))
        .await
        .unwrap();
    let next_day = booking(0x22, &[3, 2], midnight);
    assert_eq!(
        other.execute(next_day.as_str(), &[]).await.unwrap(),
        1,
        "it waits for nobody"
    );
}

/// A move of several resources waits for a booking of several before it has written anything.
#[tokio::test]
async fn a_move_of_several_resources_waits_for_its_turn() {
    let mover = format!(
        "UPDATE appointments SET resource_id = {}, further_resources = '{}', starts_at = 70000, ends_at = 70060, blocks_from = 70000, \
        blocks_until = 70060, version = 2 WHERE id = {}",
        id(3),
        "02".repeat(12),
        id(5)
    );
    let told = in_that_order(
        &booking(0x21, &[2, 1], 72_000),
        &mover,
        &booking(0x22, &[2, 3], 70_000),
    )
    .await;
    let Some(told) = told else { return };
    assert_eq!(told, Err("appointments_no_overlap".to_owned()));
}

/// A booking of one resource takes no turn, and holds nothing while it waits for a booking of several.
#[tokio::test]
async fn a_booking_of_one_resource_holds_nothing_while_it_waits() {
    let told = in_that_order(
        &booking(0x21, &[2, 3], 70_000),
        &booking(0x22, &[3], 70_030),
        &booking(0x23, &[3, 2], 70_090),
    )
    .await;
    let Some(told) = told else { return };
    assert_eq!(told, Ok(0), "the slot is taken");
}

/// A booking of several resources, which has the turn, waits for one of a single resource, which goes on.
#[tokio::test]
async fn a_booking_of_several_resources_waits_for_one() {
    let told = in_that_order(
        &booking(0x21, &[3], 70_000),
        &booking(0x22, &[2, 3], 70_030),
        // It could not go on if it needed the turn.
        &booking(0x23, &[1], 70_030),
    )
    .await;
    let Some(told) = told else { return };
    assert_eq!(told, Err("appointments_no_overlap".to_owned()));
}

/// A hold is released while a booking of its resources waits: the booking gets them.
#[tokio::test]
async fn a_booking_waits_for_a_release() {
    let release = format!(
        "UPDATE appointments SET status = 'cancelled', version = 2 WHERE id = {}",
        id(6)
    );
    let told = in_that_order(&release, &booking(0x22, &[2, 1], 20_030), "SELECT 1").await;
    let Some(told) = told else { return };
    assert_eq!(told, Ok(1), "the slot is free");
}

/// A confirmation doesn't let go of the slot, so whoever waits for it is refused.
#[tokio::test]
async fn a_booking_waits_for_a_confirmation() {
    let confirm = format!(
        "UPDATE appointments SET kind = 'appointment', customer_id = {}, held_until = NULL, version = 2 WHERE id = {} AND kind = 'hold'",
        id(1),
        id(6)
    );
    let Some([one, other]) = two_connections().await else {
        return;
    };
    one.batch_execute("BEGIN").await.unwrap();
    one.batch_execute(&confirm).await.unwrap();
    let waiting = tokio::spawn(async move { other.execute(booking(0x22, &[1], 20_030).as_str(), &[]).await });
    // It need not wait: the slot is taken before and after.
    tokio::task::yield_now().await;
    one.batch_execute("COMMIT").await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 0, "the slot is taken");
}

/// A booking refers to its customer, but doesn't wait for an update of it, even of the address. If it did, it would
/// hold its slot meanwhile; and whoever updates the customer may be about to book that slot.
#[tokio::test]
async fn a_booking_does_not_wait_for_its_customer() {
    let Some([one, other]) = two_connections().await else {
        return;
    };
    one.batch_execute("BEGIN").await.unwrap();
    let update = format!(
        "UPDATE customers SET name = 'Noa', email = 'noa2@example.com', email_key = 'noa2@example.com', version = 2 WHERE id = {}",
        id(1)
    );
    one.batch_execute(&update).await.unwrap();
    other.batch_execute("SET lock_timeout = '2s'").await.unwrap();
    other.batch_execute(&booking(0x22, &[3], 70_000)).await.unwrap();
    assert_eq!(
        one.execute(booking(0x23, &[3], 70_030).as_str(), &[])
            .await
            .unwrap(),
        0,
        "the slot is taken"
    );
    one.batch_execute("COMMIT").await.unwrap();
}

/// By a deferred constraint, another row could have a lead's id by the commit.
#[tokio::test]
async fn no_leg_is_left_behind() {
    let Some([raw, _]) = two_connections().await else {
        return;
    };
    raw.batch_execute("BEGIN; SET CONSTRAINTS ALL DEFERRED")
        .await
        .unwrap();
    let rename = format!("UPDATE appointments SET id = {} WHERE id = {}", id(9), id(5));
    let refused = raw.batch_execute(&rename).await.unwrap_err();
    let by = refused.as_db_error().and_then(|error| error.constraint());
    assert_eq!(by, Some("appointments_leg_follows"));
    raw.batch_execute("ROLLBACK").await.unwrap();
    let upsert = format!(
        "INSERT INTO appointments SELECT * FROM appointments WHERE kind = 'leg' AND lead_id = {} \
        ON CONFLICT (account_id, id) DO UPDATE SET starts_at = 1",
        id(5)
    );
    let refused = raw.batch_execute(&upsert).await.unwrap_err();
    let by = refused.as_db_error().and_then(|error| error.constraint());
    assert_eq!(by, Some("appointments_leg_follows"));
    let gone = format!("DELETE FROM appointments WHERE id = {}", id(5));
    raw.batch_execute(&gone).await.unwrap();
    let left = format!("SELECT count(*) FROM appointments WHERE lead_id = {}", id(5));
    assert_eq!(raw.query_one(&left, &[]).await.unwrap().get::<_, i64>(0), 0);
}
