//! What `bench/run.py` compares the server with: the same HTTP library that does nothing but answer, and the same
//! statements on the same database without HTTP. It also fills databases before a measurement.

mod bare;
mod fill;
mod raw_sqlite;
mod receivers;
mod slots;

use clap::{Parser, Subcommand};
use std::{error::Error, path::PathBuf};

#[derive(Parser)]
#[command(about = "What the server is measured against; see bench/run.py")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer the API's paths with prepared bytes
    Bare {
        /// Where to listen on 127.0.0.1
        #[arg(long)]
        port: u16,
        /// The folder of the answers: customer, events, new-customer, booking, unknown-key
        #[arg(long)]
        answers: PathBuf,
    },
    /// Fill a new SQLite database of the server with customers, appointments and 200 events
    Fill {
        #[arg(long)]
        database: PathBuf,
        #[arg(long)]
        customers: u32,
        #[arg(long)]
        appointments: u32,
    },
    /// Receive webhooks on the paths /good/N, /slow/N, /fails/N and /hangs/N, and tell at /ages how fast they came
    Receivers {
        /// Where to listen on 127.0.0.1
        #[arg(long)]
        port: u16,
    },
    /// Insert rows like the SQLite adapter, and print the rows per second
    RawSqlite {
        #[arg(long)]
        database: PathBuf,
        #[arg(long)]
        rows: raw_sqlite::Rows,
        #[arg(long)]
        rows_per_commit: u32,
        /// Give every row its own savepoint, like the adapter's writer
        #[arg(long)]
        savepoints: bool,
        #[arg(long)]
        seconds: f64,
        #[arg(long)]
        periods: u64,
    },
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match CommandLine::parse().command {
        Command::Bare { port, answers } => bare::serve(port, &answers).await,
        Command::Fill {
            database,
            customers,
            appointments,
        } => fill::fill(&database, customers, appointments),
        Command::Receivers { port } => receivers::serve(port).await,
        Command::RawSqlite {
            database,
            rows,
            rows_per_commit,
            savepoints,
            seconds,
            periods,
        } => {
            let run = raw_sqlite::Run {
                rows,
                rows_per_commit,
                savepoints,
                seconds,
                periods,
            };
            raw_sqlite::run(&database, run)
        }
    }
}
