//! Users, sessions and links.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, EmailKey, Link, LinkRefusal, Session, SessionId, Timestamp, TokenDigest, User, UserId,
    UserRefusal,
};
use chatgrow_ports::{Commit, Failure, LinkStore, SessionStore, StoreError, UserStore};

#[async_trait]
impl UserStore for MemoryStore {
    async fn insert(&self, user: &User, commit: Commit) -> Result<(), Failure<UserRefusal>> {
        let method = Method::InsertUser;
        let check = |tables: &Tables| {
            self.account(tables, user.account_id)?;
            let key = user.email.key();
            let same = |other: &User| match self.defect {
                Some(Defect::UserEmailWithCase) => other.email == user.email,
                _ => other.email.key() == key,
            };
            let mut rivals = tables.users.all().filter(|(account, _)| {
                *account == user.account_id || self.has(Defect::UserEmailOfAnyAccount)
            });
            if rivals.any(|(_, other)| same(other)) {
                return Err(Failure::Refused(UserRefusal::EmailTaken));
            }
            self.vacant(method, tables.users.get(user.account_id, user.id).is_some())?;
            Ok(Some(user.clone()))
        };
        self.write(method, commit, check, put).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|tables| Ok(tables.users.get(account, id).cloned()))
            .await
    }

    async fn by_email(&self, email: &EmailKey) -> Result<Vec<User>, StoreError> {
        self.read(|tables| {
            let found = tables
                .users
                .all()
                .map(|(_, user)| user)
                .filter(|user| user.email.key() == *email);
            let most = if self.has(Defect::OneUserOfAddress) {
                1
            } else {
                usize::MAX
            };
            Ok(found.take(most).cloned().collect())
        })
        .await
    }

    async fn all(&self, account: AccountId) -> Result<Vec<User>, StoreError> {
        let mut users: Vec<_> = self
            .read(|tables| tables.users.of(account).cloned().collect())
            .await;
        if !self.has(Defect::UsersById) {
            users.sort_by_key(|user: &User| (user.created_at, user.id));
        }
        Ok(users)
    }

    async fn update(&self, user: &User, commit: Commit) -> Result<(), Failure<UserRefusal>> {
        let method = Method::UpdateUser;
        let check = |tables: &Tables| {
            let before = tables.users.get(user.account_id, user.id);
            if !self.follows(method, before.map(|before| before.version), user.version) {
                return Err(Failure::Refused(UserRefusal::VersionMismatch));
            }
            let others = tables
                .users
                .of(user.account_id)
                .filter(|other| other.id != user.id);
            let counts = |other: &User| match self.defect {
                Some(Defect::InvitedOwnerCounts) => other.disabled_at.is_none(),
                Some(Defect::DisabledOwnerCounts) => other.password.is_some(),
                Some(Defect::StaffCounts) => other.is_active(),
                _ => other.is_active_owner(),
            };
            let stops = before.is_some_and(User::is_active_owner) && !user.is_active_owner();
            if stops && !others.into_iter().any(counts) && !self.has(Defect::LastOwnerGoes) {
                return Err(Failure::Refused(UserRefusal::LastOwner));
            }
            let email = before.map_or(&user.email, |before| &before.email);
            Ok(Some(User {
                email: if self.has(Defect::UpdatesEmail) {
                    user.email.clone()
                } else {
                    email.clone()
                },
                ..user.clone()
            }))
        };
        self.write(method, commit, check, put).await.map(drop)
    }
}

fn put(tables: &mut Tables, user: User) {
    tables.users.put(user.account_id, user.id, user);
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let method = Method::InsertSession;
        let check = |tables: &Tables| {
            let user = tables.users.get(session.account_id, session.user);
            user.ok_or_else(|| StoreError::failed("the account has no such user"))?;
            self.vacant(
                method,
                tables.sessions.get(session.account_id, session.id).is_some(),
            )?;
            Ok(Some(session.clone()))
        };
        let change = |tables: &mut Tables, session: Session| {
            tables.sessions.put(session.account_id, session.id, session);
        };
        self.write(method, Commit::default(), check, change)
            .await
            .map(drop)
    }

    async fn by_digest(&self, digest: &TokenDigest) -> Result<Option<(Session, User)>, StoreError> {
        self.read(|tables| {
            let mut all = tables.sessions.all().map(|(_, session)| session);
            let found = all.find(|session| session.digest == *digest);
            Ok(found.and_then(|session| {
                let user = tables.users.get(session.account_id, session.user)?;
                Some((session.clone(), user.clone()))
            }))
        })
        .await
    }

    async fn of_user(&self, account: AccountId, user: UserId) -> Result<Vec<Session>, StoreError> {
        let is_of = |session: &&Session| session.user == user || self.has(Defect::SessionsOfAll);
        let mut sessions: Vec<_> = self
            .read(|tables| tables.sessions.of(account).filter(is_of).cloned().collect())
            .await;
        if !self.has(Defect::SessionsById) {
            sessions.sort_by_key(|session: &Session| (session.created_at, session.id));
        }
        Ok(sessions)
    }

    async fn record_use(&self, account: AccountId, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let check = |tables: &Tables| {
            let session = tables.sessions.get(account, id);
            let later = |session: &&Session| session.used_at < at || self.has(Defect::SessionMovesBack);
            Ok::<_, StoreError>(session.filter(later).cloned())
        };
        let change = |tables: &mut Tables, session: Session| {
            let used = Session {
                used_at: at,
                ..session
            };
            tables.sessions.put(account, id, used);
        };
        self.write(Method::UseSession, Commit::default(), check, change)
            .await
            .map(drop)
    }

    async fn end(&self, account: AccountId, user: UserId, id: SessionId) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let session = tables.sessions.get(account, id);
            let is_of = |session: &&Session| session.user == user || self.has(Defect::EndsOfAnyUser);
            Ok::<_, StoreError>(session.filter(is_of).map(|session| session.id))
        };
        let change = |tables: &mut Tables, id| tables.sessions.remove(account, id);
        self.write(Method::EndSession, Commit::default(), check, change)
            .await
    }

    async fn end_others(
        &self,
        account: AccountId,
        user: UserId,
        kept: Option<SessionId>,
    ) -> Result<(), StoreError> {
        let kept = kept.filter(|_| !self.has(Defect::EndsAll));
        let check = |tables: &Tables| {
            let others = tables.sessions.of(account).filter(|session| {
                (session.user == user || self.has(Defect::EndsOfAnyUser)) && Some(session.id) != kept
            });
            Ok::<_, StoreError>(Some(others.map(|session| session.id).collect::<Vec<_>>()))
        };
        let change = |tables: &mut Tables, ids| {
            for id in ids {
                tables.sessions.remove(account, id);
            }
        };
        self.write(Method::EndSession, Commit::default(), check, change)
            .await
            .map(drop)
    }

    async fn sweep_sessions(&self, before: Timestamp, most: u32) -> Result<usize, StoreError> {
        let old = |session: &&Session| session.used_at <= before || self.has(Defect::SweepsSessions);
        let mut ended = 0;
        let check = |tables: &Tables| {
            let mut all: Vec<_> = tables
                .sessions
                .all()
                .map(|(_, session)| session)
                .filter(old)
                .cloned()
                .collect();
            all.sort_by_key(|session| session.used_at);
            all.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            ended = all.len();
            Ok::<_, StoreError>((!all.is_empty()).then_some(all))
        };
        let change = |tables: &mut Tables, sessions: Vec<Session>| {
            for session in sessions {
                tables.sessions.remove(session.account_id, session.id);
            }
        };
        self.write(Method::SweepSessions, Commit::default(), check, change)
            .await?;
        Ok(ended)
    }
}

#[async_trait]
impl LinkStore for MemoryStore {
    async fn insert(&self, link: &Link) -> Result<(), StoreError> {
        let method = Method::InsertLink;
        let check = |tables: &Tables| {
            self.account(tables, link.account_id)?;
            if link
                .user
                .is_some_and(|user| tables.users.get(link.account_id, user).is_none())
            {
                return Err(StoreError::failed("the account has no such user"));
            }
            self.vacant(method, tables.links.get(link.account_id, link.digest).is_some())?;
            Ok(Some(link.clone()))
        };
        let change = |tables: &mut Tables, link: Link| tables.links.put(link.account_id, link.digest, link);
        self.write(method, Commit::default(), check, change)
            .await
            .map(drop)
    }

    async fn by_digest(&self, digest: &TokenDigest) -> Result<Option<Link>, StoreError> {
        self.read(|tables| {
            let mut all = tables.links.all().map(|(_, link)| link);
            Ok(all.find(|link| link.digest == *digest).cloned())
        })
        .await
    }

    async fn follow(
        &self,
        link: &Link,
        user: &User,
        now: Timestamp,
        commit: Commit,
    ) -> Result<(), Failure<LinkRefusal>> {
        let method = Method::Follow;
        let account = link.account_id;
        let check = |tables: &Tables| {
            let stored = tables.links.get(account, link.digest);
            let works = |link: &Link| link.expires_at > now || self.has(Defect::FollowsExpired);
            let gone = Err(Failure::Refused(LinkRefusal::Gone));
            if !stored.is_some_and(works) {
                return gone;
            }
            let fits = match link.user {
                None => tables.users.of(account).next().is_none() || self.has(Defect::SetsUpAgain),
                Some(id) => {
                    let before = tables.users.get(account, id).map(|before| before.version);
                    self.follows(method, before, user.version)
                }
            };
            if fits { Ok(Some(user.clone())) } else { gone }
        };
        let change = |tables: &mut Tables, user: User| {
            put(tables, user);
            let of_same = |other: &&Link| other.user == link.user;
            let others: Vec<_> = tables
                .links
                .of(account)
                .filter(of_same)
                .map(|other| other.digest)
                .collect();
            for other in others {
                if other == link.digest || !self.has(Defect::OtherLinksStay) {
                    tables.links.remove(account, other);
                }
            }
            let of_user = |session: &&Session| Some(session.user) == link.user;
            let sessions: Vec<_> = tables
                .sessions
                .of(account)
                .filter(of_user)
                .map(|session| session.id)
                .collect();
            for session in sessions
                .into_iter()
                .filter(|_| !self.has(Defect::SessionsOutlivePassword))
            {
                tables.sessions.remove(account, session);
            }
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn end(&self, account: AccountId, user: UserId) -> Result<(), StoreError> {
        let ended = |tables: &Tables| -> Vec<TokenDigest> {
            let links = tables.links.of(account);
            let of_user = |link: &&Link| link.user == Some(user) || self.has(Defect::EndsAllLinks);
            links.filter(of_user).map(|link| link.digest).collect()
        };
        let check = |tables: &Tables| {
            let ended = ended(tables);
            Ok::<_, StoreError>((!ended.is_empty()).then_some(ended))
        };
        let change = |tables: &mut Tables, ended: Vec<TokenDigest>| {
            for digest in ended {
                tables.links.remove(account, digest);
            }
        };
        self.write(Method::EndLinks, Commit::default(), check, change)
            .await
            .map(drop)
    }

    async fn sweep_links(&self, now: Timestamp, most: u32) -> Result<usize, StoreError> {
        let expired = |link: &&Link| link.expires_at <= now || self.has(Defect::SweepsLinks);
        let mut forgotten = 0;
        let check = |tables: &Tables| {
            let mut all: Vec<_> = tables
                .links
                .all()
                .map(|(_, link)| link)
                .filter(expired)
                .cloned()
                .collect();
            all.sort_by_key(|link| link.expires_at);
            all.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            forgotten = all.len();
            Ok::<_, StoreError>((!all.is_empty()).then_some(all))
        };
        let change = |tables: &mut Tables, links: Vec<Link>| {
            for link in links {
                tables.links.remove(link.account_id, link.digest);
            }
        };
        self.write(Method::SweepLinks, Commit::default(), check, change)
            .await?;
        Ok(forgotten)
    }
}
