//! Four servers on one PostgreSQL limit together.

use crate::metrics::{metrics, value};
use e2e::{
    Answer,
    binary::{Installation, Server, eventually},
};
use futures_util::future::join_all;

/// So long that nothing comes back in a test.
const WINDOW_MS: &str = "3600000";

fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"))
}

async fn start(installation: &Installation, url: &str) -> Server {
    let mut command = installation.command(&[]);
    command.envs([
        ("DATABASE_URL", url),
        ("RATE_LIMIT_WINDOW_MS", WINDOW_MS),
        ("RATE_LIMIT_MAX_REQUESTS", "400"),
        ("RATE_LIMIT_AUTH_FAILURES_MAX", "40"),
    ]);
    installation.start_as(command).await
}

async fn four(installation: &Installation, url: &str) -> Vec<Server> {
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(start(installation, url).await);
    }
    servers
}

/// Sends requests to all servers, with several clients at each, until each server refuses. Returns how many were answered
/// with `status` instead.
async fn until_refused(servers: &[Server], status: u16, request: impl AsyncFn(&Server) -> Answer) -> usize {
    let client = async |server| {
        let mut admitted = 0;
        loop {
            let answer: Answer = request(server).await;
            if answer.status == 429 {
                return admitted;
            }
            assert_eq!(answer.status, status, "{answer:?}");
            admitted += 1;
        }
    };
    let clients = servers.iter().flat_map(|server| [(); 4].map(|()| client(server)));
    join_all(clients).await.into_iter().sum()
}

async fn customers(server: &Server) -> Answer {
    server.get("/customers").await
}

/// Nobody has such a key, and no server has to ask the database about it.
async fn stranger(server: &Server) -> Answer {
    server.get_as("guess", "/customers").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_servers_admit_what_one_would() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let servers = four(&installation, &url).await;
    let admitted = until_refused(&servers, 200, customers).await;
    // On a machine that stands still for a second, leased permits are lost.
    assert!((300..=400).contains(&admitted), "{admitted}");
    let told = metrics(&servers[0]).await;
    assert!(value(&told, "chatgrow_rate_limit_alone_total") < 0.1, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_authentications_are_counted_together() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let servers = four(&installation, &url).await;
    let failed = until_refused(&servers, 401, stranger).await;
    assert!((30..=40).contains(&failed), "{failed}");
}

/// What a server had leased when it was killed is lost, and nothing is there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_gives_nothing_twice() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let installation = installation();
    let mut servers = four(&installation, &url).await;
    // The leases are of 1, 2, 4, 8 and 16 permits, if the machine is quick. Eleven of the last are lost.
    let used = 20;
    for _ in 0..used {
        assert_eq!(customers(&servers[0]).await.status, 200);
    }
    servers[0].signal("KILL");
    servers.remove(0).ended().await;
    servers.push(start(&installation, &url).await);
    let admitted = used + until_refused(&servers, 200, customers).await;
    assert!((300..=400).contains(&admitted), "{admitted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_each_server_gives_its_part() {
    let Some(database) = throwaway_postgres::Server::start("") else {
        return;
    };
    let url = database.new_database().await;
    let installation = installation();
    let servers = four(&installation, &url).await;
    // The others don't know of it yet.
    let last = &servers[3..];
    let told = async |series: &str| value(&metrics(&last[0]).await, series);
    eventually("it has met the others", async || {
        (told("chatgrow_rate_limit_servers").await > 3.9).then_some(())
    })
    .await;
    database.crash();
    assert_eq!(until_refused(last, 401, stranger).await, 10);
    assert!(told("chatgrow_rate_limit_alone_total").await > 9.9);
}
