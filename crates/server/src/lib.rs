//! The server: configuration, command line and wiring. It contains no business rules.

mod command_line;
mod configuration;
mod database;
mod serve;
mod system;
mod tasks;
mod turns;

pub use configuration::{Configuration, LogFormat};
pub use database::{Database, DatabaseUrl};

use chatgrow_application::Application;
use chatgrow_domain::{AccountName, ApiKeyId};
use clap::Parser;
use command_line::{AccountsCommand, Command, CommandLine, KeysCommand};
use prometheus_client::registry::Registry;
use std::{env, error::Error, fs, num::NonZeroU32, path::Path, process::ExitCode, sync::Arc, thread};

/// A fifth faster than the system's allocator, measured over all requests.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An error to be shown to the operator.
pub type Failure = Box<dyn Error>;

/// Runs the command that the process was started with. A failure is reported on standard error, one line per fault.
#[must_use]
pub fn main() -> ExitCode {
    let command = match CommandLine::try_parse() {
        Ok(line) => line.command.unwrap_or(Command::Serve),
        Err(error) => return told(&error),
    };
    match actix_web::rt::System::new().block_on(run(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("chatgrow: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Prints clap's message without any URL that it quotes, because a URL may contain a password.
fn told(error: &clap::Error) -> ExitCode {
    let mut text = error.to_string();
    for url in env::args().filter(|argument| argument.contains("://")) {
        text = text.replace(&url, "(a URL)");
    }
    if error.use_stderr() {
        eprint!("{text}");
        ExitCode::from(2)
    } else {
        print!("{text}");
        ExitCode::SUCCESS
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    read_dotenv()?;
    let configuration = Configuration::from_env()?;
    serve::start_log(&configuration)?;

    let database = &configuration.database;
    match command {
        Command::Migrate => database::migrate(database).await,
        Command::Copy { from, to } => command_line::copy(&from, &to).await,
        Command::Serve => {
            database.warn_if_exposed();
            let (application, metrics) = application(database).await?;
            ensure_default(&application).await?;
            serve::serve(&configuration, application, metrics).await
        }
        Command::Accounts(command) => {
            let (application, _) = application(database).await?;
            if let AccountsCommand::Create { .. } = command {
                ensure_default(&application).await?;
            }
            command_line::accounts(&application, command).await
        }
        Command::Keys(KeysCommand::Revoke { id }) => match revoke(database, id).await {
            // The disk may be full, so this frees the reserve and tries again.
            Err(_) if database.free_reserve()? => revoke(database, id).await,
            revoked => revoked,
        },
        Command::Keys(command) => {
            let (application, _) = application(database).await?;
            if let KeysCommand::Create(_) = command {
                ensure_default(&application).await?;
            }
            command_line::keys(&application, command).await
        }
    }
}

async fn revoke(database: &Database, id: ApiKeyId) -> Result<(), Failure> {
    let (application, _) = application(database).await?;
    command_line::revoke(&application, id).await
}

/// Reads `.env` in the working directory. It doesn't search the parent directories, because a file there may belong to
/// somebody else. An error doesn't quote the line, which may contain a password.
fn read_dotenv() -> Result<(), Failure> {
    let path = Path::new(".env");
    let error = match dotenvy::from_path(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.not_found() => return Ok(()),
        Err(error) => error,
    };
    let dotenvy::Error::LineParse(bad, _) = &error else {
        return Err(format!(".env: {error}").into());
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    let number = text.lines().position(|line| line.trim().ends_with(bad.trim()));
    let place = number.map_or_else(|| "a line".to_owned(), |index| format!("line {}", index + 1));
    Err(format!(".env: {place} is not NAME=value; a value with spaces stands in quotes").into())
}

/// Creates the first account. Commands that only read don't call it, so a database that is to be the target of a copy
/// stays empty.
async fn ensure_default(application: &Application) -> Result<(), Failure> {
    let name = AccountName::new("Default account")?;
    Ok(application.access.accounts.ensure_default(name).await?)
}

/// How many threads serve requests: one per processor.
fn workers() -> NonZeroU32 {
    let processors = thread::available_parallelism()
        .ok()
        .and_then(|count| count.try_into().ok());
    processors.unwrap_or(NonZeroU32::MIN)
}

/// Builds the application on a database, with the registry of its metrics.
///
/// # Errors
/// The database can't be opened.
pub async fn application(database: &Database) -> Result<(Arc<Application>, Registry), Failure> {
    let mut metrics = Registry::default();
    let stores = database
        .open(metrics.sub_registry_with_prefix("chatgrow"))
        .await?;
    Ok((Arc::new(Application::new(stores, &system::system()?)), metrics))
}
