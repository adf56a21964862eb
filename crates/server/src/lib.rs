//! The server: configuration, command line, wiring. It holds no rule.

mod command_line;
mod configuration;
mod database;
mod serve;
mod system;

pub use configuration::{Configuration, LogFormat};
pub use database::{Database, DatabaseUrl};

use chatgrow_application::Application;
use chatgrow_domain::AccountName;
use chatgrow_sql::Migrations;
use clap::Parser;
use command_line::{Command, CommandLine};
use std::{error::Error, process::ExitCode, sync::Arc};

/// What went wrong, for the operator's eyes.
pub type Failure = Box<dyn Error>;

/// Runs the command that the process was started with. What fails is told in one line a fault on standard error.
#[must_use]
pub fn main() -> ExitCode {
    let command = CommandLine::parse().command.unwrap_or(Command::Serve);
    match actix_web::rt::System::new().block_on(run(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("chatgrow: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => return Err(format!(".env: {error}").into()),
        _ => {}
    }
    let configuration = Configuration::from_env()?;
    serve::start_log(&configuration)?;

    let database = &configuration.database;
    match command {
        Command::Migrate => {
            let database = Database {
                migrations: Migrations::Run,
                ..database.clone()
            };
            database.open().await?;
            Ok(())
        }
        Command::Copy { from, to } => command_line::copy(from, to).await,
        Command::Serve => serve::serve(&configuration, ready(database).await?).await,
        Command::Accounts(command) => command_line::accounts(&*ready(database).await?, command).await,
        Command::Keys(command) => command_line::keys(&*ready(database).await?, command).await,
    }
}

/// The use cases on a database that has an account.
async fn ready(database: &Database) -> Result<Arc<Application>, Failure> {
    let application = application(database).await?;
    application
        .accounts
        .ensure_default(AccountName::new("Default account")?)
        .await?;
    Ok(application)
}

/// The use cases on a database.
///
/// # Errors
/// It can't be opened.
pub async fn application(database: &Database) -> Result<Arc<Application>, Failure> {
    Ok(Arc::new(Application::new(
        database.open().await?,
        &system::system()?,
    )))
}
