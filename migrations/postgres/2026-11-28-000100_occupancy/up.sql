-- What occupies the schedule besides an appointment of the account's own: resources, holds, and time off. They are rows of one table, so
-- that one guard compares them all. (SQLite's migration of the same name says what the columns mean.)
--
-- It rewrites the table and builds its indexes anew, and nobody can use the table meanwhile. Stop all servers of the version before.
SET LOCAL lock_timeout = '3s';

DROP TRIGGER appointments_take_turns ON appointments;
DROP TRIGGER appointments_share_turns ON appointments;
DROP INDEX appointments_by_start, appointments_by_customer;
ALTER TABLE appointments
    DROP CONSTRAINT appointments_no_overlap,
    DROP CONSTRAINT appointments_status_check,
    DROP CONSTRAINT appointments_check,
    ALTER COLUMN customer_id DROP NOT NULL,
    ALTER COLUMN service_type DROP NOT NULL,
    ADD COLUMN kind text NOT NULL DEFAULT 'appointment' CHECK (kind IN ('appointment', 'leg', 'hold', 'block')),
    ADD COLUMN lead_id bytea,
    ADD COLUMN resource_id bytea,
    ADD COLUMN further_resources text CHECK (further_resources ~ '^[0-9a-f]{24}(,[0-9a-f]{24})*$'),
    ADD COLUMN service_id bytea,
    ADD COLUMN blocks_from bigint,
    ADD COLUMN blocks_until bigint,
    ADD COLUMN held_until instant;
-- This fills the columns and writes each row once. An UPDATE would leave a dead row behind for every row.
ALTER TABLE appointments
    ALTER COLUMN kind DROP DEFAULT,
    ALTER COLUMN blocks_from TYPE bigint USING starts_at,
    ALTER COLUMN blocks_until TYPE bigint USING ends_at;
-- What goes together in a row. PostgreSQL reads the text of each CHECK anew for each statement. Seven of them took a tenth of a booking; one
-- function tells the same names.
CREATE FUNCTION appointments_fits(
    kind text, lead_id bytea, customer_id bytea, resource_id bytea, further_resources text, starts_at bigint, ends_at bigint,
    blocks_from bigint, blocks_until bigint, held_until bigint, service_type text, status text
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    broken text := CASE
        WHEN (kind = 'appointment') <> (customer_id IS NOT NULL) THEN 'appointments_customer'
        WHEN (kind = 'leg') <> (lead_id IS NOT NULL) THEN 'appointments_lead'
        WHEN (kind = 'hold') <> (held_until IS NOT NULL) THEN 'appointments_held'
        WHEN (kind IN ('appointment', 'hold')) <> (service_type IS NOT NULL) THEN 'appointments_service'
        WHEN kind = 'leg' AND (resource_id IS NULL OR status <> 'confirmed') THEN 'appointments_resources'
        -- Nor does a row take a resource twice.
        WHEN further_resources IS NOT NULL AND (
            kind NOT IN ('appointment', 'hold') OR resource_id IS NULL OR position(encode(resource_id, 'hex') IN further_resources) > 0
        ) THEN 'appointments_resources'
        -- An empty interval would overlap nothing.
        WHEN starts_at >= ends_at OR kind <> 'block' AND ends_at - starts_at > 1440
            OR starts_at - blocks_from NOT BETWEEN 0 AND 720 OR blocks_until - ends_at NOT BETWEEN 0 AND 720 THEN 'appointments_interval'
        WHEN kind = 'block' AND (status <> 'confirmed' OR blocks_from <> starts_at OR blocks_until <> ends_at) THEN 'appointments_block'
    END;
BEGIN
    IF broken IS NULL THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'a row of appointments does not fit' USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
ALTER TABLE appointments
    ALTER COLUMN blocks_from SET NOT NULL,
    ALTER COLUMN blocks_until SET NOT NULL,
    ADD CONSTRAINT appointments_status_check CHECK (status IN ('confirmed', 'completed', 'no_show', 'cancelled')),
    ADD FOREIGN KEY (account_id, resource_id) REFERENCES resources (account_id, id),
    ADD FOREIGN KEY (account_id, service_id) REFERENCES services (account_id, id),
    ADD FOREIGN KEY (account_id, lead_id) REFERENCES appointments (account_id, id) ON DELETE CASCADE DEFERRABLE,
    ADD CONSTRAINT appointments_fits CHECK (appointments_fits(kind, lead_id, customer_id, resource_id, further_resources, starts_at, ends_at,
        blocks_from, blocks_until, held_until, service_type, status)),
    -- No two rows of a resource, or of the account's own schedule, that occupy it share a minute. One key for account and resource makes
    -- a booking cheaper than two; as ids have one length, it is unambiguous.
    ADD CONSTRAINT appointments_no_overlap EXCLUDE USING gist (
        (account_id || coalesce(resource_id, '\x'::bytea)) WITH =,
        int8range(blocks_from, blocks_until) WITH &&
    ) WHERE (status <> 'cancelled');
CREATE INDEX appointments_by_start ON appointments (account_id, starts_at, id) WHERE kind = 'appointment';
CREATE INDEX appointments_by_customer ON appointments (account_id, customer_id, starts_at, id) WHERE customer_id IS NOT NULL;
CREATE INDEX appointments_legs ON appointments (account_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX appointments_holds ON appointments (account_id, starts_at, id) WHERE kind = 'hold';
CREATE INDEX appointments_blocks ON appointments (account_id, starts_at, id) WHERE kind = 'block';

-- As before (the first migration says why), for every column that the exclusion constraint looks at, and for what has legs.
--
-- A write of several rows holds one while it waits for another. So a move takes its turn before it writes any row. (It has locked its own row
-- by then; nobody who holds the turn waits for a row that is only locked.)
CREATE TRIGGER appointments_take_turns
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.status <> 'cancelled'
    AND (NEW.status <> 'cancelled', NEW.resource_id, NEW.further_resources, NEW.blocks_from, NEW.blocks_until)
        IS DISTINCT FROM (OLD.status <> 'cancelled', OLD.resource_id, OLD.further_resources, OLD.blocks_from, OLD.blocks_until)
)
EXECUTE FUNCTION take_turns();
CREATE TRIGGER appointments_share_turns
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.status <> 'cancelled'
    AND (NEW.status <> 'cancelled', NEW.resource_id, NEW.further_resources, NEW.blocks_from, NEW.blocks_until)
        IS NOT DISTINCT FROM (OLD.status <> 'cancelled', OLD.resource_id, OLD.further_resources, OLD.blocks_from, OLD.blocks_until)
)
EXECUTE FUNCTION share_turns();
-- New rows of several resources share the turn that a move takes alone, and take turns for each day that they touch. So two that could wait
-- for each other, because they overlap, wait before either has written a row. (Division cuts both ends towards zero, so what overlaps has a
-- day in common before 1970, too.)
CREATE FUNCTION appointments_take_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(TG_TABLE_NAME || encode(NEW.account_id, 'hex'), 0));
    FOR day IN NEW.blocks_from / 1440 .. (NEW.blocks_until - 1) / 1440 LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended(TG_NAME || encode(NEW.account_id, 'hex'), day));
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER appointments_take_days
BEFORE INSERT ON appointments FOR EACH ROW WHEN (NEW.further_resources IS NOT NULL)
EXECUTE FUNCTION appointments_take_days();

-- A row without a customer refers to its account, too.
CREATE FUNCTION appointments_account_exists() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts WHERE id = NEW.account_id) THEN
        RAISE EXCEPTION 'there is no such account' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'appointments_account_exists';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appointments_account_exists
BEFORE INSERT OR UPDATE OF account_id, customer_id ON appointments FOR EACH ROW
WHEN (NEW.customer_id IS NULL)
EXECUTE FUNCTION appointments_account_exists();
CREATE FUNCTION appointments_account_stays() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT FROM appointments WHERE account_id = OLD.id) THEN
        RAISE EXCEPTION 'the account has appointments' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'appointments_account_exists';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appointments_account_stays
BEFORE DELETE OR UPDATE OF id ON accounts FOR EACH ROW
EXECUTE FUNCTION appointments_account_stays();

-- Nobody but the triggers below writes legs, so they have the times of their lead and the resources that it names, as long as it occupies
-- them.
CREATE FUNCTION appointments_leg_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is refused: a leg follows its lead', TG_OP
        USING ERRCODE = 'check_violation', CONSTRAINT = 'appointments_leg_follows';
END $$;
CREATE TRIGGER appointments_leg_follows_when_new
BEFORE INSERT ON appointments FOR EACH ROW WHEN (NEW.kind = 'leg' AND pg_trigger_depth() = 0)
EXECUTE FUNCTION appointments_leg_follows();
CREATE TRIGGER appointments_leg_follows_when_moved
BEFORE UPDATE ON appointments FOR EACH ROW WHEN ((NEW.kind = 'leg' OR OLD.kind = 'leg') AND pg_trigger_depth() = 0)
EXECUTE FUNCTION appointments_leg_follows();
CREATE TRIGGER appointments_leg_follows_when_gone
BEFORE DELETE ON appointments FOR EACH ROW WHEN (OLD.kind = 'leg' AND pg_trigger_depth() = 0)
EXECUTE FUNCTION appointments_leg_follows();

-- The foreign key can be deferred, and by the commit another row could have the lead's id.
CREATE TRIGGER appointments_leg_follows_when_lead_is_renamed
BEFORE UPDATE OF account_id, id ON appointments FOR EACH ROW
WHEN (OLD.further_resources IS NOT NULL AND (NEW.account_id, NEW.id) IS DISTINCT FROM (OLD.account_id, OLD.id))
EXECUTE FUNCTION appointments_leg_follows();

-- An id that is near the lead's is near the lead in the indexes, too.
CREATE FUNCTION appointments_with_legs() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    named text[] := string_to_array(NEW.further_resources, ',');
    taken bigint;
BEGIN
    INSERT INTO appointments
        (account_id, id, kind, lead_id, resource_id, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version)
    SELECT NEW.account_id, substr(NEW.id, 1, 6) || substr(uuid_send(gen_random_uuid()), 1, 6), 'leg', NEW.id, decode(resource, 'hex'),
        NEW.starts_at, NEW.ends_at, NEW.blocks_from, NEW.blocks_until, 'confirmed', NEW.created_at, NEW.updated_at, 1
    FROM unnest(named) AS resource
    ON CONFLICT ON CONSTRAINT appointments_no_overlap DO NOTHING;
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken < cardinality(named) THEN
        RAISE EXCEPTION 'a resource is taken' USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'appointments_no_overlap';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION appointments_without_legs() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM appointments WHERE account_id = OLD.account_id AND lead_id = OLD.id;
    RETURN NEW;
END $$;
-- Triggers for one event run in the order of their names: the legs go after the turn is taken.
CREATE TRIGGER appointments_without_legs
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    OLD.further_resources IS NOT NULL
    AND (NEW.further_resources, NEW.starts_at, NEW.ends_at, NEW.blocks_from, NEW.blocks_until, NEW.status <> 'cancelled')
        IS DISTINCT FROM (OLD.further_resources, OLD.starts_at, OLD.ends_at, OLD.blocks_from, OLD.blocks_until, OLD.status <> 'cancelled')
)
EXECUTE FUNCTION appointments_without_legs();
CREATE TRIGGER appointments_with_legs
AFTER INSERT ON appointments FOR EACH ROW WHEN (NEW.further_resources IS NOT NULL AND NEW.status <> 'cancelled')
EXECUTE FUNCTION appointments_with_legs();
CREATE TRIGGER appointments_with_other_legs
AFTER UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.further_resources IS NOT NULL AND NEW.status <> 'cancelled'
    AND (NEW.further_resources, NEW.starts_at, NEW.ends_at, NEW.blocks_from, NEW.blocks_until, NEW.status <> 'cancelled')
        IS DISTINCT FROM (OLD.further_resources, OLD.starts_at, OLD.ends_at, OLD.blocks_from, OLD.blocks_until, OLD.status <> 'cancelled')
)
EXECUTE FUNCTION appointments_with_legs();

-- A booking may update its customer, and then waits for its slot; others hold the slot, and wait for the customer, to which their rows
-- refer: a deadlock. They wait because an update that names email_key locks the row against references, if a unique index that a foreign
-- key could use has that column (and if the table has a BEFORE UPDATE trigger, whether or not the value changes). A foreign key can't use
-- a partial index.
ALTER TABLE customers DROP CONSTRAINT customers_email_unique;
CREATE UNIQUE INDEX customers_email_unique ON customers (account_id, email_key) WHERE email_key IS NOT NULL;
