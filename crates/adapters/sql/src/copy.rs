//! Moving house: a whole store, streamed table by table out of one snapshot into an empty store, and compared there.

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

/// How many rows travel together.
pub const BATCH: usize = 500;

macro_rules! joined {
    ($first:ident: $FirstRow:ident, $($table:ident: $Row:ident,)+) => {
        /// How many rows there are, as a [`Count`].
        pub const COUNT: &str = concat!(
            "SELECT (SELECT count(*) FROM ", stringify!($first), ")",
            $(" + (SELECT count(*) FROM ", stringify!($table), ")",)+
            " AS count"
        );

        /// Whether there is a row in any table, as a [`Filled`].
        pub const FILLED: &str = concat!(
            "SELECT EXISTS (SELECT 1 FROM ", stringify!($first), ")",
            $(" OR EXISTS (SELECT 1 FROM ", stringify!($table), ")",)+
            " AS filled"
        );
    };
}
for_each_table!(joined);

/// The row of [`COUNT`].
#[derive(QueryableByName)]
pub struct Count {
    /// The rows of all tables.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// The row of [`FILLED`].
#[derive(QueryableByName)]
pub struct Filled {
    /// Whether there is a row.
    #[diesel(sql_type = Bool)]
    pub filled: bool,
}

/// A store that can be copied, and be a copy.
#[async_trait]
pub trait Copied: Send + Sync {
    /// Sends everything that is in the store, as of one instant.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read. What was sent is no whole then, and has no [`Part::End`].
    async fn export(&self, parts: Sender<Part>) -> Result<(), StoreError>;

    /// Takes everything, or nothing: where the store is not empty, the parts have no end, or what was written doesn't read as
    /// what was sent.
    ///
    /// # Errors
    /// [`ImportError`], and nothing has changed.
    async fn import(&self, parts: Receiver<Part>) -> Result<Summary, ImportError>;
}

/// Why a store was not filled.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is something in it.
    #[error("the target is not empty: it has accounts already")]
    NotEmpty,
    /// The source has failed; it tells why.
    #[error("the source came to no end")]
    Interrupted,
    /// What was written doesn't read as what was sent.
    #[error("the copy differs from its source:\n{copy}instead of\n{sent}")]
    Differs {
        /// What was sent.
        sent: Summary,
        /// What is there.
        copy: Summary,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A part of a store on its way.
pub enum Part {
    /// The first: how many rows will come.
    Rows(i64),
    /// Rows of one table, in the order of their keys. A row comes after those that it refers to.
    Batch(Batch),
    /// The last: what has come.
    End(Summary),
}

macro_rules! batch {
    ($($table:ident: $Row:ident,)+) => {
        /// Rows of one table; the variant has the name of the row.
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

            /// How many rows there are.
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

/// Counts rows and sums them up, table by table.
pub struct Tally(Vec<(&'static str, usize, RowDigest)>);

impl Default for Tally {
    fn default() -> Self {
        let tables = TABLES.iter();
        Self(tables.map(|table| (*table, 0, RowDigest::default())).collect())
    }
}

impl Tally {
    /// Takes rows in, in the order of their keys.
    pub fn add(&mut self, batch: &Batch) {
        for (table, rows, digest) in &mut self.0 {
            if *table == batch.table() {
                *rows += batch.rows();
                batch.hash_rows(digest);
            }
        }
    }

    /// What was taken in.
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

/// SHA-256 over every field. It serves to compare within one process, so it need not be the same on every machine.
#[derive(Default)]
struct RowDigest(Sha256);

impl Hasher for RowDigest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks for so few of its bits.
    fn finish(&self) -> u64 {
        0
    }
}

/// What a store holds: of each table its rows and their checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary(Vec<(&'static str, usize, [u8; 32])>);

impl Summary {
    /// What is in the copy, if it is what was sent.
    ///
    /// # Errors
    /// [`ImportError::Differs`].
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
