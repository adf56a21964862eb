-- Resources, services and schedules: what can be booked, and when. The conventions are those of the first schema.
--
-- Opening hours and needs are JSON, one column each, because their rules are always read and written as a whole, and never searched. They
-- are text and not jsonb, so that both stores keep the same bytes. (IS JSON needs PostgreSQL 16, so the CHECK casts.) The form is
-- documented in crates/adapters/sql/src/scheduling. Hours without any rule are NULL. "active" is a number, so that both stores have one type.

CREATE TABLE resources (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('staff', 'room', 'equipment')),
    active bigint NOT NULL CHECK (active IN (0, 1)),
    hours text CHECK (hours IS NULL OR hours::json IS NOT NULL),
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id)
);

-- The resources that a service needs are within its needs, so no foreign key holds them. No resource is ever deleted.
CREATE TABLE services (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    service_type text NOT NULL CHECK (service_type IN ('consultation', 'treatment', 'lesson', 'workshop', 'other')),
    duration bigint NOT NULL CHECK (duration BETWEEN 1 AND 1440),
    buffer_before bigint NOT NULL CHECK (buffer_before BETWEEN 0 AND 720),
    buffer_after bigint NOT NULL CHECK (buffer_after BETWEEN 0 AND 720),
    slot_step bigint CHECK (slot_step BETWEEN 1 AND 1440),
    price_minor bigint CHECK (price_minor BETWEEN 0 AND 99999999999),
    currency text CHECK (char_length(currency) = 3),
    notes text CHECK (char_length(notes) BETWEEN 1 AND 5000),
    active bigint NOT NULL CHECK (active IN (0, 1)),
    needs text NOT NULL CHECK (needs::json IS NOT NULL),
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    -- A currency is that of a price.
    CHECK (currency IS NULL OR price_minor IS NOT NULL)
);

-- An account whose schedule was never changed has no row. That is its first version, so the first row has the second.
CREATE TABLE schedules (
    account_id bytea PRIMARY KEY REFERENCES accounts (id),
    time_zone text CHECK (char_length(time_zone) BETWEEN 1 AND 64),
    hours text CHECK (hours IS NULL OR hours::json IS NOT NULL),
    min_notice bigint CHECK (min_notice BETWEEN 0 AND 525600),
    horizon bigint CHECK (horizon BETWEEN 1 AND 3650),
    slot_step bigint NOT NULL CHECK (slot_step BETWEEN 1 AND 1440),
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 2),
    -- A notice and a horizon compare instants.
    CHECK (time_zone IS NOT NULL OR (min_notice IS NULL AND horizon IS NULL))
);
