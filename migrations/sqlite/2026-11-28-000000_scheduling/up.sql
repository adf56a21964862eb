-- Resources, services and schedules: what can be booked, and when. The conventions are those of the first schema.
--
-- Opening hours and needs are JSON, one column each, because their rules are always read and written as a whole, and never searched. The
-- form is documented in crates/adapters/sql/src/scheduling. Hours without any rule are NULL.

CREATE TABLE resources (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind TEXT NOT NULL CHECK (kind = 'staff' OR kind = 'room' OR kind = 'equipment'),
    active INTEGER NOT NULL CHECK (active = 0 OR active = 1),
    hours TEXT CHECK (hours IS NULL OR json_valid(hours)),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- The resources that a service needs are within its needs, so no foreign key holds them. No resource is ever deleted.
CREATE TABLE services (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    service_type TEXT NOT NULL CHECK (
        service_type = 'consultation' OR service_type = 'treatment' OR service_type = 'lesson'
        OR service_type = 'workshop' OR service_type = 'other'
    ),
    duration INTEGER NOT NULL CHECK (duration BETWEEN 1 AND 1440),
    buffer_before INTEGER NOT NULL CHECK (buffer_before BETWEEN 0 AND 720),
    buffer_after INTEGER NOT NULL CHECK (buffer_after BETWEEN 0 AND 720),
    slot_step INTEGER CHECK (slot_step BETWEEN 1 AND 1440),
    price_minor INTEGER CHECK (price_minor BETWEEN 0 AND 99999999999),
    currency TEXT CHECK (length(currency) = 3),
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    active INTEGER NOT NULL CHECK (active = 0 OR active = 1),
    needs TEXT NOT NULL CHECK (json_valid(needs)),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    -- A currency is that of a price.
    CHECK (currency IS NULL OR price_minor IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- An account whose schedule was never changed has no row. That is its first version, so the first row has the second.
CREATE TABLE schedules (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id),
    time_zone TEXT CHECK (length(time_zone) BETWEEN 1 AND 64),
    hours TEXT CHECK (hours IS NULL OR json_valid(hours)),
    min_notice INTEGER CHECK (min_notice BETWEEN 0 AND 525600),
    horizon INTEGER CHECK (horizon BETWEEN 1 AND 3650),
    slot_step INTEGER NOT NULL CHECK (slot_step BETWEEN 1 AND 1440),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 2),
    -- A notice and a horizon compare instants.
    CHECK (time_zone IS NOT NULL OR (min_notice IS NULL AND horizon IS NULL))
) STRICT, WITHOUT ROWID;
