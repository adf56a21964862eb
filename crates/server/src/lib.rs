//! The server: configuration, command line, wiring. It holds no rule.

mod command_line;
mod configuration;
mod serve;
mod system;

pub use configuration::{Configuration, DatabaseUrl, LogFormat};

use chatgrow_application::Application;
use chatgrow_domain::AccountName;
use chatgrow_ports::Stores;
use chatgrow_sqlite::SqliteStore;
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

    let application = application(&configuration.database_url)?;
    application
        .accounts
        .ensure_default(AccountName::new("Default account")?)
        .await?;

    match command {
        Command::Serve => serve::serve(&configuration, application).await,
        Command::Accounts(command) => command_line::accounts(&application, command).await,
        Command::Keys(command) => command_line::keys(&application, command).await,
    }
}

/// The use cases on the store that the URL names.
///
/// # Errors
/// The store can't be opened.
pub fn application(database: &DatabaseUrl) -> Result<Arc<Application>, Failure> {
    Ok(Arc::new(Application::new(open(database)?, &system::system()?)))
}

/// Opens the store that the URL names.
fn open(url: &DatabaseUrl) -> Result<Stores, Failure> {
    match url {
        DatabaseUrl::Sqlite(path) => Ok(Stores::of(Arc::new(SqliteStore::open(
            path,
            chatgrow_sqlite::Options::default(),
        )?))),
    }
}
