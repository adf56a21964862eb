//! `chatgrow keys`.

use super::{instant, no_account, told};
use crate::Failure;
use chatgrow_application::{Application, ListedKey};
use chatgrow_domain::{
    AccountSlug, AllowedAddresses, ApiKeyEdit, ApiKeyId, ApiKeyName, ApiKeyRefusal, ApiKeyTerms, Invalid,
    KeyRateLimit, LocalMinute, MalformedId, Overlap, PlainApiKey, Scopes, Timestamp, parse_date,
};
use clap::{Args, Subcommand};
use std::io::{Write, stdout};
use time::Time;

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Create an API key and print it, alone and only this once
    Create(CreateKey),
    /// List the keys of all accounts
    List,
    /// Change what a key is called and what it may do; servers apply it within a second
    Edit(EditKey),
    /// Make a successor with the same settings, and print it, alone and only this once
    Rotate {
        /// The key's id, as `keys list` shows it
        #[arg(value_parser = key_id)]
        id: ApiKeyId,
        /// For how many hours the key works beside its successor
        #[arg(long, value_name = "HOURS", default_value = "24", value_parser = |text: &str| overlap(text).map_err(told))]
        overlap: Overlap,
    },
    /// Revoke a key for good; servers refuse it within a second
    Revoke {
        /// The key's id, as `keys list` shows it
        #[arg(value_parser = key_id)]
        id: ApiKeyId,
    },
}

#[derive(Args)]
pub(crate) struct CreateKey {
    /// What the key is for
    #[arg(long, value_parser = |text: &str| ApiKeyName::new(text).map_err(told))]
    name: ApiKeyName,
    /// The slug of the account whose data the key opens
    #[arg(long, default_value = "default", value_parser = |text: &str| AccountSlug::new(text).map_err(told))]
    account: AccountSlug,
    /// The day, YYYY-MM-DD, at whose beginning (in UTC) the key stops working; never, if it is left out
    #[arg(long, value_name = "DATE", value_parser = |text: &str| expiry(text).map_err(told))]
    expires: Option<Timestamp>,
    /// What the key may do, with spaces or commas between the scopes
    #[arg(long, default_value = "full", value_parser = |text: &str| Scopes::parse(text).map_err(told))]
    scopes: Scopes,
    /// The addresses and networks (in CIDR notation) it may be used from, with commas between them; everywhere, if it is left out
    #[arg(long, value_name = "NETWORKS", value_parser = |text: &str| AllowedAddresses::parse(text).map_err(told))]
    allow: Option<AllowedAddresses>,
    /// How many requests it may make in `RATE_LIMIT_WINDOW_MS`, if that is fewer than `RATE_LIMIT_MAX_REQUESTS`
    #[arg(long, value_name = "REQUESTS", value_parser = |text: &str| rate_limit(text).map_err(told))]
    rate_limit: Option<KeyRateLimit>,
}

#[derive(Args)]
pub(crate) struct EditKey {
    /// The key's id, as `keys list` shows it
    #[arg(value_parser = key_id)]
    id: ApiKeyId,
    /// Another name
    #[arg(long, value_parser = |text: &str| ApiKeyName::new(text).map_err(told))]
    name: Option<ApiKeyName>,
    /// Another day at whose beginning it stops working, or `never`
    #[arg(long, value_name = "DATE", value_parser = |text: &str| or_none(text, "never", expiry))]
    expires: Option<Limit<Timestamp>>,
    /// Other scopes
    #[arg(long, value_parser = |text: &str| Scopes::parse(text).map_err(told))]
    scopes: Option<Scopes>,
    /// Other networks, or `everywhere`
    #[arg(long, value_name = "NETWORKS", value_parser = |text: &str| or_none(text, "everywhere", AllowedAddresses::parse))]
    allow: Option<Limit<AllowedAddresses>>,
    /// Another limit, or `none`
    #[arg(long, value_name = "REQUESTS", value_parser = |text: &str| or_none(text, "none", rate_limit))]
    rate_limit: Option<Limit<KeyRateLimit>>,
}

/// A limit that may also be lifted. (clap takes an option within an option for one that may stand without a value.)
#[derive(Debug, Clone)]
struct Limit<T>(Option<T>);

fn or_none<T>(
    text: &str,
    none: &str,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<Limit<T>, String> {
    if text == none {
        return Ok(Limit(None));
    }
    let parsed = parse(text).map_err(|why| format!("{why}, or {none}"))?;
    Ok(Limit(Some(parsed)))
}

fn key_id(text: &str) -> Result<ApiKeyId, String> {
    text.parse().map_err(|error: MalformedId| error.to_string())
}

/// A number that is none is out of every range.
fn overlap(text: &str) -> Result<Overlap, Invalid> {
    Overlap::from_hours(text.parse().unwrap_or(i64::MAX))
}

fn rate_limit(text: &str) -> Result<KeyRateLimit, Invalid> {
    KeyRateLimit::new(text.parse().unwrap_or(i64::MAX))
}

fn expiry(text: &str) -> Result<Timestamp, Invalid> {
    let midnight = LocalMinute::new(parse_date(text)?, Time::MIDNIGHT);
    Timestamp::from_millis(midnight.as_minutes() * 60_000).ok_or(Invalid::Date)
}

pub(crate) async fn keys(application: &Application, command: KeysCommand) -> Result<(), Failure> {
    let keys = &application.access.api_keys;
    match command {
        KeysCommand::Create(CreateKey {
            name,
            account,
            expires,
            scopes,
            allow,
            rate_limit,
        }) => {
            let terms = ApiKeyTerms {
                name,
                scopes,
                expires_at: expires,
                allowed_addresses: allow,
                rate_limit,
            };
            match keys.create_for(&account, terms).await {
                Ok(key) => show(&key)?,
                Err(chatgrow_ports::Failure::Refused(ApiKeyRefusal::AccountNotFound)) => {
                    return Err(no_account(&account));
                }
                Err(error) => return Err(error.into()),
            }
        }
        KeysCommand::Edit(EditKey {
            id,
            name,
            expires,
            scopes,
            allow,
            rate_limit,
        }) => {
            let edit = ApiKeyEdit {
                name,
                scopes,
                expires_at: expires.map(|limit| limit.0),
                allowed_addresses: allow.map(|limit| limit.0),
                rate_limit: rate_limit.map(|limit| limit.0),
            };
            match keys.edit_any(id, edit).await {
                Ok(()) => {}
                Err(chatgrow_ports::Failure::Refused(ApiKeyRefusal::NotFound)) => return Err(NO_KEY.into()),
                Err(error) => return Err(error.into()),
            }
        }
        KeysCommand::Rotate { id, overlap } => match keys.rotate_any(id, overlap).await {
            Ok(key) => show(&key)?,
            Err(chatgrow_ports::Failure::Refused(ApiKeyRefusal::NotFound)) => return Err(NO_KEY.into()),
            Err(error) => return Err(error.into()),
        },
        KeysCommand::List => list(keys.list_all().await?)?,
        KeysCommand::Revoke { id } => revoke(application, id).await?,
    }
    Ok(())
}

fn show(key: &PlainApiKey) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{}", key.reveal()).map_err(|error| {
        format!("a key was made but can't be shown ({error}): revoke it, see `chatgrow keys list`")
    })?)
}

fn list(listed: Vec<ListedKey>) -> Result<(), Failure> {
    let columns = ["CREATED", "EXPIRES", "LAST USED", "REVOKED"].map(|name| format!("{name:<24}"));
    let columns = columns.join("  ");
    writeln!(
        stdout(),
        "{:<24}  {:<20}  {columns}  {:<20}  NAME",
        "ID",
        "ACCOUNT",
        "SCOPES"
    )?;
    for ListedKey { key, account } in listed {
        let instants = [
            Some(key.created_at),
            key.terms.expires_at,
            key.last_used_at,
            key.revoked_at,
        ];
        let instants = instants.map(|at| format!("{:<24}", instant(at))).join("  ");
        writeln!(
            stdout(),
            "{}  {:<20}  {instants}  {:<20}  {}",
            key.id,
            account.as_str(),
            key.terms.scopes.to_string().replace(' ', ","),
            key.terms.name.as_str()
        )?;
    }
    Ok(())
}

const NO_KEY: &str = "there is no key with that id; `chatgrow keys list` shows all";

pub(crate) async fn revoke(application: &Application, id: ApiKeyId) -> Result<(), Failure> {
    match application.access.api_keys.revoke_any(id).await {
        Err(chatgrow_ports::Failure::Refused(ApiKeyRefusal::NotFound)) => Err(NO_KEY.into()),
        revoked => Ok(revoked?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_the_beginning_of_its_day_in_utc() {
        assert_eq!(instant(expiry("2027-01-31").ok()), "2027-01-31T00:00:00.000Z");
        assert_eq!(expiry("31.1.2027"), Err(Invalid::Date));
    }
}
