//! Fills a database that the server has created. Ids, addresses and slots follow a rule, so that the load generators
//! know them.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use std::{error::Error, path::Path};

/// Not durable: an interrupted database is thrown away. The triggers check every row as usual.
pub fn fill(database: &Path, customers: u32, appointments: u32) -> Result<(), Box<dyn Error>> {
    let mut connection = SqliteConnection::establish(&database.to_string_lossy())?;
    let numbers = |count: u32| {
        format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})")
    };
    let (first, period) = (crate::slots::FIRST_MINUTE, crate::slots::PERIOD);
    connection.batch_execute(&format!(
        "PRAGMA synchronous = OFF;
        BEGIN IMMEDIATE;
        {customers_numbered}
        INSERT INTO customers
        SELECT (SELECT id FROM accounts), unhex(printf('60000000%016x', i)), 'Customer ' || i,
            'customer' || i || '@example.com', 'customer' || i || '@example.com', '050-1234567', NULL,
            1600000000000 + i, 1600000000000 + i, 1
        FROM n;
        {appointments_numbered}
        INSERT INTO appointments
            (account_id, id, kind, customer_id, starts_at, ends_at, blocks_from, blocks_until, service_type, status,
            created_at, updated_at, version)
        SELECT (SELECT id FROM accounts), unhex(printf('60000001%016x', i)), 'appointment',
            unhex(printf('60000000%016x', i * 618033 % {customers})),
            {first} + i * {period}, {first} + i * {period} + 60, {first} + i * {period}, {first} + i * {period} + 60,
            'consultation', 'confirmed',
            1600000000000 + i, 1600000000000 + i, 1
        FROM n;
        {events_numbered}
        INSERT INTO events
        SELECT (SELECT id FROM accounts), unhex(printf('60000002%016x', i)), 'Yoga in the park, ' || i,
            'Bring a mat, water and a friend. In the rain we meet under the roof.', 30000000 + i * 1440,
            'Main park, east gate', 20, 0, 4990, 'active', 1600000000000 + i, 1600000000000 + i, 1
        FROM n;
        COMMIT;
        PRAGMA wal_checkpoint(TRUNCATE);",
        customers_numbered = numbers(customers),
        appointments_numbered = numbers(appointments),
        events_numbered = numbers(200),
    ))?;
    Ok(())
}
