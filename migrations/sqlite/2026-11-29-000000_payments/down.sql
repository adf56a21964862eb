DROP TABLE payments;
DROP TRIGGER appointments_account_stays;
DROP TRIGGER appointments_account_keeps_its_id;
CREATE TABLE appointments_before (
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    kind TEXT NOT NULL CHECK (kind = 'appointment' OR kind = 'leg' OR kind = 'hold' OR kind = 'block'),
    lead_id BLOB,
    customer_id BLOB,
    resource_id BLOB,
    further_resources TEXT CHECK (
        length(further_resources) % 25 = 24 AND further_resources NOT GLOB '*[^0-9a-f,]*'
        AND length(replace(further_resources, ',', '')) = (length(further_resources) + 1) / 25 * 24
    ),
    service_id BLOB,
    starts_at INTEGER NOT NULL CHECK (starts_at BETWEEN -1035593280 AND 4223371679),
    ends_at INTEGER NOT NULL,
    blocks_from INTEGER NOT NULL,
    blocks_until INTEGER NOT NULL,
    held_until INTEGER CHECK (held_until BETWEEN -377705116800000 AND 253402300799999),
    service_type TEXT CHECK (
        service_type = 'consultation' OR service_type = 'treatment' OR service_type = 'lesson'
        OR service_type = 'workshop' OR service_type = 'other'
    ),
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    status TEXT NOT NULL CHECK (
        status = 'confirmed' OR status = 'completed' OR status = 'no_show' OR status = 'cancelled'
    ),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id),
    FOREIGN KEY (account_id, resource_id) REFERENCES resources (account_id, id),
    FOREIGN KEY (account_id, service_id) REFERENCES services (account_id, id),
    FOREIGN KEY (account_id, lead_id) REFERENCES appointments_before (account_id, id) ON DELETE CASCADE
        DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT appointments_customer CHECK ((kind = 'appointment') = (customer_id IS NOT NULL)),
    CONSTRAINT appointments_lead CHECK ((kind = 'leg') = (lead_id IS NOT NULL)),
    CONSTRAINT appointments_held CHECK ((kind = 'hold') = (held_until IS NOT NULL)),
    CONSTRAINT appointments_service CHECK ((kind = 'appointment' OR kind = 'hold') = (service_type IS NOT NULL)),
    CONSTRAINT appointments_resources CHECK (
        (kind <> 'leg' OR (resource_id IS NOT NULL AND status = 'confirmed'))
        -- Nor does a row take a resource twice.
        AND (further_resources IS NULL OR (kind = 'appointment' OR kind = 'hold') AND resource_id IS NOT NULL
            AND instr(further_resources, lower(hex(resource_id))) = 0)
    ),
    -- An empty interval would overlap nothing. The bounds are those of the guard's search.
    CONSTRAINT appointments_interval CHECK (
        starts_at < ends_at AND (kind = 'block' OR ends_at - starts_at <= 1440)
        AND starts_at - blocks_from BETWEEN 0 AND 720 AND blocks_until - ends_at BETWEEN 0 AND 720
    ),
    CONSTRAINT appointments_block CHECK (
        kind <> 'block' OR (status = 'confirmed' AND blocks_from = starts_at AND blocks_until = ends_at)
    )
) STRICT, WITHOUT ROWID;

INSERT INTO appointments_before
    (account_id, id, kind, lead_id, customer_id, resource_id, further_resources, service_id, starts_at, ends_at, blocks_from,
    blocks_until, held_until, service_type, notes, status, created_at, updated_at, version)
SELECT
    account_id, id, kind, lead_id, customer_id, resource_id, further_resources, service_id, starts_at, ends_at, blocks_from,
    blocks_until, CASE kind WHEN 'hold' THEN held_until END, service_type, notes,
    CASE status WHEN 'pending' THEN 'confirmed' ELSE status END, created_at, updated_at, version
FROM appointments;
DROP TABLE appointments;
ALTER TABLE appointments_before RENAME TO appointments;
-- Serves the list (by start, then id) and, without touching the table, the search for conflicts in the account's own schedule.
CREATE INDEX appointments_by_start
ON appointments (account_id, starts_at, id, blocks_from, blocks_until, status, resource_id, held_until);
CREATE INDEX appointments_by_customer ON appointments (account_id, customer_id, starts_at, id) WHERE customer_id IS NOT NULL;
-- Serves the search for conflicts of a resource. What occupies a resource never overlaps, so the last one that begins before the end of a
-- slot is the only one that can reach into it. The last columns spare a look at the table.
CREATE INDEX appointments_by_resource
ON appointments (account_id, resource_id, blocks_from, blocks_until, status, held_until, lead_id)
WHERE resource_id IS NOT NULL AND status <> 'cancelled';
CREATE INDEX appointments_legs ON appointments (account_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX appointments_holds ON appointments (account_id, starts_at, id) WHERE kind = 'hold';
CREATE INDEX appointments_blocks ON appointments (account_id, starts_at, id) WHERE kind = 'block';
-- Blocks have any length. In the account's own schedule, the last one that begins before the end of a slot is searched for by itself.
CREATE INDEX appointments_own_blocks ON appointments (account_id, blocks_from, blocks_until, kind, resource_id)
WHERE kind = 'block' AND resource_id IS NULL;

-- A row without a customer refers to its account, too. (A foreign key would be checked for every booking.)
CREATE TRIGGER appointments_account_exists
BEFORE INSERT ON appointments WHEN NEW.customer_id IS NULL
BEGIN
    SELECT RAISE(ABORT, 'appointments_account_exists')
    WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id);
END;
CREATE TRIGGER appointments_account_exists_when_moved
BEFORE UPDATE OF account_id, customer_id ON appointments WHEN NEW.customer_id IS NULL
BEGIN
    SELECT RAISE(ABORT, 'appointments_account_exists')
    WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id);
END;
CREATE TRIGGER appointments_account_stays
BEFORE DELETE ON accounts
BEGIN
    SELECT RAISE(ABORT, 'appointments_account_exists') FROM appointments WHERE account_id = OLD.id;
END;
CREATE TRIGGER appointments_account_keeps_its_id
BEFORE UPDATE OF id ON accounts WHEN NEW.id <> OLD.id
BEGIN
    SELECT RAISE(ABORT, 'appointments_account_exists') FROM appointments WHERE account_id = OLD.id;
END;

-- No two rows of a resource that occupy it share a minute. (`coalesce`, `IS ?` or another spelling of the index's WHERE would miss the
-- index.)
CREATE TRIGGER appointments_no_overlap_of_new
BEFORE INSERT ON appointments WHEN NEW.status <> 'cancelled' AND NEW.resource_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') WHERE NEW.blocks_from < (
        SELECT blocks_until FROM appointments
        WHERE account_id = NEW.account_id AND resource_id = NEW.resource_id AND resource_id IS NOT NULL AND status <> 'cancelled'
            AND blocks_from < NEW.blocks_until
        ORDER BY blocks_from DESC LIMIT 1
    );
END;
-- After the change, so that a row is not in its own way. Its own legs aren't either: they follow it in a moment.
CREATE TRIGGER appointments_no_overlap_of_moved
AFTER UPDATE OF account_id, id, resource_id, blocks_from, blocks_until, status ON appointments
WHEN NEW.status <> 'cancelled' AND NEW.resource_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') WHERE NEW.blocks_from < (
        SELECT blocks_until FROM appointments
        WHERE account_id = NEW.account_id AND resource_id = NEW.resource_id AND resource_id IS NOT NULL AND status <> 'cancelled'
            AND blocks_from < NEW.blocks_until AND id <> NEW.id AND lead_id IS NOT NEW.id
        ORDER BY blocks_from DESC LIMIT 1
    );
END;
-- The same for the account's own schedule. What occupies it never overlaps either, so in the order of the starts only the last one that
-- starts before the end of a slot, and the one after it, can reach into the slot. What is not a block reaches at most 2160 minutes beyond its
-- start (a day and a buffer) and 720 minutes before it (a buffer), so the search is a short range of appointments_by_start.
CREATE TRIGGER appointments_no_overlap_of_new_alone
BEFORE INSERT ON appointments WHEN NEW.status <> 'cancelled' AND NEW.resource_id IS NULL
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') WHERE NEW.blocks_from < (
        SELECT blocks_until FROM appointments
        WHERE account_id = NEW.account_id AND resource_id IS NULL AND status <> 'cancelled'
            AND starts_at > NEW.blocks_from - 2160 AND starts_at < NEW.blocks_until
        ORDER BY starts_at DESC LIMIT 1
    ) OR NEW.blocks_until > (
        SELECT blocks_from FROM appointments
        WHERE account_id = NEW.account_id AND resource_id IS NULL AND status <> 'cancelled'
            AND starts_at >= NEW.blocks_until AND starts_at < NEW.blocks_until + 720
        ORDER BY starts_at LIMIT 1
    ) OR NEW.blocks_from < (
        SELECT blocks_until FROM appointments
        WHERE account_id = NEW.account_id AND kind = 'block' AND resource_id IS NULL AND blocks_from < NEW.blocks_until
        ORDER BY blocks_from DESC LIMIT 1
    );
END;
CREATE TRIGGER appointments_no_overlap_of_moved_alone
AFTER UPDATE OF account_id, id, resource_id, starts_at, blocks_from, blocks_until, status ON appointments
WHEN NEW.status <> 'cancelled' AND NEW.resource_id IS NULL
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') WHERE NEW.blocks_from < (
        SELECT blocks_until FROM appointments
        WHERE account_id = NEW.account_id AND resource_id IS NULL AND status <> 'cancelled'
            AND starts_at > NEW.blocks_from - 2160 AND starts_at < NEW.blocks_until AND id <> NEW.id
        ORDER BY starts_at DESC LIMIT 1
    ) OR NEW.blocks_until > (
        SELECT blocks_from FROM appointments
        WHERE account_id = NEW.account_id AND resource_id IS NULL AND status <> 'cancelled'
            AND starts_at >= NEW.blocks_until AND starts_at < NEW.blocks_until + 720 AND id <> NEW.id
        ORDER BY starts_at LIMIT 1
    ) OR NEW.blocks_from < (
        SELECT blocks_until FROM appointments
        WHERE account_id = NEW.account_id AND kind = 'block' AND resource_id IS NULL AND blocks_from < NEW.blocks_until AND id <> NEW.id
        ORDER BY blocks_from DESC LIMIT 1
    );
END;

-- A leg has the times of its lead, which occupies them, and a resource that the lead names. The triggers below write legs so that this
-- holds, and these refuse everything else.
CREATE TRIGGER appointments_leg_follows_when_new
BEFORE INSERT ON appointments WHEN NEW.kind = 'leg'
BEGIN
    SELECT RAISE(ABORT, 'appointments_leg_follows') WHERE NOT EXISTS (
        SELECT 1 FROM appointments
        WHERE account_id = NEW.account_id AND id = NEW.lead_id AND status <> 'cancelled'
            AND (starts_at, ends_at, blocks_from, blocks_until)
                = (NEW.starts_at, NEW.ends_at, NEW.blocks_from, NEW.blocks_until)
            AND instr(further_resources, lower(hex(NEW.resource_id))) > 0
    );
END;
CREATE TRIGGER appointments_leg_follows_when_moved
AFTER UPDATE ON appointments WHEN NEW.kind = 'leg' OR OLD.kind = 'leg'
BEGIN
    SELECT RAISE(ABORT, 'appointments_leg_follows')
    WHERE (NEW.account_id, NEW.id, NEW.kind, NEW.lead_id, NEW.resource_id)
        IS NOT (OLD.account_id, OLD.id, OLD.kind, OLD.lead_id, OLD.resource_id)
    OR NOT EXISTS (
        SELECT 1 FROM appointments
        WHERE account_id = NEW.account_id AND id = NEW.lead_id
            AND (starts_at, ends_at, blocks_from, blocks_until)
                = (NEW.starts_at, NEW.ends_at, NEW.blocks_from, NEW.blocks_until)
    );
END;
CREATE TRIGGER appointments_leg_follows_when_gone
BEFORE DELETE ON appointments WHEN OLD.kind = 'leg'
BEGIN
    SELECT RAISE(ABORT, 'appointments_leg_follows') FROM appointments
    WHERE account_id = OLD.account_id AND id = OLD.lead_id AND status <> 'cancelled'
        AND instr(further_resources, lower(hex(OLD.resource_id))) > 0;
END;

-- INSERT OR REPLACE and UPDATE OR REPLACE delete the row that is in the way without a DELETE trigger.
CREATE TRIGGER appointments_leg_follows_when_replaced
BEFORE INSERT ON appointments
BEGIN
    SELECT RAISE(ABORT, 'appointments_leg_follows') FROM appointments
    WHERE account_id = NEW.account_id AND id = NEW.id AND kind = 'leg';
END;
CREATE TRIGGER appointments_leg_follows_when_replaced_by_another
BEFORE UPDATE OF account_id, id ON appointments WHEN (NEW.account_id, NEW.id) IS NOT (OLD.account_id, OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'appointments_leg_follows') FROM appointments
    WHERE account_id = NEW.account_id AND id = NEW.id AND kind = 'leg';
END;
-- The foreign key can be deferred, and by the commit another row could have the lead's id.
CREATE TRIGGER appointments_leg_follows_when_lead_is_renamed
BEFORE UPDATE OF account_id, id ON appointments
WHEN OLD.further_resources IS NOT NULL AND (NEW.account_id, NEW.id) IS NOT (OLD.account_id, OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'appointments_leg_follows');
END;

-- An id that is near the lead's is near the lead in the table, too.
CREATE TRIGGER appointments_with_legs
AFTER INSERT ON appointments WHEN NEW.further_resources IS NOT NULL AND NEW.status <> 'cancelled'
BEGIN
    INSERT INTO appointments
        (account_id, id, kind, lead_id, resource_id, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version)
    SELECT account_id, CAST(substr(NEW.id, 1, 6) || randomblob(6) AS BLOB), 'leg', NEW.id, id, NEW.starts_at, NEW.ends_at,
        NEW.blocks_from, NEW.blocks_until, 'confirmed', NEW.created_at, NEW.updated_at, 1
    FROM resources WHERE account_id = NEW.account_id AND instr(NEW.further_resources, lower(hex(id))) > 0;
    -- Each one that is named exists, and is named once.
    SELECT RAISE(ABORT, 'appointments_leg_follows') WHERE (length(NEW.further_resources) + 1) / 25 <> (
        SELECT count(*) FROM appointments WHERE account_id = NEW.account_id AND lead_id = NEW.id
    );
END;
CREATE TRIGGER appointments_with_other_legs
AFTER UPDATE OF further_resources, starts_at, ends_at, blocks_from, blocks_until, status ON appointments
WHEN (OLD.further_resources IS NOT NULL OR NEW.further_resources IS NOT NULL)
    AND (NEW.further_resources, NEW.starts_at, NEW.ends_at, NEW.blocks_from, NEW.blocks_until, NEW.status <> 'cancelled')
        IS NOT (OLD.further_resources, OLD.starts_at, OLD.ends_at, OLD.blocks_from, OLD.blocks_until, OLD.status <> 'cancelled')
BEGIN
    DELETE FROM appointments
    WHERE account_id = NEW.account_id AND lead_id = NEW.id
        AND (NEW.status = 'cancelled' OR NEW.further_resources IS NULL
            OR instr(NEW.further_resources, lower(hex(resource_id))) = 0);
    UPDATE appointments
    SET starts_at = NEW.starts_at, ends_at = NEW.ends_at, blocks_from = NEW.blocks_from, blocks_until = NEW.blocks_until
    WHERE account_id = NEW.account_id AND lead_id = NEW.id;
    INSERT INTO appointments
        (account_id, id, kind, lead_id, resource_id, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version)
    SELECT account_id, CAST(substr(NEW.id, 1, 6) || randomblob(6) AS BLOB), 'leg', NEW.id, id, NEW.starts_at, NEW.ends_at,
        NEW.blocks_from, NEW.blocks_until, 'confirmed', NEW.created_at, NEW.updated_at, 1
    FROM resources
    WHERE account_id = NEW.account_id AND NEW.status <> 'cancelled' AND instr(NEW.further_resources, lower(hex(id))) > 0
        AND NOT EXISTS (
            SELECT 1 FROM appointments
            WHERE account_id = NEW.account_id AND lead_id = NEW.id AND resource_id = resources.id
        );
    SELECT RAISE(ABORT, 'appointments_leg_follows')
    WHERE NEW.status <> 'cancelled' AND NEW.further_resources IS NOT NULL AND (length(NEW.further_resources) + 1) / 25 <> (
        SELECT count(*) FROM appointments WHERE account_id = NEW.account_id AND lead_id = NEW.id
    );
END;

CREATE TABLE registrations_before (
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
INSERT INTO registrations_before
SELECT account_id, id, event_id, customer_id, notes, created_at FROM registrations
WHERE status = 'pending' OR status = 'confirmed';
DROP TABLE registrations;
ALTER TABLE registrations_before RENAME TO registrations;
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
