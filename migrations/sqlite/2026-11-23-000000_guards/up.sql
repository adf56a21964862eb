-- The rules that no constraint of SQLite can hold: triggers, with the names that PostgreSQL's constraints and triggers have.
-- (Foreign keys hold only on connections with `PRAGMA foreign_keys = ON`: the server's are; a shell's are not by themselves.)

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

-- An address is compared by its key: lowercase, and of ASCII addresses nothing but the lowercase.
CREATE TRIGGER customers_email_key_of_new
BEFORE INSERT ON customers
WHEN NEW.email_key <> lower(NEW.email_key)
    OR (length(CAST(NEW.email AS BLOB)) = length(NEW.email) AND NEW.email_key <> lower(NEW.email))
BEGIN
    SELECT RAISE(ABORT, 'customers_email_key');
END;
CREATE TRIGGER customers_email_key_of_changed
BEFORE UPDATE OF email, email_key ON customers
WHEN NEW.email_key <> lower(NEW.email_key)
    OR (length(CAST(NEW.email AS BLOB)) = length(NEW.email) AND NEW.email_key <> lower(NEW.email))
BEGIN
    SELECT RAISE(ABORT, 'customers_email_key');
END;

-- A registration takes a place of an active event, if there is one, once. It is counted in the event, whose version moves on, so
-- that an edit can't miss it. All of it is said here, for INSERT OR IGNORE would hide what a constraint says within a trigger, and
-- INSERT OR REPLACE delete without one.
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
-- Names the event whose places are being counted: empty but within the next two triggers.
CREATE TABLE places_counted (
    account_id BLOB NOT NULL,
    event_id BLOB NOT NULL,
    PRIMARY KEY (account_id, event_id)
) STRICT, WITHOUT ROWID;
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
-- What was counted stays so. (UPDATE OR REPLACE deletes without a trigger, too.)
CREATE TRIGGER registrations_stay
BEFORE UPDATE OF account_id, id, event_id, customer_id ON registrations
BEGIN
    SELECT RAISE(ABORT, 'registrations_stay')
    WHERE (NEW.account_id, NEW.id, NEW.event_id, NEW.customer_id)
        <> (OLD.account_id, OLD.id, OLD.event_id, OLD.customer_id);
END;
CREATE TRIGGER events_stay
BEFORE UPDATE OF account_id, id ON events
BEGIN
    SELECT RAISE(ABORT, 'events_stay') WHERE (NEW.account_id, NEW.id) <> (OLD.account_id, OLD.id);
END;
-- Nobody else counts.
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

-- Milliseconds and minutes that are on the calendar: the years -9999 to 9999 of instants, 1 to 9999 of wall-clock times; and slugs
-- that are names.
CREATE TRIGGER accounts_in_bounds_of_new
BEFORE INSERT ON accounts
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.slug GLOB '*[^a-z0-9-]*' OR NEW.slug GLOB '-*' OR NEW.slug GLOB '*-'
BEGIN
    SELECT RAISE(ABORT, 'accounts_in_bounds');
END;
CREATE TRIGGER accounts_in_bounds_of_changed
BEFORE UPDATE OF created_at, slug ON accounts
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.slug GLOB '*[^a-z0-9-]*' OR NEW.slug GLOB '-*' OR NEW.slug GLOB '*-'
BEGIN
    SELECT RAISE(ABORT, 'accounts_in_bounds');
END;
CREATE TRIGGER api_keys_in_bounds_of_new
BEFORE INSERT ON api_keys
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.expires_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.last_used_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.revoked_at NOT BETWEEN -377705116800000 AND 253402300799999
BEGIN
    SELECT RAISE(ABORT, 'api_keys_in_bounds');
END;
CREATE TRIGGER api_keys_in_bounds_of_changed
BEFORE UPDATE OF created_at, expires_at, last_used_at, revoked_at ON api_keys
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.expires_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.last_used_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.revoked_at NOT BETWEEN -377705116800000 AND 253402300799999
BEGIN
    SELECT RAISE(ABORT, 'api_keys_in_bounds');
END;
CREATE TRIGGER customers_in_bounds_of_new
BEFORE INSERT ON customers
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.updated_at NOT BETWEEN -377705116800000 AND 253402300799999
BEGIN
    SELECT RAISE(ABORT, 'customers_in_bounds');
END;
CREATE TRIGGER customers_in_bounds_of_changed
BEFORE UPDATE OF created_at, updated_at ON customers
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.updated_at NOT BETWEEN -377705116800000 AND 253402300799999
BEGIN
    SELECT RAISE(ABORT, 'customers_in_bounds');
END;
CREATE TRIGGER appointments_in_bounds_of_new
BEFORE INSERT ON appointments
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.updated_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.starts_at NOT BETWEEN -1035593280 AND 4223371679
BEGIN
    SELECT RAISE(ABORT, 'appointments_in_bounds');
END;
CREATE TRIGGER appointments_in_bounds_of_changed
BEFORE UPDATE OF created_at, updated_at, starts_at ON appointments
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.updated_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.starts_at NOT BETWEEN -1035593280 AND 4223371679
BEGIN
    SELECT RAISE(ABORT, 'appointments_in_bounds');
END;
CREATE TRIGGER events_in_bounds_of_new
BEFORE INSERT ON events
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.updated_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.starts_at NOT BETWEEN -1035593280 AND 4223371679
BEGIN
    SELECT RAISE(ABORT, 'events_in_bounds');
END;
CREATE TRIGGER events_in_bounds_of_changed
BEFORE UPDATE OF created_at, updated_at, starts_at ON events
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.updated_at NOT BETWEEN -377705116800000 AND 253402300799999
    OR NEW.starts_at NOT BETWEEN -1035593280 AND 4223371679
BEGIN
    SELECT RAISE(ABORT, 'events_in_bounds');
END;
CREATE TRIGGER registrations_in_bounds_of_new
BEFORE INSERT ON registrations
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
BEGIN
    SELECT RAISE(ABORT, 'registrations_in_bounds');
END;
CREATE TRIGGER registrations_in_bounds_of_changed
BEFORE UPDATE OF created_at ON registrations
WHEN NEW.created_at NOT BETWEEN -377705116800000 AND 253402300799999
BEGIN
    SELECT RAISE(ABORT, 'registrations_in_bounds');
END;
