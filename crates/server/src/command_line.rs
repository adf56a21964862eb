//! The command line. Commands for operators work on the same store as a running server.

use crate::{DatabaseUrl, Failure, database};
use chatgrow_application::{Application, ListedKey};
use chatgrow_domain::{
    AccountName, AccountRefusal, AccountSlug, AllowedAddresses, ApiKeyId, ApiKeyName, ApiKeyRefusal,
    ApiKeyTerms, Invalid, KeyRateLimit, LocalMinute, MalformedId, Overlap, PlainApiKey, Scopes, Timestamp,
    parse_date,
};
use clap::{Args, Parser, Subcommand};
use std::io::{Write, stdout};
use time::{Time, macros::format_description};

/// A self-hosted booking and CRM integration API.
#[derive(Parser)]
#[command(
    name = "chatgrow",
    version,
    about,
    after_help = "Configuration comes from the environment and from .env: see env.example."
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start the server (what `chatgrow` alone does, too)
    Serve,
    /// Create and list accounts
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// Create, list, rotate and revoke API keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Bring the database's schema up to date, and do nothing else
    Migrate,
    /// Copy a whole database into an empty one, of either kind, and compare; stop the servers first
    Copy {
        /// What to copy: a URL as `DATABASE_URL` has it
        #[arg(long, value_name = "URL")]
        from: String,
        /// Where to: an empty database
        #[arg(long, value_name = "URL")]
        to: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum AccountsCommand {
    /// Create an account: a business with its own data and its own keys
    Create {
        /// Names the account in commands: lowercase letters, digits and hyphens
        #[arg(value_parser = |text: &str| AccountSlug::new(text).map_err(told))]
        slug: AccountSlug,
        /// What people call the business
        #[arg(long, value_parser = |text: &str| AccountName::new(text).map_err(told))]
        name: AccountName,
    },
    /// List all accounts
    List,
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Create an API key and print it, alone and only this once
    Create(CreateKey),
    /// List the keys of all accounts
    List,
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

fn told(why: Invalid) -> String {
    why.to_string()
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

/// The URLs are passed as text, because clap would print an invalid one in full, with its password.
pub(crate) async fn copy(from: &str, to: &str) -> Result<(), Failure> {
    let url = |option: &str, text: &str| {
        text.parse::<DatabaseUrl>()
            .map_err(|why| format!("{option} {why}"))
    };
    let (from, to) = (url("--from", from)?, url("--to", to)?);
    let told = format!("{from} was copied to {to}");
    let copied = database::copy(from, to).await?;
    writeln!(stdout(), "{told}; rows and checksums are equal:\n{copied}")?;
    Ok(())
}

pub(crate) async fn accounts(application: &Application, command: AccountsCommand) -> Result<(), Failure> {
    match command {
        AccountsCommand::Create { slug, name } => {
            match application.access.accounts.create(slug, name).await {
                Ok(account) => writeln!(stdout(), "{}", account.slug.as_str())?,
                Err(chatgrow_ports::Failure::Refused(AccountRefusal::SlugTaken)) => {
                    return Err("there is an account with that slug already".into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        AccountsCommand::List => {
            writeln!(stdout(), "{:<24}  {:<20}  NAME", "CREATED", "SLUG")?;
            for account in application.access.accounts.list().await? {
                let created = instant(Some(account.created_at));
                writeln!(
                    stdout(),
                    "{created:<24}  {:<20}  {}",
                    account.slug.as_str(),
                    account.name.as_str()
                )?;
            }
        }
    }
    Ok(())
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
                    return Err(format!(
                        "there is no account {}; `chatgrow accounts list` shows all",
                        account.as_str()
                    )
                    .into());
                }
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
    if application.access.api_keys.revoke_any(id).await? {
        Ok(())
    } else {
        Err(NO_KEY.into())
    }
}

fn instant(at: Option<Timestamp>) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.and_then(|at| at.to_utc().format(form).ok())
        .unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn an_expiry_is_the_beginning_of_its_day_in_utc() {
        assert_eq!(instant(expiry("2027-01-31").ok()), "2027-01-31T00:00:00.000Z");
        assert_eq!(expiry("31.1.2027"), Err(Invalid::Date));
    }
}
