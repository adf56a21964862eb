//! A PostgreSQL that fails over: three nodes under Patroni, which agree through etcd, and `HAProxy` before them. Everything
//! runs on this machine and ends with the process that started it.

mod link;

use crate::{PASSWORD, free_port, new_folder, programs, run_as, skip};
use link::link;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_postgres::NoTls;

/// How many nodes there are.
const NODES: usize = 3;

/// Whatever takes longer counts as hanging. A new standby may have to be copied.
const DEADLINE: Duration = Duration::from_secs(180);

const MISSING: &str = "Patroni, etcd and HAProxy are not installed";

/// What befalls a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every process of the database is killed (`kill -9`). The node's Patroni lives.
    DatabaseKilled,
    /// Every process of the node is killed.
    NodeKilled,
    /// Every process of the node is stopped, and goes on later.
    Stopped,
    /// No packet arrives at the node, and none leaves it.
    CutOff,
}

/// Three nodes. One is the primary, and one of the others has everything that was acknowledged.
pub struct Cluster {
    folder: PathBuf,
    /// Who owns the processes, because PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
    nodes: Vec<Node>,
    /// `HAProxy`'s port.
    balanced: u16,
    /// etcd and `HAProxy`.
    others: Vec<Child>,
    /// Kills everything when its standard input ends, that is, when this is dropped or the process has ended.
    _guardian: Child,
}

struct Node {
    number: usize,
    /// Where the database listens.
    database: u16,
    /// Where others find it, and its Patroni.
    database_link: u16,
    rest_link: u16,
    cut: watch::Sender<bool>,
    patroni: Child,
    /// The processes that a fault has stopped.
    stopped: Vec<u32>,
}

impl Cluster {
    /// Starts a cluster, and waits until it is whole. Returns `None`, and reports it on standard error, if a program is not
    /// installed.
    ///
    /// # Panics
    /// If it doesn't start; or if a program is not installed and `CI` is set.
    pub async fn start() -> Option<Self> {
        let installed = |program: &str| Command::new(program).arg("--help").output().is_ok();
        let Some(programs) = programs().filter(|_| ["patroni", "etcd", "haproxy"].into_iter().all(installed))
        else {
            return skip(MISSING);
        };
        let (folder, user) = new_folder();
        let mut cluster = Self {
            user,
            nodes: Vec::new(),
            balanced: free_port(),
            others: Vec::new(),
            _guardian: guardian(&folder),
            folder,
        };
        let etcd = cluster.start_etcd();
        for number in 0..NODES {
            cluster.start_node(number, etcd, &programs).await;
        }
        cluster.start_haproxy();
        cluster.whole().await;
        Some(cluster)
    }

    /// Starts etcd, and returns its port.
    fn start_etcd(&mut self) -> u16 {
        let port = free_port();
        let [clients, peers] = [port, free_port()].map(|port| format!("http://127.0.0.1:{port}"));
        let mut command = run_as(self.user, "etcd");
        command.arg("--data-dir").arg(self.folder.join("etcd"));
        command.args([
            "--listen-client-urls",
            &clients,
            "--advertise-client-urls",
            &clients,
        ]);
        command.args([
            "--listen-peer-urls",
            &peers,
            "--initial-advertise-peer-urls",
            &peers,
        ]);
        command.args(["--initial-cluster", &format!("default={peers}")]);
        let etcd = self.spawn("etcd", command);
        self.others.push(etcd);
        port
    }

    async fn start_node(&mut self, number: usize, etcd: u16, programs: &Path) {
        let (database, rest, (cut, is_cut)) = (free_port(), free_port(), watch::channel(false));
        let database_link = link(database, is_cut.clone()).await;
        let rest_link = link(rest, is_cut.clone()).await;
        let etcd_link = link(etcd, is_cut).await;
        // A name comes before those that it begins with.
        let settings = [
            ("$number", number.to_string()),
            ("$etcd_link", etcd_link.to_string()),
            ("$rest_link", rest_link.to_string()),
            ("$rest", rest.to_string()),
            ("$database_link", database_link.to_string()),
            ("$database", database.to_string()),
            ("$folder", self.folder.display().to_string()),
            ("$programs", programs.display().to_string()),
            ("$password", PASSWORD.to_owned()),
        ];
        let mut text = include_str!("cluster/patroni.yml").to_owned();
        for (name, value) in settings {
            text = text.replace(name, &value);
        }
        fs::write(self.folder.join(format!("node{number}.yml")), text).unwrap();
        let patroni = self.patroni(number);
        self.nodes.push(Node {
            number,
            database,
            database_link,
            rest_link,
            cut,
            patroni,
            stopped: Vec::new(),
        });
    }

    fn start_haproxy(&mut self) {
        let mut text = include_str!("cluster/haproxy.cfg").replace("$balanced", &self.balanced.to_string());
        for node in &self.nodes {
            let Node {
                number,
                database_link,
                rest_link,
                ..
            } = node;
            let server =
                format!("    server node{number} 127.0.0.1:{database_link} check port {rest_link}\n");
            text.push_str(&server);
        }
        let file = self.folder.join("haproxy.cfg");
        fs::write(&file, text).unwrap();
        let mut command = run_as(self.user, "haproxy");
        command.args(["-db", "-f"]).arg(file);
        let haproxy = self.spawn("haproxy", command);
        self.others.push(haproxy);
    }

    /// Creates a database, and returns its URLs: through `HAProxy`, and with every node as a host.
    ///
    /// # Panics
    /// If there is no primary.
    pub async fn new_database(&self) -> [String; 2] {
        let primary = self.whole().await;
        let client = self.ask(primary).await.unwrap();
        client
            .batch_execute("CREATE DATABASE chatgrow TEMPLATE template0 ENCODING 'UTF8'")
            .await
            .unwrap();
        let hosts: Vec<_> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.database_link))
            .collect();
        let user = format!("postgres://postgres:{PASSWORD}@");
        [
            format!("{user}127.0.0.1:{}/chatgrow", self.balanced),
            format!(
                "{user}{}/chatgrow?target_session_attrs=read-write",
                hosts.join(",")
            ),
        ]
    }

    /// Waits until there is a primary, both others follow it, one of them synchronously, and etcd knows which one. Returns
    /// the primary's number.
    ///
    /// Patroni writes that into etcd some seconds after commits wait for the standby. If the primary fails before, no node
    /// may take its place.
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn whole(&self) -> usize {
        let followed = "SELECT count(*) = 2 AND count(*) FILTER (WHERE sync_state = 'sync') = 1
            FROM pg_stat_replication WHERE state = 'streaming'";
        let started = Instant::now();
        loop {
            let primary = self.find(followed, |_| true).await;
            let members = timeout(Duration::from_secs(1), self.members(primary)).await;
            if members.is_ok_and(|members| members.is_ok_and(|members| members.contains("\"sync_standby\"")))
            {
                return primary;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "no standby is known\n{}",
                self.logs()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// What Patroni reads from etcd of the cluster's members, as JSON.
    async fn members(&self, number: usize) -> io::Result<String> {
        let mut patroni = TcpStream::connect(("127.0.0.1", self.nodes[number].rest_link)).await?;
        patroni.write_all(b"GET /cluster HTTP/1.0\r\n\r\n").await?;
        let mut answer = String::new();
        patroni.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// Waits until another node than this is the primary. Returns its number.
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn successor(&self, of: usize) -> usize {
        self.find("SELECT NOT pg_is_in_recovery()", |number| number != of)
            .await
    }

    /// The number of the node that answers the question with true.
    async fn find(&self, question: &str, among: impl Fn(usize) -> bool) -> usize {
        let started = Instant::now();
        loop {
            for node in self.nodes.iter().filter(|node| among(node.number)) {
                let answer = async { self.ask(node.number).await?.query_one(question, &[]).await.ok() };
                // A node that is stopped doesn't answer.
                let answer = timeout(Duration::from_secs(1), answer).await.ok().flatten();
                if answer.is_some_and(|row| row.get(0)) {
                    return node.number;
                }
            }
            assert!(
                started.elapsed() < DEADLINE,
                "in vain: {question}\n{}",
                self.logs()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// A connection to the node's database, past its link.
    async fn ask(&self, number: usize) -> Option<tokio_postgres::Client> {
        let port = self.nodes[number].database;
        let url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.ok()?;
        tokio::spawn(connection);
        Some(client)
    }

    /// The ends of the logs.
    #[must_use]
    pub fn logs(&self) -> String {
        let logs = ["etcd", "haproxy", "node0", "node1", "node2"].map(|name| {
            let log = fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<_> = log.lines().rev().take(20).collect();
            format!(
                "{name}:\n{}\n",
                lines.into_iter().rev().collect::<Vec<_>>().join("\n")
            )
        });
        logs.concat()
    }

    /// Lets a fault befall a node.
    pub fn strike(&mut self, number: usize, fault: Fault) {
        match fault {
            Fault::DatabaseKilled => signal("KILL", &self.stop(number, false)),
            Fault::NodeKilled => {
                signal("KILL", &self.stop(number, true));
                self.nodes[number].patroni.wait().unwrap();
            }
            Fault::Stopped => self.nodes[number].stopped = self.stop(number, true),
            Fault::CutOff => {
                self.nodes[number].cut.send_replace(true);
            }
        }
    }

    /// Ends a fault. The node then comes back by itself.
    pub fn mend(&mut self, number: usize, fault: Fault) {
        match fault {
            Fault::DatabaseKilled => {}
            Fault::NodeKilled => self.nodes[number].patroni = self.patroni(number),
            Fault::Stopped => {
                let stopped = std::mem::take(&mut self.nodes[number].stopped);
                signal("CONT", &stopped);
            }
            Fault::CutOff => {
                self.nodes[number].cut.send_replace(false);
            }
        }
    }

    /// Stops the database's processes, and Patroni if that is wanted. Returns their ids.
    fn stop(&self, number: usize, with_patroni: bool) -> Vec<u32> {
        let file = self.folder.join(format!("data{number}/postmaster.pid"));
        let postmaster = fs::read_to_string(file).unwrap();
        let postmaster: u32 = postmaster.lines().next().unwrap().parse().unwrap();
        let patroni = with_patroni.then(|| self.nodes[number].patroni.id());
        let mut stopped: Vec<_> = patroni.into_iter().chain([postmaster]).collect();
        signal("STOP", &stopped);
        // There will be no more children.
        let children = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let entry = entry.unwrap();
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
            (parent == postmaster.to_string()).then_some(id)
        });
        let children: Vec<_> = children.collect();
        signal("STOP", &children);
        stopped.extend(children);
        stopped
    }

    fn patroni(&self, number: usize) -> Child {
        let name = format!("node{number}");
        let mut command = run_as(self.user, "patroni");
        command.arg(self.folder.join(format!("{name}.yml")));
        self.spawn(&name, command)
    }

    /// Starts a program, whose output goes to a log.
    fn spawn(&self, name: &str, mut command: Command) -> Child {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("{name}.log")))
            .unwrap();
        let (out, errors) = (log.try_clone().unwrap(), log);
        command.stdin(Stdio::null()).stdout(out).stderr(errors);
        command.spawn().unwrap()
    }
}

/// Kills every process that names the folder or runs in it, and removes it, when its standard input ends.
fn guardian(folder: &Path) -> Child {
    let script = "trap '' INT; cat >/dev/null
        for time in 1 2; do
            for process in /proc/[0-9]*; do
                id=${process#/proc/}
                [ $id = $$ ] && continue
                { cat $process/cmdline; readlink $process/cwd; } | grep -q \"$0\" && kill -9 $id
            done
        done
        rm -rf \"$0\"";
    Command::new("/bin/sh")
        .arg("-c")
        .arg(script)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Sends processes a signal, given by its name. Some may be gone.
fn signal(name: &str, processes: &[u32]) {
    let processes = processes.iter().map(ToString::to_string);
    let mut command = Command::new("kill");
    command
        .arg(format!("-{name}"))
        .args(processes)
        .stderr(Stdio::null());
    command.status().unwrap();
}
