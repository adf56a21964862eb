//! The command line. Commands for operators work on the same store as a running server.

mod keys;
mod users;

pub(crate) use keys::{KeysCommand, keys, revoke};
pub(crate) use users::{UsersCommand, set_up_link, users};

use crate::{DatabaseUrl, Failure, database};
use chatgrow_application::Application;
use chatgrow_domain::{AccountName, AccountRefusal, AccountSlug, Invalid, Timestamp};
use clap::{Parser, Subcommand};
use std::io::{Write, stdout};
use time::macros::format_description;

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
    /// Create, list, edit, rotate and revoke API keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// List, help and disable the users of the console
    #[command(subcommand)]
    Users(UsersCommand),
    /// Print a link that sets an account up in the console; it works once, within 30 minutes
    SetupLink {
        /// The account's slug
        #[arg(long, default_value = "default", value_parser = |text: &str| AccountSlug::new(text).map_err(told))]
        account: AccountSlug,
    },
    /// Bring the database's schema up to date, and do nothing else
    Migrate,
    /// Make the cursors of the feed of changes expire; run it after a backup was restored, while no server runs
    Restored,
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

fn told(why: Invalid) -> String {
    why.to_string()
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

fn no_account(slug: &AccountSlug) -> Failure {
    let slug = slug.as_str();
    format!("there is no account {slug}; `chatgrow accounts list` shows all").into()
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
}
