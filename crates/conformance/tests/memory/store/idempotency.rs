//! Records of requests.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, ObjectId, Timestamp};
use chatgrow_ports::{Commit, IdempotencyKey, IdempotencyRecord, IdempotencyStore, StoreError};

impl MemoryStore {
    /// The key of a record in the table.
    pub(super) fn key(&self, record: &IdempotencyRecord) -> (AccountId, IdempotencyKey) {
        (self.owner(record.account), record.key)
    }

    fn owner(&self, account: AccountId) -> AccountId {
        if self.has(Defect::RecordsOfAll) {
            AccountId::new(ObjectId::from_bytes([0; 12]))
        } else {
            account
        }
    }

    /// Refuses a request that was carried out before. Whether the old record has expired is decided by the new record's
    /// time.
    pub(super) fn check_record(
        &self,
        method: Method,
        tables: &Tables,
        commit: &Commit,
    ) -> Result<(), StoreError> {
        let Some(record) = &commit.record else {
            return Ok(());
        };
        let Some(old) = tables.records.get(&self.key(record)) else {
            return Ok(());
        };
        let expired = match self.defect {
            Some(Defect::RecordsNeverExpire) => false,
            Some(Defect::RecordsExpireAtOnce) => true,
            Some(Defect::RecordsExpireLate) => old.expires_at < record.created_at,
            Some(Defect::Repeats(repeated)) if repeated == method => true,
            _ => old.expires_at <= record.created_at,
        };
        if expired {
            Ok(())
        } else {
            Err(StoreError::Repeated)
        }
    }
}

#[async_trait]
impl IdempotencyStore for MemoryStore {
    async fn find(
        &self,
        account: AccountId,
        key: IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let key = (self.owner(account), key);
        self.read(|tables| Ok(tables.records.get(&key).cloned())).await
    }

    async fn write(&self, commit: Commit) -> Result<(), StoreError> {
        let written = self.write(Method::WriteRecord, commit, |_| Ok(Some(())), |_, ()| ());
        written.await.map(drop)
    }

    async fn sweep(&self, now: Timestamp, most: u32) -> Result<usize, StoreError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let expired = |record: &IdempotencyRecord| match self.defect {
            Some(Defect::SweepsAll) => true,
            Some(Defect::SweepsLate) => record.expires_at < now,
            Some(Defect::SweepsNothing) => false,
            _ => record.expires_at <= now,
        };
        let mut forgotten = 0;
        let check = |tables: &Tables| {
            let records = tables.records.iter().filter(|(_, record)| expired(record));
            let mut records: Vec<_> = records.map(|(key, _)| *key).collect();
            if !self.has(Defect::SweepsWithoutLimit) {
                records.truncate(most);
            }
            forgotten = records.len();
            Ok::<_, StoreError>((!records.is_empty()).then_some(records))
        };
        let change = |tables: &mut Tables, keys: Vec<_>| {
            for key in keys {
                tables.records.remove(&key);
            }
        };
        self.write(Method::Sweep, Commit::default(), check, change)
            .await?;
        Ok(if self.has(Defect::SweepMiscounts) {
            most
        } else {
            forgotten
        })
    }
}
