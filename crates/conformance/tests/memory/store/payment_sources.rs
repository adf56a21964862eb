//! Payment sources, and the log of their notices.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, InboundToken, NoticeOutcome, PaymentNotice, PaymentNoticeId, PaymentSource, PaymentSourceId,
    PaymentSourceRefusal, Timestamp,
};
use chatgrow_ports::{
    Commit, Failure, Page, PageRequest, PaymentNoticeStore, PaymentSourceStore, StoreError,
};
use std::cmp::Reverse;

impl MemoryStore {
    /// Refuses a notice that was taken before. One whose outcome is not final is replaced.
    pub(super) fn check_notice(&self, tables: &Tables, commit: &Commit) -> Result<(), StoreError> {
        let Some((account, notice)) = &commit.notice else {
            return Ok(());
        };
        let known = tables.notices.all().find(|(owner, known)| {
            (owner == account || self.has(Defect::NoticesOfAll))
                && (known.source == notice.source || self.has(Defect::NoticesOfAllSources))
                && known.key == notice.key
        });
        let stays = |known: &PaymentNotice| match known.outcome {
            NoticeOutcome::Unreadable => self.has(Defect::UnreadableStays),
            NoticeOutcome::Ignored => self.has(Defect::IgnoredStays),
            outcome => outcome.is_final(),
        };
        match known {
            Some((_, known)) if stays(known) && !self.has(Defect::NoticedTwice) => Err(StoreError::Repeated),
            _ => Ok(()),
        }
    }

    pub(super) fn put_notice(&self, tables: &mut Tables, commit: &Commit) {
        if self.has(Defect::Unnoticed) {
            return;
        }
        if let Some((account, notice)) = &commit.notice {
            let replaced = tables
                .notices
                .of(*account)
                .find(|known| known.source == notice.source && known.key == notice.key)
                .map(|known| (known.source, known.id));
            if let Some(replaced) = replaced {
                tables.notices.remove(*account, replaced);
            }
            let mut notice = notice.clone();
            if self.has(Defect::ForgetsProblem) {
                notice.problem = None;
            }
            tables.notices.put(*account, (notice.source, notice.id), notice);
        }
    }
}

#[async_trait]
impl PaymentSourceStore for MemoryStore {
    async fn insert(&self, source: &PaymentSource, commit: Commit) -> Result<(), StoreError> {
        let method = Method::InsertSource;
        let check = |tables: &Tables| {
            self.account(tables, source.account_id)?;
            let mut all = tables.sources.all();
            if all.any(|(_, other)| other.token == source.token) && !self.has(Defect::SharedTokens) {
                return Err(StoreError::failed("another source has the token"));
            }
            let there = tables.sources.get(source.account_id, source.id);
            self.vacant(method, there.is_some())?;
            Ok(Some(source.clone()))
        };
        let change = |tables: &mut Tables, source: PaymentSource| {
            tables.sources.put(source.account_id, source.id, source);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(
        &self,
        account: AccountId,
        id: PaymentSourceId,
    ) -> Result<Option<PaymentSource>, StoreError> {
        self.read(|tables| {
            let mut all = tables.sources.all().filter(|(_, source)| source.id == id);
            let anywhere = self.has(Defect::SourceFoundAnywhere);
            let found = all.find(|(owner, _)| *owner == account || anywhere);
            Ok(found.map(|(_, source)| source.clone()))
        })
        .await
    }

    async fn by_token(&self, token: &InboundToken) -> Result<Option<PaymentSource>, StoreError> {
        self.read(|tables| {
            let mut all = tables.sources.all().map(|(_, source)| source);
            Ok(all.find(|source| source.token == *token).cloned())
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        page: PageRequest<PaymentSourceId>,
    ) -> Result<Page<PaymentSource, PaymentSourceId>, StoreError> {
        let list = List::Sources;
        self.read(|tables| {
            let sources = self.listed(list, &tables.sources, account).into_iter();
            Ok(self.page(list, sources.map(|(_, source)| source.clone()), &page))
        })
        .await
    }

    async fn update(
        &self,
        source: &PaymentSource,
        commit: Commit,
    ) -> Result<(), Failure<PaymentSourceRefusal>> {
        let method = Method::UpdateSource;
        let check = |tables: &Tables| {
            let before = tables.sources.get(source.account_id, source.id);
            if !self.follows(method, before.map(|before| before.version), source.version) {
                return Err(Failure::Refused(PaymentSourceRefusal::VersionMismatch));
            }
            let mut source = source.clone();
            if self.has(Defect::ForgetsPreviousNoticeSecret) {
                source.previous_secret = None;
            }
            Ok(Some(source))
        };
        let change = |tables: &mut Tables, source: PaymentSource| {
            tables.sources.put(source.account_id, source.id, source);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn remove(
        &self,
        account: AccountId,
        id: PaymentSourceId,
        commit: Commit,
    ) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let mut all = tables.sources.all().filter(|(_, source)| source.id == id);
            let anywhere = self.has(Defect::SourceRemovedAnywhere);
            let found = all.find(|(owner, _)| *owner == account || anywhere);
            Ok(found.map(|(owner, _)| owner))
        };
        let change = |tables: &mut Tables, owner: AccountId| {
            tables.sources.remove(owner, id);
            if self.has(Defect::NoticesGoWithSource) {
                let of_source = tables.notices.of(owner).filter(|notice| notice.source == id);
                for gone in of_source.map(|notice| (id, notice.id)).collect::<Vec<_>>() {
                    tables.notices.remove(owner, gone);
                }
            }
        };
        self.write(Method::RemoveSource, commit, check, change).await
    }
}

#[async_trait]
impl PaymentNoticeStore for MemoryStore {
    async fn list(
        &self,
        account: AccountId,
        source: PaymentSourceId,
        page: PageRequest<Reverse<PaymentNoticeId>>,
    ) -> Result<Page<PaymentNotice, Reverse<PaymentNoticeId>>, StoreError> {
        let list = List::Notices;
        self.read(|tables| {
            let notices = self.listed(list, &tables.notices, account).into_iter();
            let of_source = notices
                .map(|(_, notice)| notice)
                .filter(|notice| notice.source == source || self.has(Defect::NoticesOfAllSourcesListed));
            Ok(self.page(list, of_source.cloned(), &page))
        })
        .await
    }

    async fn sweep(&self, before: Timestamp, most: u32) -> Result<usize, StoreError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut swept = 0;
        let check = |tables: &Tables| {
            let old = tables.notices.all().filter(|(_, notice)| match self.defect {
                Some(Defect::NoticesSweptLate) => notice.received_at < before,
                Some(Defect::NoticesSweptAll) => true,
                _ => notice.received_at <= before,
            });
            let mut old: Vec<_> = old
                .map(|(owner, notice)| (owner, (notice.source, notice.id)))
                .collect();
            if !self.has(Defect::NoticesSweptWithoutLimit) {
                old.truncate(most);
            }
            swept = old.len();
            Ok::<_, StoreError>((!old.is_empty()).then_some(old))
        };
        let change = |tables: &mut Tables, old: Vec<_>| {
            for (owner, key) in old {
                tables.notices.remove(owner, key);
            }
        };
        self.write(Method::SweepNotices, Commit::default(), check, change)
            .await?;
        Ok(swept)
    }
}
