//! The limit that SQLite sets: the adapter's own `INSERT`s of a row and of its change, on a connection like its writer's,
//! in one thread, without HTTP, queue or look-ups.

use chatgrow_domain::{
    AccountId, Actor, ApiKeyId, Appointment, AppointmentId, Booking, Change, ChangeData, ChangeId,
    ChangeType, Customer, CustomerId, CustomerName, Duration, EmailAddress, LocalMinute, NewAppointment,
    NewCustomer, ObjectId, Phone, ServiceType, TimeSlot, Timestamp, Version,
};
use chatgrow_sql::{
    crm::customer::CustomerRow,
    delivery::change::InsertChange,
    scheduling::occupancy::AppointmentRow,
    schema::{accounts, appointments, customers},
};
use clap::ValueEnum;
use diesel::{
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    prelude::*,
    sqlite::SqliteConnection,
};
use std::{
    error::Error,
    path::Path,
    time::{Duration as Time, Instant},
};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Rows {
    Appointments,
    Customers,
}

pub struct Run {
    pub rows: Rows,
    pub rows_per_commit: u32,
    pub savepoints: bool,
    pub seconds: f64,
    pub periods: u64,
}

/// How long to write before the measurement starts.
const WARM_UP: Time = Time::from_millis(300);

pub fn run(database: &Path, run: Run) -> Result<(), Box<dyn Error>> {
    let mut connection = SqliteConnection::establish(&database.to_string_lossy())?;
    // Like the adapter's `connect_writer`.
    connection.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL;
        PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000;",
    )?;
    let account: Vec<u8> = accounts::table.select(accounts::id).first(&mut connection)?;
    let account: [u8; 12] = account.as_slice().try_into()?;
    let mut writer = Writer {
        account: AccountId::new(ObjectId::from_bytes(account)),
        customer: customer(0)?,
        run,
        connection,
        written: 0,
    };
    writer.write_for(WARM_UP)?;
    let (before, started) = (writer.written, Instant::now());
    writer.write_for(Time::from_secs_f64(writer.run.seconds))?;
    let (written, seconds) = (writer.written - before, started.elapsed().as_secs_f64());
    println!("{{\"requests\": {written}, \"seconds\": {seconds}}}");
    Ok(())
}

struct Writer {
    run: Run,
    account: AccountId,
    /// The customer who books; the id changes.
    customer: Customer,
    connection: SqliteConnection,
    written: u64,
}

impl Writer {
    fn write_for(&mut self, time: Time) -> Result<(), Box<dyn Error>> {
        let started = Instant::now();
        while started.elapsed() < time {
            AnsiTransactionManager::begin_transaction_sql(&mut self.connection, "BEGIN IMMEDIATE")?;
            for _ in 0..self.run.rows_per_commit {
                if self.run.savepoints {
                    AnsiTransactionManager::begin_transaction(&mut self.connection)?;
                    self.insert()?;
                    AnsiTransactionManager::commit_transaction(&mut self.connection)?;
                } else {
                    self.insert()?;
                }
            }
            AnsiTransactionManager::commit_transaction(&mut self.connection)?;
        }
        Ok(())
    }

    /// The statements of `AppointmentStore::book` and `CustomerStore::insert`, and those of their commits.
    fn insert(&mut self) -> Result<(), Box<dyn Error>> {
        let number = self.written;
        self.written += 1;
        let (kind, bytes) = match self.run.rows {
            Rows::Appointments => {
                // One of the first thousand customers that `fill` adds.
                let mut filled = [0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                filled[4..].copy_from_slice(&(number % 1000).to_be_bytes());
                self.customer.id = CustomerId::new(ObjectId::from_bytes(filled));
                let row = AppointmentRow::of_appointment(
                    self.account,
                    &appointment(number, &self.customer, self.run.periods)?,
                );
                diesel::insert_into(appointments::table)
                    .values(row)
                    .execute(&mut self.connection)?;
                (ChangeType::AppointmentCreated, 450)
            }
            Rows::Customers => {
                let row = CustomerRow::new(self.account, &customer(number)?);
                diesel::insert_into(customers::table)
                    .values(row)
                    .execute(&mut self.connection)?;
                (ChangeType::CustomerCreated, 200)
            }
        };
        let change = change(self.account, kind, number, bytes)?;
        let insert = InsertChange::new(change, "(SELECT epoch FROM feed)");
        self.connection.execute_returning_count(&insert)?;
        Ok(())
    }
}

/// A change whose object has about as many bytes as the server's.
fn change(account: AccountId, kind: ChangeType, number: u64, bytes: usize) -> Result<Change, Box<dyn Error>> {
    Ok(Change {
        id: ChangeId::new(id(2, number)),
        account,
        kind,
        at: now()?,
        subject: id(1, number),
        version: Some(Version::FIRST),
        customer: None,
        actor: Actor::ApiKey(ApiKeyId::new(id(3, 0))),
        request: Some("0f3c5d7e9a1b2c3d-42".to_owned()),
        data: ChangeData {
            object: Some("x".repeat(bytes)),
            previous: None,
        },
    })
}

/// The id of a new row, which sorts after all existing ones, like a time-ordered id.
fn id(of: u8, number: u64) -> ObjectId {
    let mut bytes = [0x70, 0, 0, of, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn now() -> Result<Timestamp, &'static str> {
    Timestamp::from_millis(1_700_000_000_000).ok_or("no instant")
}

/// A new customer whose address sorts between existing ones.
fn customer(number: u64) -> Result<Customer, Box<dyn Error>> {
    let scattered = number * 618_033 % 10_000_000;
    let new = NewCustomer {
        name: CustomerName::new(format!("New customer {scattered:07}"))?,
        email: EmailAddress::new(format!("new{scattered:07}@example.com"))?,
        phone: Some(Phone::new("050-7654321")?),
        notes: None,
    };
    Ok(Customer::new(CustomerId::new(id(0, number)), new, now()?))
}

fn appointment(number: u64, customer: &Customer, periods: u64) -> Result<Appointment, Box<dyn Error>> {
    let start = crate::slots::free(number, periods);
    let slot = TimeSlot {
        start: LocalMinute::from_minutes(start).ok_or("no minute")?,
        duration: Duration::from_minutes(5)?,
    };
    let new = NewAppointment {
        booking: Booking::plain(slot, ServiceType::Consultation),
        notes: None,
    };
    Ok(Appointment::new(
        AppointmentId::new(id(1, number)),
        customer,
        new,
        now()?,
    ))
}
