//! The real binary, run in its own folder and without this process's environment; and a bare connection, for requests
//! that no HTTP client would send.

#![expect(
    clippy::expect_used,
    reason = "test code: what hangs or is missing is told by name"
)]

use crate::{Answer, ApiClient, http_client};
use chatgrow_api::BASE_PATH;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::{
    net::{IpAddr, SocketAddr},
    ops::Deref,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

/// Whatever takes longer counts as hanging.
const DEADLINE: Duration = Duration::from_secs(10);

/// Repeats `attempt` until it returns a value.
///
/// # Panics
/// If it returns none before the deadline.
pub async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        assert!(started.elapsed() < DEADLINE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A folder in which the binary runs.
pub struct Installation {
    program: &'static str,
    folder: TempDir,
    first_key: OnceLock<String>,
}

/// The results of a process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` if a signal killed it.
    pub code: Option<i32>,
    /// Its whole standard output.
    pub stdout: String,
    /// Its whole standard error, which contains the log.
    pub stderr: String,
}

/// A running server. It is killed when this is dropped.
pub struct Server {
    /// Calls the server with the key that the installation's first start printed.
    api: ApiClient,
    child: Child,
    stdout: Captured,
    stderr: Captured,
}

impl Installation {
    /// An empty folder for that binary: `env!("CARGO_BIN_EXE_chatgrow-under-test")`, which cargo sets only for tests.
    #[must_use]
    pub fn new(program: &'static str) -> Self {
        Self {
            program,
            folder: TempDir::new().unwrap(),
            first_key: OnceLock::new(),
        }
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The names of the folder's files, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let entries = self.folder.path().read_dir().unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A command that runs the binary, with a free port and nothing else in its environment.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.prepared(self.program);
        command.args(arguments);
        command
    }

    /// Like [`command`](Self::command), through a shell in which `"$0"` is the binary.
    #[must_use]
    pub fn shell(&self, script: &str) -> Command {
        let mut command = self.prepared("/bin/sh");
        command.args(["-c", script, self.program]);
        command
    }

    fn prepared(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs an operator's command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments)).await
    }

    /// Starts the server.
    pub async fn start(&self) -> Server {
        self.start_as(self.command(&[])).await
    }

    /// Starts the server with that command, and waits until it is ready and, on the first start, has printed its key.
    pub async fn start_as(&self, mut command: Command) -> Server {
        let mut child = command.spawn().unwrap();
        let stdout = Captured::from(child.stdout.take().unwrap());
        let stderr = Captured::from(child.stderr.take().unwrap());
        let origin = eventually("the server is ready", async || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{status}: {}", stderr.text());
            }
            let greeting = stdout.text();
            let (before, _) = greeting.split_once("/api-docs\n")?;
            Some(before.rsplit_once(' ')?.1.to_owned())
        })
        .await;
        let key = eventually("the first start prints a key", async || {
            self.first_key.get().cloned().or_else(|| printed_key(&stdout))
        })
        .await;
        let key = self.first_key.get_or_init(|| key).clone();
        let client = http_client();
        Server {
            api: ApiClient { origin, key, client },
            child,
            stdout,
            stderr,
        }
    }
}

/// The printed key, once its line is complete.
fn printed_key(stdout: &Captured) -> Option<String> {
    let text = stdout.text();
    let (line, _) = text[text.find("cg_live_")?..].split_once('\n')?;
    Some(line.to_owned())
}

/// Runs a command to its end.
///
/// # Panics
/// If it hangs.
pub async fn ended(mut command: Command) -> Ended {
    let output = timeout(DEADLINE, command.output()).await;
    let output = output.expect("the command ends").unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Deref for Server {
    type Target = ApiClient;

    fn deref(&self) -> &ApiClient {
        &self.api
    }
}

impl Server {
    /// Sends a GET with another key.
    pub async fn get_as(&self, key: &str, path: &str) -> Answer {
        let url = format!("{}{BASE_PATH}{path}", self.origin);
        Answer::to(self.client.get(url).header("X-API-Key", key)).await
    }

    /// The log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.stderr.text()
    }

    /// The resident memory of the process, in bytes. Linux only.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let id = self.child.id().expect("the server runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }

    /// The processor time that the process has used. Linux only.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let id = self.child.id().expect("the server runs");
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let ticks = fields
            .split(' ')
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().unwrap());
        // Linux reports hundredths of a second, whatever the rate of its own clock.
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }

    /// Sends the process a signal, given by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().expect("the server runs").to_string();
        let sent = std::process::Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the process to end.
    ///
    /// # Panics
    /// If it hangs.
    pub async fn ended(mut self) -> Ended {
        let status = timeout(DEADLINE, self.child.wait()).await;
        Ended {
            code: status.expect("the server ends").unwrap().code(),
            stdout: self.stdout.all().await,
            stderr: self.stderr.all().await,
        }
    }

    /// Stops the server as operators do.
    pub async fn stop(self) -> Ended {
        self.signal("TERM");
        self.ended().await
    }
}

/// The output of a process, collected as it is written.
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Captured {
    fn from(mut pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let written = bytes.clone();
        let reader = tokio::spawn(async move {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
                written.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    async fn all(mut self) -> String {
        (&mut self.reader).await.unwrap();
        self.text()
    }
}

/// A connection on which the test decides every byte.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects to an origin.
    pub async fn to(origin: &str) -> Self {
        let address = origin.trim_start_matches("http://");
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            received: Vec::new(),
        }
    }

    /// Connects to an origin from that local address.
    pub async fn from(address: IpAddr, origin: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address, 0)).unwrap();
        let to = origin.trim_start_matches("http://").parse().unwrap();
        Self {
            stream: socket.connect(to).await.unwrap(),
            received: Vec::new(),
        }
    }

    /// Like [`from`](Self::from), with a receive buffer of that many bytes: further unread data stays at the server.
    pub async fn with_room(room: u32, address: IpAddr, origin: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(room).unwrap();
        socket.bind(SocketAddr::new(address, 0)).unwrap();
        let to = origin.trim_start_matches("http://").parse().unwrap();
        Self {
            stream: socket.connect(to).await.unwrap(),
            received: Vec::new(),
        }
    }

    /// Whether the server has closed the connection, with or without having sent something.
    pub async fn is_closed(&mut self) -> bool {
        // An error is an end too.
        let end = async {
            while self
                .stream
                .read_buf(&mut self.received)
                .await
                .is_ok_and(|length| length > 0)
            {}
        };
        timeout(Duration::ZERO, end).await.is_ok()
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends bytes, and returns whether the server took them.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Closes this side: nothing more will be sent.
    pub async fn end(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Discards what has been received, or else waits for more, and returns the number of bytes.
    ///
    /// # Panics
    /// If the connection has ended.
    pub async fn read_some(&mut self) -> usize {
        if self.received.is_empty() {
            assert!(self.read_more().await, "the connection ended");
        }
        let length = self.received.len();
        self.received.clear();
        length
    }

    /// Reads up to and including `end`.
    ///
    /// # Panics
    /// If it doesn't come.
    pub async fn read_until(&mut self, end: &str) -> String {
        let read = self.try_read_until(end).await;
        read.unwrap_or_else(|| {
            panic!(
                "the connection ended: {}",
                String::from_utf8_lossy(&self.received)
            )
        })
    }

    /// Reads up to and including `end`. Returns `None` if the connection ends before.
    ///
    /// # Panics
    /// If nothing comes.
    pub async fn try_read_until(&mut self, end: &str) -> Option<String> {
        let end = end.as_bytes();
        loop {
            let found = self.received.windows(end.len()).position(|window| window == end);
            if let Some(position) = found {
                let read = self.received.drain(..position + end.len()).collect();
                return Some(String::from_utf8(read).unwrap());
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    /// Reads an answer that has a `Content-Length`. The body is read only if `with_body` is set: the answer to a HEAD
    /// has none.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn answer(&mut self, with_body: bool) -> Answer {
        let head = self.read_until("\r\n\r\n").await;
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: HeaderMap = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value))
            .map(|(name, value)| (name, HeaderValue::from_str(value).unwrap()))
            .collect();
        let length = headers.get("content-length").map_or("0", |v| v.to_str().unwrap());
        let length = if with_body { length.parse().unwrap() } else { 0 };
        while self.received.len() < length {
            assert!(self.read_more().await, "the connection ended within a body");
        }
        let text = String::from_utf8(self.received.drain(..length).collect()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer {
            status,
            headers,
            text,
            json,
        }
    }

    /// Reads more bytes, and returns whether there were any.
    async fn read_more(&mut self) -> bool {
        self.received.reserve(8192);
        let read = timeout(DEADLINE, self.stream.read_buf(&mut self.received)).await;
        read.expect("the server answers").is_ok_and(|length| length > 0)
    }
}
