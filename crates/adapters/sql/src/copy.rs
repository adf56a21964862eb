//! Copying a whole store. It is streamed table by table, from one snapshot into an empty store, and then compared.

use crate::{
    for_each_table,
    tables::{self, TABLES},
};
use async_trait::async_trait;
use chatgrow_ports::StoreError;
use diesel::{
    deserialize::QueryableByName,
    sql_types::{BigInt, Bool},
};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    hash::{Hash, Hasher},
};
use tokio::sync::mpsc::{Receiver, Sender};

/// How many rows are sent at a time.
pub const BATCH: usize = 500;

macro_rules! joined {
    ($first:ident: $FirstRow:ident, $($table:ident: $Row:ident,)+) => {
        /// Counts the rows of all tables; the result is a [`Count`].
        pub const COUNT: &str = concat!(
            "SELECT (SELECT count(*) FROM ", stringify!($first), ")",
            $(" + (SELECT count(*) FROM ", stringify!($table), ")",)+
            " AS count"
        );

    };
}
for_each_table!(joined);

impl TryFrom<Count> for u64 {
    type Error = StoreError;

    fn try_from(counted: Count) -> Result<Self, StoreError> {
        Self::try_from(counted.count).map_err(StoreError::failed)
    }
}

/// Tells whether the store has an account, and so perhaps anything else; the result is a [`Filled`].
pub const FILLED: &str = "SELECT EXISTS (SELECT 1 FROM accounts) AS filled";

/// The result row of [`COUNT`].
#[derive(QueryableByName)]
pub struct Count {
    /// How many rows all tables have.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// The result row of [`FILLED`].
#[derive(QueryableByName)]
pub struct Filled {
    /// Whether there is one.
    #[diesel(sql_type = Bool)]
    pub filled: bool,
}

/// A store that can be the source and the target of a copy.
#[async_trait]
pub trait Copied: Send + Sync {
    /// Sends everything in the store, from one snapshot.
    ///
    /// # Errors
    /// [`StoreError`] if the store can't be read. Then the parts that were sent are incomplete, and there is no
    /// [`Part::End`].
    async fn export(&self, parts: Sender<Part>) -> Result<(), StoreError>;

    /// Writes everything that it receives, or nothing. It writes nothing if the store is not empty, if the parts have
    /// no end, or if what was written doesn't read as what was sent.
    ///
    /// # Errors
    /// [`ImportError`], and nothing has changed.
    async fn import(&self, parts: Receiver<Part>) -> Result<Summary, ImportError>;
}

/// Why a copy was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The store is not empty.
    #[error("the target is not empty: it has accounts already")]
    NotEmpty,
    /// The parts ended early because the source failed. The source's own error says why.
    #[error("the source came to no end")]
    Interrupted,
    /// What was written doesn't read as what was sent.
    #[error("the copy differs from its source:\n{copy}instead of\n{sent}")]
    Differs {
        /// What was sent.
        sent: Summary,
        /// What the copy holds.
        copy: Summary,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A part of the stream from one store to another.
pub enum Part {
    /// The first part: how many rows will be sent, and which epoch comes after all places in the log of changes that
    /// anybody has seen.
    Begin {
        /// The rows of all tables.
        rows: i64,
        /// The epoch.
        next_epoch: i64,
    },
    /// Rows of one table, ordered by key. A row comes after those that it refers to.
    Batch(Batch),
    /// The last part: a summary of what was sent.
    End(Summary),
}

macro_rules! batch {
    ($($table:ident: $Row:ident,)+) => {
        /// Rows of one table. Each variant has the name of its row type.
        pub enum Batch {
            $($Row(Vec<tables::$Row>)),+
        }

        $(impl From<Vec<tables::$Row>> for Batch {
            fn from(rows: Vec<tables::$Row>) -> Self {
                Self::$Row(rows)
            }
        })+

        impl Batch {
            fn table(&self) -> &'static str {
                match self {
                    $(Self::$Row(_) => stringify!($table)),+
                }
            }

            /// How many rows the batch has.
            #[must_use]
            pub fn rows(&self) -> usize {
                match self {
                    $(Self::$Row(rows) => rows.len()),+
                }
            }

            fn hash_rows(&self, state: &mut impl Hasher) {
                match self {
                    $(Self::$Row(rows) => rows.iter().for_each(|row| row.hash(state))),+
                }
            }
        }
    };
}
for_each_table!(batch);

/// Counts the rows of each table and computes their checksum.
pub struct Tally(Vec<(&'static str, usize, RowDigest)>);

impl Default for Tally {
    fn default() -> Self {
        let tables = TABLES.iter();
        Self(tables.map(|table| (*table, 0, RowDigest::default())).collect())
    }
}

impl Tally {
    /// Adds rows. They must be ordered by key.
    pub fn add(&mut self, batch: &Batch) {
        for (table, rows, digest) in &mut self.0 {
            if *table == batch.table() {
                *rows += batch.rows();
                batch.hash_rows(digest);
            }
        }
    }

    /// The summary of all rows that were added.
    #[must_use]
    pub fn summary(self) -> Summary {
        let tables = self.0.into_iter();
        Summary(
            tables
                .map(|(table, rows, RowDigest(digest))| (table, rows, digest.finalize().into()))
                .collect(),
        )
    }
}

/// SHA-256 over every field. Digests are only compared within one process, so they may differ between machines.
#[derive(Default)]
struct RowDigest(Sha256);

impl Hasher for RowDigest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Never called: the digest is longer than 64 bits.
    fn finish(&self) -> u64 {
        0
    }
}

/// What a store holds: the number of rows of each table, and their checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary(Vec<(&'static str, usize, [u8; 32])>);

impl Summary {
    /// Returns the summary of the copy, if it equals that of what was sent.
    ///
    /// # Errors
    /// [`ImportError::Differs`] if they are not equal.
    pub fn confirmed_by(self, copy: Self) -> Result<Self, ImportError> {
        if self == copy {
            Ok(copy)
        } else {
            Err(ImportError::Differs { sent: self, copy })
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, rows, checksum) in &self.0 {
            write!(f, "  {table:<19} {rows:>10}  ")?;
            checksum
                .iter()
                .take(8)
                .try_for_each(|byte| write!(f, "{byte:02x}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
