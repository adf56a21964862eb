//! The command line. Commands for operators work on the same store as a running server.

use crate::{DatabaseUrl, Failure, database};
use chatgrow_application::Application;
use chatgrow_domain::{
    AccountName, AccountRefusal, AccountSlug, ApiKeyId, ApiKeyName, ApiKeyRefusal, Invalid, LocalMinute,
    MalformedId, Timestamp, parse_date,
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
    /// Create, list and revoke API keys
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
    /// Revoke a key for good; servers refuse it within a second
    Revoke {
        /// The key's id, as `keys list` shows it
        #[arg(value_parser = |text: &str| text.parse::<ApiKeyId>().map_err(|error: MalformedId| error.to_string()))]
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
}

fn told(why: Invalid) -> String {
    why.to_string()
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
    match command {
        KeysCommand::Create(CreateKey {
            name,
            account,
            expires,
        }) => match application.access.api_keys.create(&account, name, expires).await {
            Ok(key) => writeln!(stdout(), "{}", key.reveal()).map_err(|error| {
                format!("a key was made but can't be shown ({error}): revoke it, see `chatgrow keys list`")
            })?,
            Err(chatgrow_ports::Failure::Refused(ApiKeyRefusal::AccountNotFound)) => {
                return Err(format!(
                    "there is no account {}; `chatgrow accounts list` shows all",
                    account.as_str()
                )
                .into());
            }
            Err(error) => return Err(error.into()),
        },
        KeysCommand::List => {
            let columns = ["CREATED", "EXPIRES", "LAST USED", "REVOKED"]
                .map(|name| format!("{name:<24}"))
                .join("  ");
            writeln!(stdout(), "{:<24}  {:<20}  {columns}  NAME", "ID", "ACCOUNT")?;
            for listed in application.access.api_keys.list().await? {
                let key = listed.key;
                let instants = [
                    Some(key.created_at),
                    key.expires_at,
                    key.last_used_at,
                    key.revoked_at,
                ];
                let instants = instants.map(|at| format!("{:<24}", instant(at))).join("  ");
                writeln!(
                    stdout(),
                    "{}  {:<20}  {instants}  {}",
                    key.id,
                    listed.account.as_str(),
                    key.name.as_str()
                )?;
            }
        }
        KeysCommand::Revoke { id } => revoke(application, id).await?,
    }
    Ok(())
}

pub(crate) async fn revoke(application: &Application, id: ApiKeyId) -> Result<(), Failure> {
    if application.access.api_keys.revoke(id).await? {
        Ok(())
    } else {
        Err("there is no key with that id; `chatgrow keys list` shows all".into())
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
