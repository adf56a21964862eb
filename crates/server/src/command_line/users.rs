//! `chatgrow users` and `chatgrow setup-link`.

use super::{instant, no_account};
use crate::Failure;
use chatgrow_application::{Application, ListedUser};
use chatgrow_domain::{AccountSlug, MalformedId, UserId, UserRefusal};
use chatgrow_web::{Address, LinkTo};
use clap::Subcommand;
use std::io::{Write, stdout};

#[derive(Subcommand)]
pub(crate) enum UsersCommand {
    /// List the users of all accounts
    List,
    /// Print a link with which a user chooses a new password; it works once, within a day
    Reset {
        /// The user's id, as `users list` shows it
        #[arg(value_parser = user_id)]
        id: UserId,
    },
    /// Disable a user; every session of the user ends at once
    Disable {
        /// The user's id, as `users list` shows it
        #[arg(value_parser = user_id)]
        id: UserId,
    },
}

fn user_id(text: &str) -> Result<UserId, String> {
    text.parse().map_err(|error: MalformedId| error.to_string())
}

pub(crate) async fn users(
    application: &Application,
    command: UsersCommand,
    console: &Address,
) -> Result<(), Failure> {
    let users = &application.access.users;
    match command {
        UsersCommand::List => list(users.list_all().await?)?,
        UsersCommand::Reset { id } => {
            let token = users.reset_any(id).await.map_err(explained)?;
            writeln!(stdout(), "{}", console.link(LinkTo::Password, &token))?;
        }
        UsersCommand::Disable { id } => users.disable_any(id).await.map_err(explained)?,
    }
    Ok(())
}

/// Prints a link that sets an account up.
pub(crate) async fn set_up_link(
    application: &Application,
    account: &AccountSlug,
    console: &Address,
) -> Result<(), Failure> {
    match application.access.users.set_up_link(account).await {
        Ok(Some(token)) => Ok(writeln!(stdout(), "{}", console.link(LinkTo::SetUp, &token))?),
        Ok(None) => Err(
            "the account is set up; `chatgrow users list` shows its users, and `chatgrow users reset` lets one of them choose a new password"
                .into(),
        ),
        Err(chatgrow_ports::Failure::Refused(UserRefusal::AccountNotFound)) => Err(no_account(account)),
        Err(error) => Err(error.into()),
    }
}

fn list(listed: Vec<ListedUser>) -> Result<(), Failure> {
    writeln!(
        stdout(),
        "{:<24}  {:<20}  {:<5}  {:<24}  {:<24}  EMAIL",
        "ID",
        "ACCOUNT",
        "ROLE",
        "CREATED",
        "DISABLED"
    )?;
    for ListedUser { user, account } in listed {
        writeln!(
            stdout(),
            "{}  {:<20}  {:<5}  {:<24}  {:<24}  {}",
            user.id,
            account.as_str(),
            user.role.as_str(),
            instant(Some(user.created_at)),
            instant(user.disabled_at),
            user.email.as_str()
        )?;
    }
    Ok(())
}

fn explained(failure: chatgrow_ports::Failure<UserRefusal>) -> Failure {
    match failure {
        chatgrow_ports::Failure::Refused(UserRefusal::NotFound) => {
            "there is no user with that id; `chatgrow users list` shows all".into()
        }
        chatgrow_ports::Failure::Refused(UserRefusal::LastOwner) => {
            "this is the account's last owner; make another user an owner first".into()
        }
        failure => failure.into(),
    }
}
