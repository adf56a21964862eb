-- Webhooks: where accounts are told of their changes, how far each endpoint has been told, and what came of each delivery. (SQLite's migration
-- of the same name says what the columns mean.)
CREATE TABLE webhook_endpoints (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    place bigint NOT NULL CHECK (place BETWEEN 1 AND 50),
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2048),
    types text NOT NULL CHECK (char_length(types) >= 1),
    description text CHECK (char_length(description) BETWEEN 1 AND 200),
    active bigint NOT NULL CHECK (active IN (0, 1)),
    ordered bigint NOT NULL CHECK (ordered IN (0, 1)),
    scopes text NOT NULL CHECK (char_length(scopes) >= 1),
    secret bytea NOT NULL CHECK (octet_length(secret) >= 1),
    previous_secret bytea CHECK (octet_length(previous_secret) >= 1),
    previous_until instant,
    disabled text CHECK (disabled IN ('gone', 'failing')),
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT webhook_endpoints_place_unique UNIQUE (account_id, place),
    CONSTRAINT webhook_endpoints_previous CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CONSTRAINT webhook_endpoints_disabled CHECK (disabled IS NULL OR active = 0)
);

-- The lane of an endpoint: every change up to the place (epoch, number) was tried. Whoever holds it until leased_until knows the fence.
CREATE TABLE webhook_lanes (
    account_id bytea NOT NULL,
    endpoint_id bytea NOT NULL,
    epoch bigint NOT NULL,
    number bigint NOT NULL,
    fence bigint NOT NULL,
    leased_until bigint NOT NULL,
    failing_since instant,
    blocked bigint NOT NULL CHECK (blocked IN (0, 1)),
    PRIMARY KEY (account_id, endpoint_id),
    FOREIGN KEY (account_id, endpoint_id) REFERENCES webhook_endpoints (account_id, id)
);

CREATE TABLE webhook_deliveries (
    account_id bytea NOT NULL,
    endpoint_id bytea NOT NULL,
    change_id bytea NOT NULL CHECK (octet_length(change_id) = 12),
    epoch bigint NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 63),
    status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'skipped')),
    attempts bigint NOT NULL CHECK (attempts >= 1),
    attempted_at instant NOT NULL,
    answered bigint CHECK (answered BETWEEN 100 AND 999),
    failure text CHECK (char_length(failure) >= 1),
    answer text,
    took bigint NOT NULL CHECK (took >= 0),
    next_at instant,
    PRIMARY KEY (account_id, endpoint_id, change_id),
    FOREIGN KEY (account_id, endpoint_id) REFERENCES webhook_endpoints (account_id, id),
    CONSTRAINT webhook_deliveries_outcome CHECK ((answered IS NULL) <> (failure IS NULL)),
    CONSTRAINT webhook_deliveries_next CHECK ((status = 'pending') = (next_at IS NOT NULL))
);
-- What is to be tried again, and what stands in the way of an ordered lane.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, endpoint_id, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (account_id, endpoint_id, epoch, number)
    WHERE status = 'pending' OR status = 'failed';
