//! Accounts and API keys.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountRefusal, AccountSlug, ApiKey, ApiKeyDigest, ApiKeyId,
    ApiKeyRefusal,
};
use chatgrow_ports::{AccountStore, ApiKeyStore, Commit, Failure, KeyUse, Page, PageRequest, StoreError};

#[async_trait]
impl AccountStore for MemoryStore {
    async fn insert(&self, account: &Account) -> Result<(), Failure<AccountRefusal>> {
        let method = Method::InsertAccount;
        let check = |tables: &Tables| {
            if tables.accounts.values().any(|other| other.slug == account.slug) {
                return Err(Failure::Refused(AccountRefusal::SlugTaken));
            }
            self.vacant(method, tables.accounts.contains_key(&account.id))?;
            Ok(Some(account.clone()))
        };
        let change = |tables: &mut Tables, account: Account| {
            tables.accounts.insert(account.id, account);
        };
        self.write(method, Commit::default(), check, change)
            .await
            .map(drop)
    }

    async fn by_id(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.read(|tables| Ok(tables.accounts.get(&id).cloned())).await
    }

    async fn by_slug(&self, slug: &AccountSlug) -> Result<Option<Account>, StoreError> {
        self.read(|tables| {
            Ok(tables
                .accounts
                .values()
                .find(|account| account.slug == *slug)
                .cloned())
        })
        .await
    }

    async fn list(&self) -> Result<Vec<Account>, StoreError> {
        let mut accounts: Vec<_> = self
            .read(|tables| tables.accounts.values().cloned().collect())
            .await;
        match self.defect {
            Some(Defect::AccountsById) => {}
            Some(Defect::AccountsByCreationOnly) => {
                accounts.reverse();
                accounts.sort_by_key(|account| account.created_at);
            }
            _ => accounts.sort_by_key(|account| (account.created_at, account.id)),
        }
        Ok(accounts)
    }

    async fn rename(&self, id: AccountId, name: &AccountName, commit: Commit) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let found = tables.accounts.get(&id);
            Ok(found.map(|account| Account {
                name: name.clone(),
                ..account.clone()
            }))
        };
        let change = |tables: &mut Tables, account: Account| {
            if self.has(Defect::RenamesAll) {
                for other in tables.accounts.values_mut() {
                    other.name = account.name.clone();
                }
            }
            tables.accounts.insert(account.id, account);
        };
        self.write(Method::RenameAccount, commit, check, change).await
    }
}

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn insert(&self, key: &ApiKey, commit: Commit) -> Result<(), StoreError> {
        let method = Method::InsertKey;
        let check = |tables: &Tables| {
            self.account(tables, key.account_id)?;
            self.vacant(method, tables.api_keys.get(key.account_id, key.id).is_some())?;
            Ok(Some(key.clone()))
        };
        self.write(method, commit, check, insert).await.map(drop)
    }

    async fn insert_first(&self, key: &ApiKey, commit: Commit) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            self.account(tables, key.account_id)?;
            let any = tables.api_keys.of(key.account_id).next().is_some();
            Ok((!any).then(|| key.clone()))
        };
        self.write(Method::InsertFirstKey, commit, check, insert).await
    }

    async fn by_digest(&self, digest: &ApiKeyDigest) -> Result<Option<ApiKey>, StoreError> {
        let hidden = self.has(Defect::RevokedIsGone);
        let found = |key: &&ApiKey| key.digest == *digest && !(hidden && key.revoked_at.is_some());
        self.read(|tables| Ok(tables.api_keys.all().map(|(_, key)| key).find(found).cloned()))
            .await
    }

    async fn by_id(&self, account: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.read(|tables| {
            Ok(if self.has(Defect::KeyFoundAnywhere) {
                let mut all = tables.api_keys.all().map(|(_, key)| key);
                all.find(|key| key.id == id).cloned()
            } else {
                tables.api_keys.get(account, id).cloned()
            })
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StoreError> {
        let list = List::Keys;
        self.read(|tables| {
            let keys = self.listed(list, &tables.api_keys, account).into_iter();
            Ok(self.page(list, keys.map(|(_, key)| key.clone()), &page))
        })
        .await
    }

    async fn update(&self, key: &ApiKey, commit: Commit) -> Result<(), Failure<ApiKeyRefusal>> {
        let check = |tables: &Tables| {
            self.successor_of_version(Method::UpdateKey, tables, key)
                .map(Some)
        };
        self.write(Method::UpdateKey, commit, check, insert)
            .await
            .map(drop)
    }

    async fn rotate(
        &self,
        key: &ApiKey,
        successor: &ApiKey,
        commit: Commit,
    ) -> Result<(), Failure<ApiKeyRefusal>> {
        let method = Method::RotateKey;
        let check = |tables: &Tables| {
            let key = self.successor_of_version(method, tables, key)?;
            self.vacant(
                method,
                tables.api_keys.get(key.account_id, successor.id).is_some(),
            )?;
            Ok(Some(key))
        };
        let change = |tables: &mut Tables, key: ApiKey| {
            if !self.has(Defect::RotatesHalf) {
                insert(tables, key);
            }
            insert(tables, successor.clone());
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn all(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
        let mut keys: Vec<_> = if self.has(Defect::KeysOfAll) {
            self.read(|tables| tables.api_keys.all().map(|(_, key)| key.clone()).collect())
                .await
        } else {
            self.read(|tables| tables.api_keys.of(account).cloned().collect())
                .await
        };
        match self.defect {
            Some(Defect::KeysById) => {}
            Some(Defect::KeysByCreationOnly) => {
                keys.reverse();
                keys.sort_by_key(|key| key.created_at);
            }
            _ => keys.sort_by_key(|key| (key.created_at, key.id)),
        }
        Ok(keys)
    }

    async fn record_use(&self, uses: &[KeyUse]) -> Result<(), StoreError> {
        let check = |tables: &Tables| {
            let mut last_uses = Vec::new();
            for used in uses {
                let key = if self.has(Defect::UseOfAnyAccount) {
                    tables
                        .api_keys
                        .all()
                        .map(|(_, key)| key)
                        .find(|key| key.id == used.id)
                } else {
                    tables.api_keys.get(used.account_id, used.id)
                };
                if let Some(key) = key
                    && (key.last_used_at < Some(used.at) || self.has(Defect::LastUseMovesBack))
                {
                    last_uses.push((key.account_id, *used));
                }
            }
            if !self.has(Defect::LastUseMovesBack) {
                last_uses.sort_by_key(|(_, used)| used.at);
            }
            Ok::<_, StoreError>(Some(last_uses))
        };
        let change = |tables: &mut Tables, last_uses: Vec<(AccountId, KeyUse)>| {
            for (account, used) in last_uses {
                if let Some(key) = tables.api_keys.get_mut(account, used.id) {
                    key.last_used_at = Some(used.at);
                }
            }
        };
        self.write(Method::RecordUse, Commit::default(), check, change)
            .await
            .map(drop)
    }
}

impl MemoryStore {
    /// The key as it is kept after an update, if the stored version is the one before it.
    fn successor_of_version(
        &self,
        method: Method,
        tables: &Tables,
        key: &ApiKey,
    ) -> Result<ApiKey, Failure<ApiKeyRefusal>> {
        let before = tables.api_keys.get(key.account_id, key.id);
        let revoked = before.is_some_and(|before| before.revoked_at.is_some());
        let stale = !self.follows(method, before.map(|before| before.version), key.version);
        if stale || revoked && !self.has(Defect::UpdatesRevoked) {
            return Err(Failure::Refused(ApiKeyRefusal::VersionMismatch));
        }
        let used = before.and_then(|before| before.last_used_at);
        Ok(ApiKey {
            last_used_at: if self.has(Defect::UpdatesLastUse) {
                key.last_used_at
            } else {
                used
            },
            ..key.clone()
        })
    }
}

fn insert(tables: &mut Tables, key: ApiKey) {
    tables.api_keys.put(key.account_id, key.id, key);
}
