-- The first schema. Every rule that this database can hold stands here, so that raw SQL can't break it; a guard has the name that it has
-- in PostgreSQL's schema. What a constraint can say is a constraint, and the rest is a trigger.
--
-- Ids are 12 bytes (show them with hex(id)); instants are milliseconds since 1970-01-01T00:00Z; wall-clock times are minutes since
-- 1970-01-01 00:00 on the business's clock; money is in minor units. Every key but that of accounts begins with account_id.
--
-- Two ranges come again and again. Instants are in the years -9999 to 9999: -377705116800000 to 253402300799999. Wall-clock times are in
-- the years 1 to 9999: -1035593280 to 4223371679.
--
-- A closed list is said with OR: for `x IN (a, b, c)` in a CHECK, SQLite fills a temporary table for every row that is written, which takes
-- a quarter of an insert's time.
--
-- Foreign keys hold on connections with `PRAGMA foreign_keys = ON`. The server's connections have it; those of a shell don't by themselves.

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    slug TEXT NOT NULL CHECK (
        length(slug) BETWEEN 1 AND 63
        AND slug NOT GLOB '*[^a-z0-9-]*' AND slug NOT GLOB '-*' AND slug NOT GLOB '*-'
    ),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    CONSTRAINT accounts_slug_unique UNIQUE (slug)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    expires_at INTEGER CHECK (expires_at BETWEEN -377705116800000 AND 253402300799999),
    last_used_at INTEGER CHECK (last_used_at BETWEEN -377705116800000 AND 253402300799999),
    revoked_at INTEGER CHECK (revoked_at BETWEEN -377705116800000 AND 253402300799999),
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
-- A request brings a key before its account is known. The digest of 256 random bits needs no uniqueness constraint.
CREATE INDEX api_keys_by_digest ON api_keys (digest);

CREATE TABLE customers (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email TEXT NOT NULL CHECK (length(email) BETWEEN 1 AND 254),
    email_key TEXT NOT NULL CHECK (length(email_key) >= 1),
    phone TEXT CHECK (length(phone) BETWEEN 1 AND 50),
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT customers_email_unique UNIQUE (account_id, email_key),
    -- An address is compared by its key. A key is lowercase; that of an ASCII address is nothing but the lowercase address.
    CONSTRAINT customers_email_key CHECK (
        email_key = lower(email_key)
        AND (length(CAST(email AS BLOB)) <> length(email) OR email_key = lower(email))
    )
) STRICT, WITHOUT ROWID;

CREATE TABLE appointments (
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    customer_id BLOB NOT NULL,
    starts_at INTEGER NOT NULL CHECK (starts_at BETWEEN -1035593280 AND 4223371679),
    ends_at INTEGER NOT NULL,
    service_type TEXT NOT NULL CHECK (
        service_type = 'consultation' OR service_type = 'treatment' OR service_type = 'lesson'
        OR service_type = 'workshop' OR service_type = 'other'
    ),
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    status TEXT NOT NULL CHECK (status = 'confirmed' OR status = 'cancelled'),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id),
    CHECK (ends_at - starts_at BETWEEN 1 AND 1440)
) STRICT, WITHOUT ROWID;
-- Serves the list (by start, then id) and, without touching the table, the search for conflicts.
CREATE INDEX appointments_by_start ON appointments (account_id, starts_at, id, ends_at, status);
CREATE INDEX appointments_by_customer ON appointments (account_id, customer_id, starts_at, id);

-- No two confirmed appointments of an account share a minute. None is longer than 1440 minutes (a CHECK), so one that starts
-- earlier than that can't reach the slot, and the search is a short range of appointments_by_start.
CREATE TRIGGER appointments_no_overlap_of_new
BEFORE INSERT ON appointments WHEN NEW.status = 'confirmed'
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') FROM appointments
    WHERE account_id = NEW.account_id AND status = 'confirmed'
        AND starts_at > NEW.starts_at - 1440 AND starts_at < NEW.ends_at AND ends_at > NEW.starts_at;
END;
-- After the change, so that an appointment is not in its own way.
CREATE TRIGGER appointments_no_overlap_of_moved
AFTER UPDATE OF account_id, id, starts_at, ends_at, status ON appointments WHEN NEW.status = 'confirmed'
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') FROM appointments
    WHERE account_id = NEW.account_id AND status = 'confirmed'
        AND starts_at > NEW.starts_at - 1440 AND starts_at < NEW.ends_at AND ends_at > NEW.starts_at
        AND id <> NEW.id;
END;

CREATE TABLE events (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description TEXT CHECK (length(description) BETWEEN 1 AND 5000),
    starts_at INTEGER NOT NULL CHECK (starts_at BETWEEN -1035593280 AND 4223371679),
    location TEXT CHECK (length(location) BETWEEN 1 AND 500),
    capacity INTEGER CHECK (capacity BETWEEN 1 AND 1000000),
    participants INTEGER NOT NULL CHECK (participants >= 0),
    price_minor INTEGER CHECK (price_minor BETWEEN 0 AND 99999999999),
    status TEXT NOT NULL CHECK (status = 'active' OR status = 'completed' OR status = 'cancelled'),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT events_not_overfull CHECK (participants <= capacity)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_start ON events (account_id, starts_at, id);
CREATE INDEX events_by_status ON events (account_id, status, starts_at, id);

CREATE TRIGGER events_stay
BEFORE UPDATE OF account_id, id ON events
BEGIN
    SELECT RAISE(ABORT, 'events_stay') WHERE (NEW.account_id, NEW.id) <> (OLD.account_id, OLD.id);
END;

-- Participants are counted by the triggers of registrations, and by nobody else. While one of them counts, it names the event here; at any
-- other time this table is empty.
CREATE TABLE places_counted (
    account_id BLOB NOT NULL,
    event_id BLOB NOT NULL,
    PRIMARY KEY (account_id, event_id)
) STRICT, WITHOUT ROWID;
-- INSERT OR REPLACE would delete the event that has the id, with its count.
CREATE TRIGGER events_counted_of_new
BEFORE INSERT ON events
BEGIN
    SELECT RAISE(ABORT, 'events_counted')
    WHERE NEW.participants <> 0
        OR EXISTS (SELECT 1 FROM events WHERE account_id = NEW.account_id AND id = NEW.id);
END;
CREATE TRIGGER events_counted_of_changed
BEFORE UPDATE OF participants ON events WHEN NEW.participants <> OLD.participants
BEGIN
    SELECT RAISE(ABORT, 'events_counted')
    WHERE NOT EXISTS (SELECT 1 FROM places_counted WHERE account_id = NEW.account_id AND event_id = NEW.id);
END;

CREATE TABLE registrations (
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    event_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    PRIMARY KEY (account_id, id),
    CONSTRAINT registrations_once UNIQUE (account_id, event_id, customer_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id)
) STRICT, WITHOUT ROWID;
-- The registrations of an event, and those of a customer, in the order in which they came.
CREATE INDEX registrations_by_event ON registrations (account_id, event_id, id);
CREATE INDEX registrations_by_customer ON registrations (account_id, customer_id, id);

-- A registration takes a place of an active event, if there is one, once. The trigger also says what a constraint of the table says,
-- because INSERT OR IGNORE hides a constraint's refusal within a trigger, and INSERT OR REPLACE deletes rows without firing one.
CREATE TRIGGER registrations_admitted
BEFORE INSERT ON registrations
BEGIN
    SELECT RAISE(ABORT, 'registrations_event_exists')
    WHERE NOT EXISTS (SELECT 1 FROM events WHERE account_id = NEW.account_id AND id = NEW.event_id);
    SELECT RAISE(ABORT, 'registrations_event_active') FROM events
    WHERE account_id = NEW.account_id AND id = NEW.event_id AND status <> 'active';
    SELECT RAISE(ABORT, 'registrations_once') FROM registrations
    WHERE account_id = NEW.account_id AND event_id = NEW.event_id AND customer_id = NEW.customer_id;
    SELECT RAISE(ABORT, 'registrations_id') FROM registrations WHERE account_id = NEW.account_id AND id = NEW.id;
    SELECT RAISE(ABORT, 'events_not_overfull') FROM events
    WHERE account_id = NEW.account_id AND id = NEW.event_id AND participants >= capacity;
END;
-- A registration that comes or goes is counted in its event. The event's version moves on, so that an edit can't miss it.
CREATE TRIGGER registrations_taken
AFTER INSERT ON registrations
BEGIN
    INSERT INTO places_counted VALUES (NEW.account_id, NEW.event_id);
    UPDATE events SET participants = participants + 1, version = version + 1
    WHERE account_id = NEW.account_id AND id = NEW.event_id;
    DELETE FROM places_counted WHERE account_id = NEW.account_id AND event_id = NEW.event_id;
END;
CREATE TRIGGER registrations_freed
AFTER DELETE ON registrations
BEGIN
    INSERT INTO places_counted VALUES (OLD.account_id, OLD.event_id);
    UPDATE events SET participants = participants - 1, version = version + 1
    WHERE account_id = OLD.account_id AND id = OLD.event_id;
    DELETE FROM places_counted WHERE account_id = OLD.account_id AND event_id = OLD.event_id;
END;
-- What was counted stays so. (UPDATE OR REPLACE deletes rows without firing a trigger, too.)
CREATE TRIGGER registrations_stay
BEFORE UPDATE OF account_id, id, event_id, customer_id ON registrations
BEGIN
    SELECT RAISE(ABORT, 'registrations_stay')
    WHERE (NEW.account_id, NEW.id, NEW.event_id, NEW.customer_id)
        <> (OLD.account_id, OLD.id, OLD.event_id, OLD.customer_id);
END;

-- Requests that were carried out, and their answers. The key is a digest of method, resource and Idempotency-Key: what a client writes
-- into these is nobody else's to read.
--
-- This table has a rowid, so its rows lie in the order in which they come. In the order of their keys, which are digests, each row would
-- change a page that no other row of its commit is in. Now only the index has to.
CREATE TABLE idempotency_records (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    key BLOB NOT NULL CHECK (length(key) = 32),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    answer_format INTEGER NOT NULL CHECK (answer_format BETWEEN 1 AND 65535),
    answer BLOB NOT NULL,
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at AND expires_at <= 253402300799999),
    PRIMARY KEY (account_id, key)
) STRICT;
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);
