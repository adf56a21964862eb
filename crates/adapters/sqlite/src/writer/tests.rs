use super::*;
use crate::error::store_error;
use diesel::{connection::SimpleConnection, prelude::*, sql_types::BigInt};
use std::sync::mpsc;
use tempfile::TempDir;

/// A writer on a new database with an empty table `t`.
fn writer(queue: usize) -> (Arc<Writer>, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db").to_str().unwrap().to_owned();
    let mut connection = connect_writer(&path, Mode::Create).unwrap();
    connection.batch_execute("CREATE TABLE t (x BLOB)").unwrap();
    (Arc::new(Writer::start(connection, &path, queue).unwrap()), folder)
}

fn execute(sql: &'static str) -> impl FnOnce(&mut SqliteConnection) -> Result<(), StoreError> + Send {
    move |connection| connection.batch_execute(sql).map_err(store_error)
}

async fn rows(writer: &Writer) -> i64 {
    let count = |connection: &mut SqliteConnection| {
        diesel::select(diesel::dsl::sql::<BigInt>("(SELECT count(*) FROM t)"))
            .get_result(connection)
            .map_err(store_error)
    };
    writer.write(count).await.unwrap()
}

/// Blocks the writer until the returned sender is dropped, so that the writes queued meanwhile form one batch.
async fn hold(writer: &Arc<Writer>) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let (started, start) = oneshot::channel();
    let writer = writer.clone();
    tokio::spawn(async move {
        let wait = move |_: &mut SqliteConnection| {
            let _ = started.send(());
            // Dropping the sender makes this an error.
            let _ = released.recv();
            Ok::<_, StoreError>(())
        };
        writer.write(wait).await
    });
    start.await.unwrap();
    release
}

/// Queues the write, and returns a task that waits for its answer.
async fn queue<F>(writer: &Arc<Writer>, work: F) -> tokio::task::JoinHandle<Result<(), StoreError>>
where
    F: FnOnce(&mut SqliteConnection) -> Result<(), StoreError> + Send + 'static,
{
    let (before, writer) = (writer.free_places(), writer.clone());
    let task = tokio::spawn({
        let writer = writer.clone();
        async move { writer.write(work).await }
    });
    while writer.free_places() == before && !task.is_finished() {
        tokio::task::yield_now().await;
    }
    task
}

impl Writer {
    fn free_places(&self) -> usize {
        self.queue.as_ref().unwrap().capacity()
    }
}

#[tokio::test]
async fn a_full_queue_refuses_and_recovers() {
    let (writer, _folder) = writer(2);
    let release = hold(&writer).await;
    let first = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
    let second = queue(&writer, execute("INSERT INTO t VALUES (2)")).await;
    let third = queue(&writer, execute("INSERT INTO t VALUES (3)"))
        .await
        .await
        .unwrap();
    assert!(matches!(third, Err(StoreError::Unavailable(_))), "{third:?}");
    drop(release);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(rows(&writer).await, 2);
}

#[tokio::test]
async fn a_write_that_fails_or_panics_undoes_only_itself() {
    let (writer, _folder) = writer(8);
    let release = hold(&writer).await;
    let good = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
    let bad = queue(
        &writer,
        execute("INSERT INTO t VALUES (2); INSERT INTO nowhere VALUES (1)"),
    )
    .await;
    let panics = |connection: &mut SqliteConnection| {
        connection.batch_execute("INSERT INTO t VALUES (3)").unwrap();
        panic!("a defect in a write")
    };
    let panicked = queue(&writer, panics).await;
    let last = queue(&writer, execute("INSERT INTO t VALUES (4)")).await;
    drop(release);
    good.await.unwrap().unwrap();
    assert!(matches!(bad.await.unwrap(), Err(StoreError::Failed(_))));
    assert!(matches!(panicked.await.unwrap(), Err(StoreError::Failed(_))));
    last.await.unwrap().unwrap();
    assert_eq!(rows(&writer).await, 2);
}

#[tokio::test]
async fn a_full_disk_loses_the_batch_and_says_so_and_the_next_one_works() {
    let (writer, _folder) = writer(8);
    writer.write(execute("PRAGMA max_page_count = 3")).await.unwrap();
    let release = hold(&writer).await;
    let small = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
    let large = queue(&writer, execute("INSERT INTO t VALUES (zeroblob(100000))")).await;
    drop(release);
    let (small, large) = (small.await.unwrap(), large.await.unwrap());
    assert!(matches!(large, Err(StoreError::Unavailable(_))), "{large:?}");
    // SQLite may roll back one statement or the whole transaction. Either way the table matches what was answered.
    assert_eq!(rows(&writer).await, i64::from(small.is_ok()), "{small:?}");
    writer
        .write(execute("PRAGMA max_page_count = 1000000"))
        .await
        .unwrap();
    writer
        .write(execute("INSERT INTO t VALUES (zeroblob(100000))"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_batch_that_can_not_be_committed_is_refused_whole() {
    let (writer, _folder) = writer(8);
    let release = hold(&writer).await;
    let first = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
    // This ends the transaction of the batch. It stands for every unexpected failure.
    let second = queue(&writer, execute("ROLLBACK")).await;
    let third = queue(&writer, execute("INSERT INTO t VALUES (3)")).await;
    drop(release);
    for lost in [first, second, third] {
        let outcome = lost.await.unwrap();
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
    writer.write(execute("INSERT INTO t VALUES (4)")).await.unwrap();
    assert_eq!(rows(&writer).await, 1);
}

#[tokio::test]
async fn a_client_that_is_gone_before_its_turn_writes_nothing() {
    let (writer, _folder) = writer(8);
    let release = hold(&writer).await;
    let gone = queue(&writer, execute("INSERT INTO t VALUES (1)")).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    drop(release);
    assert_eq!(rows(&writer).await, 0);
}

#[tokio::test]
async fn dropping_the_writer_finishes_what_was_queued() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("test.db").to_str().unwrap().to_owned();
    let mut connection = connect_writer(&path, Mode::Create).unwrap();
    connection.batch_execute("CREATE TABLE t (x BLOB)").unwrap();
    let writer = Writer::start(connection, &path, 8).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let (reply, _answer) = oneshot::channel();
    let wait_and_write = move |connection: &mut SqliteConnection| {
        // Dropping the sender makes this an error.
        let _ = released.recv();
        execute("INSERT INTO t VALUES (1)")(connection)
    };
    let job = Box::new(Write {
        work: Some(wait_and_write),
        outcome: None,
        reply,
    });
    writer.queue.as_ref().unwrap().try_send(job).ok().unwrap();
    let dropped = std::thread::spawn(move || drop(writer));
    drop(release);
    dropped.join().unwrap();
    let mut connection = connect_writer(&path, Mode::Open).unwrap();
    let count = diesel::dsl::sql::<BigInt>("(SELECT count(*) FROM t)");
    assert_eq!(diesel::select(count).get_result::<i64>(&mut connection), Ok(1));
}
