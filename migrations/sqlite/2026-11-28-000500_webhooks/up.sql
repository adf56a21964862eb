-- Webhooks: where accounts are told of their changes, how far each endpoint has been told, and what came of each delivery.
--
-- place: its number in the account, so that there are at most fifty. types: patterns with a space between them. secret: encrypted under a key
-- that is not in this database. disabled: why the server has stopped sending, if it has.
CREATE TABLE webhook_endpoints (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    place INTEGER NOT NULL CHECK (place BETWEEN 1 AND 50),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
    types TEXT NOT NULL CHECK (length(types) >= 1),
    description TEXT CHECK (length(description) BETWEEN 1 AND 200),
    active INTEGER NOT NULL CHECK (active = 0 OR active = 1),
    ordered INTEGER NOT NULL CHECK (ordered = 0 OR ordered = 1),
    scopes TEXT NOT NULL CHECK (length(scopes) >= 1),
    secret BLOB NOT NULL CHECK (length(secret) >= 1),
    previous_secret BLOB CHECK (length(previous_secret) >= 1),
    previous_until INTEGER CHECK (previous_until BETWEEN -377705116800000 AND 253402300799999),
    disabled TEXT CHECK (disabled = 'gone' OR disabled = 'failing'),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT webhook_endpoints_place_unique UNIQUE (account_id, place),
    CONSTRAINT webhook_endpoints_previous CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CONSTRAINT webhook_endpoints_disabled CHECK (disabled IS NULL OR active = 0)
) STRICT, WITHOUT ROWID;

-- The lane of an endpoint: every change up to the place (epoch, number) was tried. Whoever holds it until leased_until knows the fence.
CREATE TABLE webhook_lanes (
    account_id BLOB NOT NULL,
    endpoint_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    failing_since INTEGER CHECK (failing_since BETWEEN -377705116800000 AND 253402300799999),
    blocked INTEGER NOT NULL CHECK (blocked = 0 OR blocked = 1),
    PRIMARY KEY (account_id, endpoint_id),
    FOREIGN KEY (account_id, endpoint_id) REFERENCES webhook_endpoints (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    account_id BLOB NOT NULL,
    endpoint_id BLOB NOT NULL,
    change_id BLOB NOT NULL CHECK (length(change_id) = 12),
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 63),
    status TEXT NOT NULL CHECK (status = 'pending' OR status = 'succeeded' OR status = 'failed' OR status = 'skipped'),
    attempts INTEGER NOT NULL CHECK (attempts >= 1),
    attempted_at INTEGER NOT NULL CHECK (attempted_at BETWEEN -377705116800000 AND 253402300799999),
    answered INTEGER CHECK (answered BETWEEN 100 AND 999),
    failure TEXT CHECK (length(failure) >= 1),
    answer TEXT,
    took INTEGER NOT NULL CHECK (took >= 0),
    next_at INTEGER CHECK (next_at BETWEEN -377705116800000 AND 253402300799999),
    PRIMARY KEY (account_id, endpoint_id, change_id),
    FOREIGN KEY (account_id, endpoint_id) REFERENCES webhook_endpoints (account_id, id),
    CONSTRAINT webhook_deliveries_outcome CHECK ((answered IS NULL) <> (failure IS NULL)),
    CONSTRAINT webhook_deliveries_next CHECK ((status = 'pending') = (next_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- What is to be tried again, and what stands in the way of an ordered lane.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, endpoint_id, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (account_id, endpoint_id, epoch, number)
    WHERE status = 'pending' OR status = 'failed';
