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
    WHERE account_id = NEW.account_id AND (id = NEW.id OR (event_id = NEW.event_id AND customer_id = NEW.customer_id));
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
CREATE TRIGGER registrations_stay
BEFORE UPDATE OF account_id, event_id ON registrations
BEGIN
    SELECT RAISE(ABORT, 'registrations_stay')
    WHERE NEW.account_id <> OLD.account_id OR NEW.event_id <> OLD.event_id;
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
