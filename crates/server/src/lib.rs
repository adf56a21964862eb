//! The server: configuration, command line and wiring. It contains no business rules.

mod bell;
mod command_line;
mod configuration;
mod database;
mod passwords;
mod sealing;
mod secrets;
mod serve;
mod system;
mod tasks;
mod turns;
mod webhooks;
mod zones;

pub use configuration::{Configuration, LogFormat};
pub use database::{Database, DatabaseUrl};
pub use secrets::SecretsKey;
pub use system::WebhookSettings;

use chatgrow_application::Application;
use chatgrow_domain::{AccountName, ApiKeyId};
use chatgrow_ports::Closed;
use chatgrow_web::Address;
use clap::Parser;
use command_line::{AccountsCommand, Command, CommandLine, KeysCommand};
use prometheus_client::registry::Registry;
use std::{
    env, error::Error, fs, num::NonZeroU32, path::Path, process::ExitCode, sync::Arc, thread, time::Duration,
};
use tokio::time::timeout;

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
            let serve = async |application: Arc<Application>, metrics| {
                ensure_default(&application).await?;
                serve::serve(&configuration, application, metrics).await
            };
            with_application(&configuration, serve).await
        }
        Command::Restored => {
            let renew =
                async |application: Arc<Application>, _| Ok(application.delivery.feed.renew().await?);
            with_application(&configuration, renew).await
        }
        Command::Accounts(command) => {
            let accounts = async |application: Arc<Application>, _| {
                if let AccountsCommand::Create { .. } = command {
                    ensure_default(&application).await?;
                }
                command_line::accounts(&application, command).await
            };
            with_application(&configuration, accounts).await
        }
        Command::Users(command) => {
            let users = async |application: Arc<Application>, _| {
                command_line::users(&application, command, &console(&configuration)).await
            };
            with_application(&configuration, users).await
        }
        Command::SetupLink { account } => {
            let link = async |application: Arc<Application>, _| {
                ensure_default(&application).await?;
                command_line::set_up_link(&application, &account, &console(&configuration)).await
            };
            with_application(&configuration, link).await
        }
        Command::Keys(KeysCommand::Revoke { id }) => match revoke(&configuration, id).await {
            // The disk may be full, so this frees the reserve and tries again.
            Err(_) if database.free_reserve()? => revoke(&configuration, id).await,
            revoked => revoked,
        },
        Command::Keys(command) => {
            let keys = async |application: Arc<Application>, _| {
                if let KeysCommand::Create(_) = command {
                    ensure_default(&application).await?;
                }
                command_line::keys(&application, command).await
            };
            with_application(&configuration, keys).await
        }
    }
}

/// Where browsers reach the console of the server that has this configuration.
fn console(configuration: &Configuration) -> Address {
    let own = || serve::own_address(&configuration.host, configuration.port);
    configuration.console_url.clone().unwrap_or_else(own)
}

async fn revoke(configuration: &Configuration, id: ApiKeyId) -> Result<(), Failure> {
    let revoke = async |application: Arc<Application>, _| command_line::revoke(&application, id).await;
    with_application(configuration, revoke).await
}

/// How long the process waits at its end for the database to be closed.
const CLOSE: Duration = Duration::from_secs(5);

/// Runs `work` with the application on a database, then waits until the database is closed.
///
/// actix doesn't wait for its threads. After the server has stopped, they still hold the application for a moment. If
/// the process ended before they do, SQLite's WAL would stay beside the database.
async fn with_application<T>(
    configuration: &Configuration,
    work: impl AsyncFnOnce(Arc<Application>, Registry) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Configuration {
        database, webhooks, ..
    } = configuration;
    let (application, metrics) = application(database, webhooks).await?;
    let closed = application.closed();
    let done = work(application, metrics).await;
    wait_for(closed).await;
    done
}

/// Waits until a store is closed, for at most [`CLOSE`]. Data in SQLite's WAL is safe even if the store is not closed.
async fn wait_for(closed: Closed) {
    if timeout(CLOSE, closed).await.is_err() {
        tracing::warn!("the database is still in use; SQLite's log stays beside it until the next start");
    }
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
pub async fn application(
    database: &Database,
    webhooks: &WebhookSettings,
) -> Result<(Arc<Application>, Registry), Failure> {
    let mut metrics = Registry::default();
    let stores = database
        .open(metrics.sub_registry_with_prefix("chatgrow"))
        .await?;
    let system = system::system(webhooks, database.secrets_file())?;
    Ok((Arc::new(Application::new(stores, &system)), metrics))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[tokio::test]
    async fn a_thread_that_still_holds_the_use_cases_is_waited_for() {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let variable = |name: &str| (name == "DATABASE_URL").then(|| Ok(url.clone()));
        let configuration = Configuration::from_variables(variable).unwrap();
        let work = async |application: Arc<Application>, _| {
            ensure_default(&application).await?;
            thread::spawn(move || {
                // Long enough that the caller would return earlier without the wait.
                thread::sleep(Duration::from_millis(200));
                drop(application);
            });
            Ok(())
        };
        with_application(&configuration, work).await.unwrap();
        let files: Vec<_> = folder
            .path()
            .read_dir()
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(files, ["test.db"]);
    }
}
