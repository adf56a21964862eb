//! The crash proof on a PostgreSQL that fails over. Two servers share a cluster: one reaches it through `HAProxy`, the other
//! has a URL with all hosts. The primary is killed, stopped or cut off while clients write; they repeat what was not
//! carried out, each time at the other server. Nothing acknowledged is lost, nothing is done twice, and the answers are
//! success or 503.
//!
//! `FAILOVER_ROUNDS` sets the number of rounds (`just prove-failover`). Each round prints a line with its numbers.

use crate::proof::{Business, CLIENTS, Feed, History, Write, command, subscribe, verify, verify_webhooks};
use e2e::{
    ApiClient,
    binary::{Installation, Server},
    receiver::Receiver,
};
use reqwest::Method;
use serde_json::json;
use std::{
    env,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use throwaway_postgres::cluster::{Cluster, Fault};
use tokio::{join, time::sleep};

const FAULTS: [Fault; 4] = [
    Fault::CutOff,
    Fault::NodeKilled,
    Fault::Stopped,
    Fault::DatabaseKilled,
];

/// How long a client rests after each answer. What was written is read again in each round, so there should not be too much.
const REST: Duration = Duration::from_millis(50);

/// How long clients write before the fault, and after service is back.
const CALM: Duration = Duration::from_secs(1);

/// How long nobody may be served. Patroni needs `ttl`, 20 seconds, to see that the primary is gone, and a request lasts for 30
/// seconds at most (`REQUEST_TIMEOUT_MS`). The machine may be busy with something else.
const OUTAGE: Duration = Duration::from_secs(120);

type Servers = [ApiClient; 2];

/// Sends a write to one server after the other until one tells what happened.
async fn insist(history: &mut History, servers: &Servers, business: &Business, write: &Write, first: usize) {
    let mut turn = first;
    while !history.send(&servers[turn % 2], business, write).await {
        turn += 1;
        sleep(REST).await;
    }
}

/// How long it takes until the server carries out a write.
async fn served(server: &ApiClient, started: Instant, cluster: &Cluster) -> Duration {
    for attempt in 0.. {
        let email = format!("probe{attempt}.{}@example.com", started.elapsed().as_nanos());
        let request = server.request(Method::POST, "/customers");
        let request = request.json(&json!({ "name": "Dana", "email": email }));
        if request.send().await.is_ok_and(|answer| answer.status() == 201) {
            break;
        }
        assert!(
            started.elapsed() < OUTAGE,
            "no service for {OUTAGE:?}\n{}",
            cluster.logs()
        );
        sleep(REST).await;
    }
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs Patroni, etcd and HAProxy, and minutes: just prove-failover"]
async fn any_primary_may_die() {
    let rounds = env::var("FAILOVER_ROUNDS").map_or(2, |rounds| rounds.parse().unwrap());
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let installation = Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"));
    let start = async |url: String| {
        let mut command = command(&installation, &url);
        command.env("LOG_LEVEL", "error");
        installation.start_as(command).await
    };
    let [balanced, named] = cluster.new_database().await;
    let running = [start(balanced).await, start(named).await];
    let servers: Arc<Servers> = Arc::new([0, 1].map(|number: usize| (*running[number]).clone()));
    let receiver = Receiver::start();
    subscribe(&servers[0], &receiver).await;
    let business = Arc::new(Business::new(&servers[0]).await);
    let (next, mut all, mut feed) = (Arc::new(AtomicUsize::new(0)), History::default(), Feed::default());
    for round in 0..rounds {
        let fault = FAULTS[round % FAULTS.len()];
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (servers, business) = (servers.clone(), business.clone());
                let (next, stop) = (next.clone(), stop.clone());
                tokio::spawn(async move {
                    let mut history = History::default();
                    while !stop.load(Ordering::Relaxed) {
                        let write = Write::number(next.fetch_add(1, Ordering::Relaxed), &business);
                        insist(&mut history, &servers, &business, &write, client).await;
                        sleep(REST).await;
                    }
                    history
                })
            })
            .collect();
        let reading = {
            let (servers, stop, mut feed) = (servers.clone(), stop.clone(), feed);
            tokio::spawn(async move {
                for turn in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    if feed.page(&servers[turn % 2]).await.is_none() {
                        sleep(REST).await;
                    }
                }
                feed
            })
        };
        sleep(CALM).await;
        let primary = cluster.whole().await;
        cluster.strike(primary, fault);
        let struck = Instant::now();
        let promoted = async {
            cluster.successor(primary).await;
            struck.elapsed()
        };
        let [through_balancer, by_name] = [0, 1].map(|number| served(&servers[number], struck, &cluster));
        let (promoted, through_balancer, by_name) = join!(promoted, through_balancer, by_name);
        sleep(CALM).await;
        stop.store(true, Ordering::Relaxed);
        let (mut unavailable, mut replayed, mut answered) = (0, 0, 0);
        for client in clients {
            let history = client.await.unwrap();
            let logs = || running.each_ref().map(Server::log);
            assert!(
                history.unanswered.is_empty(),
                "{:?} {:?}",
                history.unanswered,
                logs()
            );
            unavailable += history.unavailable;
            replayed += history.replayed;
            answered += history.answered.len();
            all.answered.extend(history.answered);
        }
        feed = reading.await.unwrap();
        cluster.mend(primary, fault);
        cluster.whole().await;
        verify(&servers[0], &all, &business).await;
        feed.catch_up(&servers[1], round.try_into().unwrap()).await;
        feed.verify(&all, &business);
        // Not with `eprintln!`, whose output is hidden if the test passes.
        let _ = writeln!(
            std::io::stderr(),
            "failover {:>3}: {fault:?}: another primary after {:>4.1} s, service after {:>4.1} and {:>4.1} s; {answered:>5} answered, {unavailable:>4} times 503, {replayed:>2} done before; {:>6} in all, nothing lost or doubled",
            round + 1,
            promoted.as_secs_f64(),
            through_balancer.as_secs_f64(),
            by_name.as_secs_f64(),
            all.answered.len(),
        );
    }
    verify(&servers[1], &all, &business).await;
    verify_webhooks(&receiver, feed).await;
}
