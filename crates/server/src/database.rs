//! Choosing and opening a store. This is the only place that knows every adapter.

use crate::Failure;
use chatgrow_ports::{Closed, StoreHealth, Stores};
use chatgrow_postgres::{PostgresStore, PostgresUrl};
use chatgrow_sql::{
    Migrations,
    copy::{Copied, Part, Summary},
};
use chatgrow_sqlite::SqliteStore;
use indicatif::{ProgressBar, ProgressStyle};
use prometheus_client::registry::Registry;
use std::{
    fmt, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};
use tokio::sync::mpsc::channel;

/// The most parts of a copy that are buffered between the source and the target.
const PARTS: usize = 4;

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://` and a path, which is relative, or absolute after a third slash.
    Sqlite(PathBuf),
    /// `postgres://user:password@host:port/database`.
    Postgres(Box<PostgresUrl>),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return PostgresUrl::parse(url)
                .map(|url| Self::Postgres(Box::new(url)))
                .map_err(|why| format!("must be a valid postgres:// URL: {why}"));
        }
        match url.strip_prefix("sqlite://") {
            Some(path)
                if !path.is_empty()
                    && !path.ends_with('/')
                    && !path.contains(['?', '#'])
                    && !path.starts_with(':') =>
            {
                Ok(Self::Sqlite(path.into()))
            }
            _ => Err(
                "must be sqlite:// and the path of a file, such as sqlite://chatgrow.db or sqlite:///var/lib/chatgrow/chatgrow.db, or postgres://user:password@host/database"
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => write!(f, "postgres://{url}"),
        }
    }
}

/// A database, and how to use it.
#[derive(Debug, Clone)]
pub struct Database {
    /// `DATABASE_URL`.
    pub url: DatabaseUrl,
    /// `DATABASE_CONNECTIONS`: the most connections to PostgreSQL.
    pub connections: NonZeroU32,
    /// `AUTO_MIGRATE`: whether the schema is migrated at start-up.
    pub migrations: Migrations,
    /// `RATE_LIMIT_SHARED`: whether the servers on one PostgreSQL limit together.
    pub shared_limits: bool,
}

impl Database {
    /// The database at that URL, with default settings.
    #[must_use]
    pub fn at(url: DatabaseUrl) -> Self {
        Self {
            url,
            connections: chatgrow_postgres::Options::default().connections,
            migrations: Migrations::Run,
            shared_limits: true,
        }
    }

    /// Opens the store, and registers its metrics.
    ///
    /// # Errors
    /// The database can't be opened.
    pub async fn open(&self, metrics: &mut Registry) -> Result<Stores, Failure> {
        Ok(match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let store = self.sqlite(path)?;
                store.register_metrics(metrics);
                Stores::of(Arc::new(store))
            }
            DatabaseUrl::Postgres(url) => {
                let store = self.postgres(url).await?;
                store.register_metrics(metrics);
                let store = Arc::new(store);
                let mut stores = Stores::of(store.clone());
                if self.shared_limits {
                    stores.access.quotas = Some(store);
                }
                stores
            }
        })
    }

    /// Where the key for secrets is, unless the operator gives one: beside the embedded database.
    pub(crate) fn secrets_file(&self) -> Option<PathBuf> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut path = path.clone().into_os_string();
                path.push(".secrets-key");
                Some(path.into())
            }
            DatabaseUrl::Postgres(_) => None,
        }
    }

    /// Warns if data may travel to the database unencrypted.
    pub(crate) fn warn_if_exposed(&self) {
        if let DatabaseUrl::Postgres(url) = &self.url
            && url.may_go_unencrypted()
        {
            tracing::warn!(
                database = %self.url,
                "the connection to the database may be unencrypted, and to anybody: set sslmode=verify-full, or disable if the network is yours"
            );
        }
    }

    /// Reserves disk space, so that keys can be revoked even if the disk is full.
    ///
    /// # Errors
    /// The space can't be reserved.
    pub(crate) fn keep_reserve(&self) -> io::Result<()> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => chatgrow_sqlite::reserve::keep(path),
            DatabaseUrl::Postgres(_) => Ok(()),
        }
    }

    /// Frees the reserved space, and returns whether there was any.
    ///
    /// # Errors
    /// The space can't be freed.
    pub(crate) fn free_reserve(&self) -> io::Result<bool> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => chatgrow_sqlite::reserve::free(path),
            DatabaseUrl::Postgres(_) => Ok(false),
        }
    }

    /// Opens the database as one side of a copy. The future completes once the store is closed.
    async fn copied(&self) -> Result<(Arc<dyn Copied>, Closed), Failure> {
        fn with_end<S: Copied + StoreHealth + 'static>(store: S) -> (Arc<dyn Copied>, Closed) {
            let closed = store.closed();
            (Arc::new(store), closed)
        }
        Ok(match &self.url {
            DatabaseUrl::Sqlite(path) => with_end(self.sqlite(path)?),
            DatabaseUrl::Postgres(url) => with_end(self.postgres(url).await?),
        })
    }

    fn sqlite(&self, path: &Path) -> Result<SqliteStore, chatgrow_sqlite::OpenError> {
        let options = chatgrow_sqlite::Options {
            migrations: self.migrations,
            ..chatgrow_sqlite::Options::default()
        };
        SqliteStore::open(path, options)
    }

    async fn postgres(&self, url: &PostgresUrl) -> Result<PostgresStore, chatgrow_postgres::OpenError> {
        let options = chatgrow_postgres::Options {
            connections: self.connections,
            threads: crate::workers(),
            migrations: self.migrations,
        };
        PostgresStore::open(url, options).await
    }
}

/// Migrates the schema, whatever `AUTO_MIGRATE` says.
///
/// # Errors
/// The database can't be opened, or a migration fails.
pub(crate) async fn migrate(database: &Database) -> Result<(), Failure> {
    let database = Database {
        migrations: Migrations::Run,
        ..database.clone()
    };
    database.open(&mut Registry::default()).await.map(|_| ())
}

/// Copies everything from one database to another, which must be empty, and returns what was copied.
///
/// # Errors
/// One of them can't be opened or fails, or the target is not empty. An empty target stays empty.
pub(crate) async fn copy(from: DatabaseUrl, to: DatabaseUrl) -> Result<Summary, Failure> {
    // The source is only read. It is neither created nor migrated.
    let source = Database {
        migrations: Migrations::Expect,
        ..Database::at(from)
    };
    let (source, source_closed) = source.copied().await?;
    let (target, target_closed) = Database::at(to).copied().await?;

    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(
        "{bar:40} {human_pos}/{human_len} rows  {per_sec}  {eta} left",
    )?);
    let (sender, mut sent) = channel(PARTS);
    let (forward, received) = channel(PARTS);
    let shown = bar.clone();
    // This future owns both of its channel ends, so if one side gives up, the other finds its channel closed.
    let pass_on = async move {
        while let Some(part) = sent.recv().await {
            match &part {
                Part::Begin { rows, .. } => shown.set_length(rows.unsigned_abs()),
                Part::Batch(batch) => shown.inc(batch.rows() as u64),
                Part::End(_) => {}
            }
            if forward.send(part).await.is_err() {
                break;
            }
        }
    };
    let (exported, (), imported) = tokio::join!(source.export(sender), pass_on, target.import(received));
    bar.finish_and_clear();
    drop((source, target));
    crate::wait_for(source_closed).await;
    crate::wait_for(target_closed).await;
    match imported {
        Err(chatgrow_sql::copy::ImportError::Interrupted) => {
            exported?;
            Err("the source came to no end".into())
        }
        imported => Ok(imported?),
    }
}
