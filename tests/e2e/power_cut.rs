//! Power cuts: what was written and not synced is lost, kept, torn or reordered, as the disk likes.
//!
//! The server runs with a layer between itself and the disk, [`layer.c`](../power-cut/layer.c), which records what a
//! power cut could undo. After a `kill -9`, [`Disk::cut`] undoes some of it.

use crate::{linearizability::Choices, proof::rounds};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::Text};
use e2e::{
    ApiClient,
    binary::{Installation, Server, ended},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::OsString,
    fmt, fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{process::Command, time::sleep};

const DATABASE: &str = "chatgrow.db";
const WAL: &str = "chatgrow.db-wal";

/// A disk writes a sector as a whole.
const SECTOR: usize = 512;

/// The disk below an installation.
pub(crate) struct Disk {
    folder: PathBuf,
    /// The compiled layer, and the folder of its records.
    layer: TempDir,
    lies: bool,
}

/// What a cut leaves of that which was not synced.
enum Left {
    Nothing,
    Anything(Choices),
}

impl Left {
    /// How likely the newest content is to be left, in 64ths. It is the same for a whole file, so that one file may be
    /// new and another old.
    fn likelihood(&mut self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Anything(choices) => [0, 1, 32, 63, 64][choices.below(5)],
        }
    }

    /// Which of so many contents is left. They are numbered from the newest to the last synced one.
    fn choose(&mut self, contents: usize, likelihood: usize) -> usize {
        match self {
            Self::Nothing => contents - 1,
            Self::Anything(choices) => {
                let is_newest = choices.below(64) < likelihood;
                let older = 1 + choices.below(contents - 1);
                if is_newest { 0 } else { older }
            }
        }
    }
}

/// What was not synced at a cut, and what became of it.
#[derive(Default)]
pub(crate) struct Cut {
    /// The cuts, and how many of them left something of a checkpoint unsynced.
    cuts: usize,
    in_database: usize,
    /// The writes, and changes of sizes, that were not synced.
    writes: usize,
    /// The sectors that they touched.
    sectors: usize,
    /// Those that don't have their newest content any more.
    undone: usize,
    /// The names of files that were made or deleted and not synced.
    names: usize,
    /// Those that are as they were before.
    undone_names: usize,
}

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} cuts, {} of them in a checkpoint, with {} unsynced writes; {} of their {} sectors and {} of {} names undone",
            self.cuts,
            self.in_database,
            self.writes,
            self.undone,
            self.sectors,
            self.undone_names,
            self.names,
        )
    }
}

impl Disk {
    /// A disk that keeps what was synced.
    ///
    /// # Panics
    /// If the layer can't be compiled.
    pub(crate) fn new(installation: &Installation) -> Self {
        let layer = TempDir::new().unwrap();
        fs::create_dir(layer.path().join("record")).unwrap();
        let cc = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let compiled = std::process::Command::new(&cc)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(layer.path().join("layer.so"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/power-cut/layer.c"))
            .output();
        let compiled = compiled.unwrap_or_else(|error| {
            panic!("the power cut tests need a C compiler, {}: {error}", cc.display())
        });
        let errors = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "tests/power-cut/layer.c: {errors}");
        Self {
            folder: installation.path(""),
            layer,
            lies: false,
        }
    }

    fn record(&self) -> PathBuf {
        self.layer.path().join("record")
    }

    /// The variables with which the server runs on this disk.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![
            ("LD_PRELOAD", self.layer.path().join("layer.so").into()),
            ("POWER_CUT_FOLDER", self.folder.clone().into()),
            ("POWER_CUT_RECORD", self.record().into()),
        ];
        if self.lies {
            variables.push(("POWER_CUT_LIES", "1".into()));
        }
        variables
    }

    /// Kills the server soon: at any moment, or while it commits, or while it stops and checkpoints the WAL.
    pub(crate) async fn kill(&self, server: &Server, round: u64, moment: Duration) {
        let mut choices = Choices(round);
        sleep(moment).await;
        match round % 3 {
            0 => server.signal("KILL"),
            1 => self.light(WAL, choices.below(200)),
            _ => {
                self.light(DATABASE, choices.below(150));
                server.signal("TERM");
            }
        }
    }

    /// The server is killed instead of changing or syncing that file, after so many changes and syncs of it.
    fn light(&self, file: &str, before: usize) {
        let new = self.record().join("fuse");
        fs::write(&new, vec![0; before]).unwrap();
        fs::rename(new, self.fuse(file)).unwrap();
    }

    fn fuse(&self, file: &str) -> PathBuf {
        let inode = fs::metadata(self.folder.join(file)).unwrap().ino();
        self.record().join(format!("{inode}.fuse"))
    }

    /// Cuts the power, and in every other round again at the first commit of the server that recovers. That command
    /// starts it.
    pub(crate) async fn cut_anywhere(&self, round: u64, recover: Command) -> Cut {
        let mut left = Left::Anything(Choices(round));
        let mut cut = Cut::default();
        self.cut(&mut left, &mut cut);
        if round % 2 == 1 && self.folder.join(WAL).exists() {
            self.light(WAL, Choices(round).below(7));
            let died = ended(recover).await;
            assert_eq!(died.code, None, "{died:?}");
            self.cut(&mut left, &mut cut);
        }
        cut
    }

    /// Cuts the power. The server must have been killed. Fails the test unless SQLite finds no fault in what is left.
    fn cut(&self, left: &mut Left, cut: &mut Cut) {
        cut.cuts += 1;
        self.cut_names(left, cut);
        for entry in self.folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().ends_with("-shm") {
                fs::remove_file(&path).unwrap();
            } else {
                self.cut_file(&path, left, cut);
            }
        }
        fs::remove_dir_all(self.record()).unwrap();
        fs::create_dir(self.record()).unwrap();
        self.check_integrity();
    }

    /// Gives each name one of the files that it has had since the folder was synced, or none.
    fn cut_names(&self, left: &mut Left, cut: &mut Cut) {
        let names = fs::read_to_string(self.record().join("names")).unwrap_or_default();
        let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in names.lines() {
            let (inode, name) = line.split_once(' ').unwrap();
            before.entry(name).or_default().push(inode);
        }
        for (name, inodes) in before {
            cut.names += 1;
            let likelihood = left.likelihood();
            let chosen = left.choose(inodes.len() + 1, likelihood);
            if chosen == 0 {
                continue;
            }
            cut.undone_names += 1;
            let inode = inodes[inodes.len() - chosen];
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => panic!("{name}: {error}"),
                _ => {}
            }
            if inode != "0" {
                fs::hard_link(self.record().join(format!("{inode}.unlinked")), path).unwrap();
            }
        }
    }

    /// Gives the file one of the sizes, and each sector one of the contents, that it has had since it was synced.
    fn cut_file(&self, path: &Path, left: &mut Left, cut: &mut Cut) {
        let inode = fs::metadata(path).unwrap().ino();
        let undo = fs::read(self.record().join(format!("{inode}.undo"))).unwrap_or_default();
        let writes = Write::all(&undo);
        if writes.is_empty() {
            return;
        }
        cut.writes += writes.len();
        cut.in_database += usize::from(path.ends_with(DATABASE));
        let mut file = fs::read(path).unwrap();
        let newest = file.clone();
        let mut sizes = vec![file.len()];
        let mut contents: BTreeMap<usize, Vec<[u8; SECTOR]>> = BTreeMap::new();
        for write in writes.iter().rev() {
            let sectors = write.offset / SECTOR..(write.offset + write.length).div_ceil(SECTOR);
            for number in sectors.clone() {
                contents
                    .entry(number)
                    .or_insert_with(|| vec![sector(&file, number)]);
            }
            file.resize(write.size_before, 0);
            file[write.offset..][..write.before.len()].copy_from_slice(write.before);
            for number in sectors {
                contents.get_mut(&number).unwrap().push(sector(&file, number));
            }
            sizes.push(file.len());
        }
        let likelihood = left.likelihood();
        let size = sizes[left.choose(sizes.len(), likelihood)];
        let mut file = newest;
        file.resize(file.len().max(size).next_multiple_of(SECTOR), 0);
        for (number, contents) in contents {
            let content = contents[left.choose(contents.len(), likelihood)];
            cut.sectors += 1;
            cut.undone += usize::from(content != contents[0]);
            let start = number * SECTOR;
            if start < file.len() {
                file[start..][..SECTOR].copy_from_slice(&content);
            }
        }
        file.truncate(size);
        fs::write(path, file).unwrap();
    }

    /// Fails the test unless SQLite finds no fault in the database. It looks at a copy, because it recovers the WAL.
    fn check_integrity(&self) {
        let copy = TempDir::new().unwrap();
        for entry in self.folder.read_dir().unwrap() {
            let entry = entry.unwrap();
            if !entry.file_name().to_str().unwrap().ends_with("-reserve") {
                fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
        }
        let database = copy.path().join(DATABASE);
        let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
        let faults: Vec<Fault> = sql_query("SELECT integrity_check AS fault FROM pragma_integrity_check")
            .load(&mut connection)
            .unwrap();
        assert_eq!(faults, [Fault { fault: "ok".into() }]);
        let faults: Vec<Fault> = sql_query("SELECT \"table\" AS fault FROM pragma_foreign_key_check")
            .load(&mut connection)
            .unwrap();
        assert_eq!(faults, []);
    }
}

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Fault {
    #[diesel(sql_type = Text)]
    fault: String,
}

/// The sector with that number, filled up with zeros.
fn sector(file: &[u8], number: usize) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    let bytes = file.get(number * SECTOR..).unwrap_or_default();
    let length = bytes.len().min(SECTOR);
    sector[..length].copy_from_slice(&bytes[..length]);
    sector
}

/// A write, or a change of the size, that was not synced.
struct Write<'a> {
    offset: usize,
    length: usize,
    size_before: usize,
    /// What was at the offset before.
    before: &'a [u8],
}

impl<'a> Write<'a> {
    /// The writes that the layer recorded, the first one first. The last record is incomplete if the server was killed
    /// before that write.
    fn all(mut undo: &'a [u8]) -> Vec<Self> {
        let mut writes = Vec::new();
        while let Some((head, rest)) = undo.split_at_checked(24) {
            let number = |at: usize| u64::from_ne_bytes(head[at..at + 8].try_into().unwrap());
            let [offset, length, size_before] = [0, 8, 16].map(|at| usize::try_from(number(at)).unwrap());
            let old = size_before.saturating_sub(offset).min(length);
            let Some((before, rest)) = rest.split_at_checked(old) else {
                break;
            };
            undo = rest;
            writes.push(Self {
                offset,
                length,
                size_before,
                before,
            });
        }
        writes
    }
}

/// The names and the contents of the files, without the index of the WAL.
fn files(installation: &Installation) -> BTreeMap<String, Vec<u8>> {
    let names = installation.files().into_iter();
    let kept = names.filter(|name| !name.ends_with("-shm"));
    kept.map(|name| {
        let content = fs::read(installation.path(&name)).unwrap();
        (name, content)
    })
    .collect()
}

/// Starts a server on that disk. Without its console, it writes nothing of its own at a start.
async fn start_on(disk: &Disk, installation: &Installation) -> Server {
    let mut command = installation.command(&[]);
    command.envs(disk.environment()).env("CONSOLE", "false");
    installation.start_as(command).await
}

/// Creates customers one after the other, and cuts the power. Of what was not synced, nothing is left. Returns the
/// acknowledged ids.
async fn create_and_cut(disk: &Disk, installation: &Installation) -> BTreeSet<String> {
    let server = start_on(disk, installation).await;
    let mut acknowledged = BTreeSet::new();
    let before = customers(&server).await.len();
    for number in before..before + 20 {
        let created = server.customer(&format!("{number}@example.com")).await;
        acknowledged.insert(created["id"].as_str().unwrap().to_owned());
    }
    server.signal("KILL");
    server.ended().await;
    disk.cut(&mut Left::Nothing, &mut Cut::default());
    acknowledged
}

/// The ids of the customers.
async fn customers(server: &ApiClient) -> BTreeSet<String> {
    let customers = server.walk("/customers", "customers", 500).await;
    let ids = customers.iter().map(|customer| customer["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(target_os = "linux"), ignore = "the layer is for Linux")]
async fn sqlite_loses_nothing_on_an_honest_disk_and_everything_on_one_that_lies() {
    let installation = Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"));
    let mut disk = Disk::new(&installation);
    let mut acknowledged = BTreeSet::new();
    for _ in 0..3 {
        acknowledged.extend(create_and_cut(&disk, &installation).await);
        let server = installation.start().await;
        assert_eq!(customers(&server).await, acknowledged);
        server.stop().await;
    }

    disk.lies = true;
    let before = files(&installation);
    let lost = create_and_cut(&disk, &installation).await;
    // So the layer knows of all that the server writes.
    assert!(files(&installation) == before, "something was not undone");
    let server = installation.start().await;
    assert_eq!(customers(&server).await, acknowledged);
    assert!(lost.is_disjoint(&acknowledged));
}

/// The first start makes the files, and prints a key only once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(target_os = "linux"), ignore = "the layer is for Linux")]
async fn the_first_key_survives_a_power_cut() {
    for round in 0..rounds() {
        let installation = Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"));
        let disk = Disk::new(&installation);
        let server = start_on(&disk, &installation).await;
        server.signal("KILL");
        server.ended().await;
        disk.cut(&mut Left::Anything(Choices(round)), &mut Cut::default());
        let server = start_on(&disk, &installation).await;
        assert!(customers(&server).await.is_empty());
    }
}

/// If a server dies before it syncs a commit, the next server finds the commit in the page cache. What it answers
/// because of that must be durable too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(target_os = "linux"), ignore = "the layer is for Linux")]
async fn what_a_crash_left_unsynced_is_durable_when_it_is_answered() {
    const LONG: usize = 10_000;
    let installation = Installation::new(env!("CARGO_BIN_EXE_chatgrow-under-test"));
    let disk = Disk::new(&installation);
    let mut server = start_on(&disk, &installation).await;
    for attempt in 0..20 {
        let create = async |server: &Server, name: &str| {
            let customer = json!({ "name": "Dana", "email": format!("{name}{attempt}@example.com") });
            let request = server.request(Method::POST, "/customers").json(&customer);
            let key = format!("{name} {attempt}");
            request.header("Idempotency-Key", key).send().await
        };
        disk.light(WAL, LONG);
        create(&server, "before").await.unwrap();
        let calls = LONG - usize::try_from(fs::metadata(disk.fuse(WAL)).unwrap().len()).unwrap();
        // One call fewer than the last write took, so the sync is missing. If a page was full, or the server wrote something of its
        // own, the next attempt may hit it.
        disk.light(WAL, calls - 1);
        create(&server, "open").await.unwrap_err();
        server.ended().await;
        fs::remove_file(disk.fuse(WAL)).unwrap();

        server = start_on(&disk, &installation).await;
        let answer = create(&server, "open").await.unwrap();
        let was_there = answer.headers().contains_key("idempotent-replayed");
        let answer: Value = answer.json().await.unwrap();
        server.signal("KILL");
        server.ended().await;
        disk.cut(&mut Left::Nothing, &mut Cut::default());
        server = start_on(&disk, &installation).await;
        let id = answer["customer"]["id"].as_str().unwrap();
        assert!(
            customers(&server).await.contains(id),
            "attempt {attempt}: {answer}"
        );
        if was_there {
            return;
        }
    }
    panic!("no commit was left unsynced");
}
