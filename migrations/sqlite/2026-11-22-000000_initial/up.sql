-- Every rule that a constraint can hold stands here too, so that raw SQL can't break it.
-- Ids are 12 bytes (show them with hex(id)); instants are milliseconds since 1970-01-01T00:00Z; wall-clock times are
-- minutes since 1970-01-01 00:00 on the business's clock; money is in minor units.
-- Every key but the operator's begins with account_id.

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    slug TEXT NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 63),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER,
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
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, email_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE appointments (
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    customer_id BLOB NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    service_type TEXT NOT NULL CHECK (service_type IN ('consultation', 'treatment', 'lesson', 'workshop', 'other')),
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    status TEXT NOT NULL CHECK (status IN ('confirmed', 'cancelled')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id),
    CHECK (ends_at - starts_at BETWEEN 1 AND 1440)
) STRICT, WITHOUT ROWID;
-- Serves the list (by start, then id) and, without touching the table, the search for conflicts.
CREATE INDEX appointments_by_start ON appointments (account_id, starts_at, id, ends_at, status);
CREATE INDEX appointments_by_customer ON appointments (account_id, customer_id, starts_at, id);

CREATE TABLE events (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description TEXT CHECK (length(description) BETWEEN 1 AND 5000),
    starts_at INTEGER NOT NULL,
    location TEXT CHECK (length(location) BETWEEN 1 AND 500),
    capacity INTEGER CHECK (capacity BETWEEN 1 AND 1000000),
    participants INTEGER NOT NULL CHECK (participants >= 0),
    price_minor INTEGER CHECK (price_minor BETWEEN 0 AND 99999999999),
    status TEXT NOT NULL CHECK (status IN ('active', 'completed', 'cancelled')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT events_not_overfull CHECK (participants <= capacity)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_start ON events (account_id, starts_at, id);
CREATE INDEX events_by_status ON events (account_id, status, starts_at, id);

CREATE TABLE registrations (
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    event_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, event_id, customer_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX registrations_by_event ON registrations (account_id, event_id, id);
