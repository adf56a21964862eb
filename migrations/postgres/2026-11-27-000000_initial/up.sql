-- The first schema. Every rule stands here, so that raw SQL can't break it; a guard has the name that it has in SQLite's schema.
--
-- Ids are 12 bytes; instants are milliseconds since 1970-01-01T00:00Z; wall-clock times are minutes since 1970-01-01 00:00 on the
-- business's clock; money is in minor units. Every key but that of accounts begins with account_id, so that the tables can be sharded by it.

-- Equality of bytea in a GiST index.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Milliseconds and minutes that are on the calendar: the years -9999 to 9999 of instants, 1 to 9999 of wall-clock times.
CREATE DOMAIN instant AS bigint CHECK (VALUE BETWEEN -377705116800000 AND 253402300799999);
CREATE DOMAIN wall_clock AS bigint CHECK (VALUE BETWEEN -1035593280 AND 4223371679);

-- The trigger's name is the name of the guard.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is refused: %', TG_OP, TG_ARGV[0] USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;

-- If two updates move onto what the other one has, or both onto one slot, each would find the other's new row and wait for it: a deadlock,
-- which ends after a second with an error. So the updates that move something within a table and an account take turns. An insert needs no
-- turn: a plain INSERT waits for others, but nobody waits for it yet; and ON CONFLICT, with which appointments are booked, inserts
-- speculatively.
CREATE FUNCTION take_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_TABLE_NAME || encode(NEW.account_id, 'hex'), 0));
    RETURN NEW;
END $$;
-- Shares the turn that take_turns takes alone.
CREATE FUNCTION share_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(TG_TABLE_NAME || encode(NEW.account_id, 'hex'), 0));
    RETURN NEW;
END $$;

CREATE TABLE accounts (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 12),
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at instant NOT NULL,
    CONSTRAINT accounts_slug_unique UNIQUE (slug)
);

CREATE TABLE api_keys (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    created_at instant NOT NULL,
    expires_at instant,
    last_used_at instant,
    revoked_at instant,
    PRIMARY KEY (account_id, id)
);
-- A request brings a key before its account is known. The digest of 256 random bits needs no uniqueness constraint.
CREATE INDEX api_keys_by_digest ON api_keys (digest);

CREATE TABLE customers (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    email text NOT NULL CHECK (char_length(email) BETWEEN 1 AND 254),
    email_key text NOT NULL CHECK (char_length(email_key) >= 1),
    phone text CHECK (char_length(phone) BETWEEN 1 AND 50),
    notes text CHECK (char_length(notes) BETWEEN 1 AND 5000),
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT customers_email_unique UNIQUE (account_id, email_key),
    -- An address is compared by its key. A key is lowercase; that of an ASCII address is nothing but the lowercase address.
    CONSTRAINT customers_email_key CHECK (
        email_key = lower(email_key COLLATE "C")
        AND (octet_length(email) <> char_length(email) OR email_key = lower(email COLLATE "C"))
    )
);
CREATE TRIGGER customers_take_turns
BEFORE UPDATE ON customers FOR EACH ROW
WHEN (NEW.email_key <> OLD.email_key)
EXECUTE FUNCTION take_turns();

CREATE TABLE appointments (
    account_id bytea NOT NULL,
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    customer_id bytea NOT NULL,
    starts_at wall_clock NOT NULL,
    ends_at bigint NOT NULL,
    service_type text NOT NULL CHECK (service_type IN ('consultation', 'treatment', 'lesson', 'workshop', 'other')),
    notes text CHECK (char_length(notes) BETWEEN 1 AND 5000),
    status text NOT NULL CHECK (status IN ('confirmed', 'cancelled')),
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id),
    CHECK (ends_at - starts_at BETWEEN 1 AND 1440),
    -- No two confirmed appointments of an account share a minute.
    CONSTRAINT appointments_no_overlap EXCLUDE USING gist (
        account_id WITH =,
        int8range(starts_at, ends_at) WITH &&
    ) WHERE (status = 'confirmed')
);
CREATE INDEX appointments_by_start ON appointments (account_id, starts_at, id);
CREATE INDEX appointments_by_customer ON appointments (account_id, customer_id, starts_at, id);

CREATE TRIGGER appointments_take_turns
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.status = 'confirmed'
    AND (NEW.status, NEW.starts_at, NEW.ends_at) IS DISTINCT FROM (OLD.status, OLD.starts_at, OLD.ends_at)
)
EXECUTE FUNCTION take_turns();
-- An edit that leaves an appointment where it is can wait for a move, and the move for it: a deadlock. If the new row finds no room beside
-- the old one (long notes), the update is not "heap-only": every index gets a new entry, and the exclusion constraint checks the slot again.
-- It inserts first and checks afterwards, so it finds the entry of a move onto that slot that is under way, and waits for it, while the
-- move waits for the edit.
-- So whatever is confirmed after an update takes turns with the moves. Edits don't wait for each other, because their slots don't overlap:
-- they share the lock that a move holds alone. (The conditions of the two triggers exclude each other.)
-- Bookings still need no turn: ON CONFLICT looks before it inserts, and gives way. Neither do cancellations: the constraint doesn't look
-- at them, so they wait for nobody. Nor do edits of customers: a unique index looks first and inserts afterwards, so whoever waits for
-- an edit's row has no entry yet that the edit could find. Only two that take each other's address can wait for each other, and they
-- take turns already (customers_take_turns).
CREATE TRIGGER appointments_share_turns
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.status = 'confirmed'
    AND (NEW.status, NEW.starts_at, NEW.ends_at) IS NOT DISTINCT FROM (OLD.status, OLD.starts_at, OLD.ends_at)
)
EXECUTE FUNCTION share_turns();

CREATE TABLE events (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    description text CHECK (char_length(description) BETWEEN 1 AND 5000),
    starts_at wall_clock NOT NULL,
    location text CHECK (char_length(location) BETWEEN 1 AND 500),
    capacity bigint CHECK (capacity BETWEEN 1 AND 1000000),
    participants bigint NOT NULL CHECK (participants >= 0),
    price_minor bigint CHECK (price_minor BETWEEN 0 AND 99999999999),
    status text NOT NULL CHECK (status IN ('active', 'completed', 'cancelled')),
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT events_not_overfull CHECK (participants <= capacity)
);
CREATE INDEX events_by_start ON events (account_id, starts_at, id);
CREATE INDEX events_by_status ON events (account_id, status, starts_at, id);

CREATE TRIGGER events_stay
BEFORE UPDATE ON events FOR EACH ROW
WHEN ((NEW.account_id, NEW.id) IS DISTINCT FROM (OLD.account_id, OLD.id))
EXECUTE FUNCTION refuse('an event stays what it is');
-- Participants are counted by the triggers of registrations, and by nobody else.
CREATE TRIGGER events_counted_of_new
BEFORE INSERT ON events FOR EACH ROW
WHEN (NEW.participants <> 0)
EXECUTE FUNCTION refuse('participants are counted by their registrations');
CREATE TRIGGER events_counted_of_changed
BEFORE UPDATE ON events FOR EACH ROW
WHEN (NEW.participants <> OLD.participants AND pg_trigger_depth() = 0)
EXECUTE FUNCTION refuse('participants are counted by their registrations');

CREATE TABLE registrations (
    account_id bytea NOT NULL,
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    event_id bytea NOT NULL,
    customer_id bytea NOT NULL,
    notes text CHECK (char_length(notes) BETWEEN 1 AND 5000),
    created_at instant NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT registrations_once UNIQUE (account_id, event_id, customer_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id)
);
-- The registrations of an event, and those of a customer, in the order in which they came.
CREATE INDEX registrations_by_event ON registrations (account_id, event_id, id);
CREATE INDEX registrations_by_customer ON registrations (account_id, customer_id, id);

-- A registration takes a place of an active event. Whoever takes or frees a place of an event locks the event's row first, so that each
-- sees what the one before has done and nobody waits in a circle. (The search path is that of the migration, whoever writes.)
CREATE FUNCTION registrations_admitted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    event_status text;
BEGIN
    SELECT status INTO event_status FROM events
    WHERE account_id = NEW.account_id AND id = NEW.event_id FOR NO KEY UPDATE;
    IF event_status IS NULL THEN
        RAISE EXCEPTION 'there is no such event'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'registrations_event_exists';
    ELSIF event_status <> 'active' THEN
        RAISE EXCEPTION 'the event is not active'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registrations_event_active';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registrations_admitted
BEFORE INSERT ON registrations FOR EACH ROW EXECUTE FUNCTION registrations_admitted();

CREATE FUNCTION registrations_leave() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM events WHERE account_id = OLD.account_id AND id = OLD.event_id FOR NO KEY UPDATE;
    RETURN OLD;
END $$;
CREATE TRIGGER registrations_leave
BEFORE DELETE ON registrations FOR EACH ROW EXECUTE FUNCTION registrations_leave();

-- A registration that comes or goes is counted in its event; events_not_overfull has the last word. The event's version moves on, so that an
-- edit can't miss it.
CREATE FUNCTION registrations_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    place registrations%ROWTYPE;
BEGIN
    IF TG_OP = 'INSERT' THEN place := NEW; ELSE place := OLD; END IF;
    UPDATE events
    SET participants = participants + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END, version = version + 1
    WHERE account_id = place.account_id AND id = place.event_id;
    RETURN NULL;
END $$;
CREATE TRIGGER registrations_counted
AFTER INSERT OR DELETE ON registrations FOR EACH ROW EXECUTE FUNCTION registrations_counted();

-- What was counted stays so.
CREATE TRIGGER registrations_stay
BEFORE UPDATE ON registrations FOR EACH ROW
WHEN (
    (NEW.account_id, NEW.id, NEW.event_id, NEW.customer_id)
    IS DISTINCT FROM (OLD.account_id, OLD.id, OLD.event_id, OLD.customer_id)
)
EXECUTE FUNCTION refuse('a registration stays whose it is');
-- TRUNCATE fires no row's trigger.
CREATE TRIGGER registrations_not_truncated
BEFORE TRUNCATE ON registrations FOR EACH STATEMENT
EXECUTE FUNCTION refuse('the places have to be counted off: use DELETE');

-- Requests that were carried out, and their answers. The key is a digest of method, resource and Idempotency-Key: what a client writes
-- into these is nobody else's to read.
CREATE TABLE idempotency_records (
    account_id bytea NOT NULL REFERENCES accounts (id),
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer_format bigint NOT NULL CHECK (answer_format BETWEEN 1 AND 65535),
    answer bytea NOT NULL,
    created_at instant NOT NULL,
    expires_at instant NOT NULL CHECK (expires_at > created_at),
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);

-- A request that is repeated while it is being carried out is told so at once, instead of waiting with a connection in hand. (The first
-- eight bytes of a digest of account and key name the lock, so no account is in the way of another.)
CREATE FUNCTION idempotency_in_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(('x' || encode(substr(sha256(NEW.account_id || NEW.key), 1, 8), 'hex'))::bit(64)::bigint) THEN
        RAISE EXCEPTION 'the request is being carried out'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'idempotency_in_progress';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER idempotency_in_progress
BEFORE INSERT ON idempotency_records FOR EACH ROW EXECUTE FUNCTION idempotency_in_progress();
