DROP TABLE payments;
DROP FUNCTION payments_fit;
DROP TRIGGER registrations_admitted_again ON registrations;
DELETE FROM registrations WHERE status IN ('cancelled', 'expired');
CREATE OR REPLACE FUNCTION registrations_admitted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
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
CREATE OR REPLACE FUNCTION registrations_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    place registrations%ROWTYPE;
BEGIN
    IF TG_OP = 'INSERT' THEN place := NEW; ELSE place := OLD; END IF;
    UPDATE events
    SET participants = participants + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END, version = version + 1
    WHERE account_id = place.account_id AND id = place.event_id;
    RETURN NULL;
END $$;
DROP TRIGGER registrations_counted ON registrations;
CREATE TRIGGER registrations_counted
AFTER INSERT OR DELETE ON registrations FOR EACH ROW EXECUTE FUNCTION registrations_counted();
DROP INDEX registrations_once, registrations_pending;
ALTER TABLE registrations
    DROP CONSTRAINT registrations_status_check,
    DROP CONSTRAINT registrations_version_check,
    DROP CONSTRAINT registrations_held,
    DROP CONSTRAINT registrations_bill,
    DROP COLUMN status,
    DROP COLUMN held_until,
    DROP COLUMN currency,
    DROP COLUMN amount_minor,
    DROP COLUMN deposit_minor,
    DROP COLUMN paid_minor,
    DROP COLUMN refunded_minor,
    DROP COLUMN version,
    ADD CONSTRAINT registrations_once UNIQUE (account_id, event_id, customer_id);
DROP INDEX appointments_pending;
UPDATE appointments
SET status = CASE status WHEN 'pending' THEN 'confirmed' ELSE status END, held_until = NULL, currency = NULL, amount_minor = NULL,
    deposit_minor = NULL, paid_minor = NULL, refunded_minor = NULL
WHERE kind = 'appointment' AND (held_until IS NOT NULL OR currency IS NOT NULL);
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
    DROP CONSTRAINT appointments_status_check,
    DROP CONSTRAINT appointments_fits,
    DROP COLUMN currency,
    DROP COLUMN amount_minor,
    DROP COLUMN deposit_minor,
    DROP COLUMN paid_minor,
    DROP COLUMN refunded_minor,
    ADD CONSTRAINT appointments_status_check CHECK (status IN ('confirmed', 'completed', 'no_show', 'cancelled')),
    ADD CONSTRAINT appointments_fits CHECK (appointments_fits(kind, lead_id, customer_id, resource_id, further_resources, starts_at, ends_at,
        blocks_from, blocks_until, held_until, service_type, status));
DROP FUNCTION appointments_fits(
    text, bytea, bytea, bytea, text, bigint, bigint, bigint, bigint, bigint, text, text, text, bigint, bigint, bigint, bigint
);
DROP FUNCTION bill_fits;
