DROP INDEX customers_email_unique;
ALTER TABLE customers ADD CONSTRAINT customers_email_unique UNIQUE (account_id, email_key);
DROP TRIGGER appointments_take_turns ON appointments;
DROP TRIGGER appointments_share_turns ON appointments;
DROP TRIGGER appointments_take_days ON appointments;
DROP TRIGGER appointments_account_exists ON appointments;
DROP TRIGGER appointments_leg_follows_when_new ON appointments;
DROP TRIGGER appointments_leg_follows_when_moved ON appointments;
DROP TRIGGER appointments_leg_follows_when_gone ON appointments;
DROP TRIGGER appointments_leg_follows_when_lead_is_renamed ON appointments;
DROP TRIGGER appointments_account_stays ON accounts;
DROP TRIGGER appointments_without_legs ON appointments;
DROP TRIGGER appointments_with_legs ON appointments;
DROP TRIGGER appointments_with_other_legs ON appointments;
DROP FUNCTION appointments_take_days, appointments_account_exists, appointments_account_stays, appointments_leg_follows, appointments_with_legs,
    appointments_without_legs;
DELETE FROM appointments WHERE kind <> 'appointment';
DROP INDEX appointments_by_start, appointments_by_customer, appointments_holds, appointments_blocks;
ALTER TABLE appointments
    DROP CONSTRAINT appointments_no_overlap,
    DROP COLUMN kind,
    DROP COLUMN lead_id,
    DROP COLUMN resource_id,
    DROP COLUMN further_resources,
    DROP COLUMN service_id,
    DROP COLUMN blocks_from,
    DROP COLUMN blocks_until,
    DROP COLUMN held_until,
    ALTER COLUMN customer_id SET NOT NULL,
    ALTER COLUMN service_type SET NOT NULL,
    DROP CONSTRAINT appointments_status_check,
    ADD CONSTRAINT appointments_status_check CHECK (status IN ('confirmed', 'cancelled')),
    ADD CONSTRAINT appointments_check CHECK (ends_at - starts_at BETWEEN 1 AND 1440),
    ADD CONSTRAINT appointments_no_overlap EXCLUDE USING gist (
        account_id WITH =,
        int8range(starts_at, ends_at) WITH &&
    ) WHERE (status = 'confirmed');
DROP FUNCTION appointments_fits;
CREATE INDEX appointments_by_start ON appointments (account_id, starts_at, id);
CREATE INDEX appointments_by_customer ON appointments (account_id, customer_id, starts_at, id);
CREATE TRIGGER appointments_take_turns
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.status = 'confirmed'
    AND (NEW.status, NEW.starts_at, NEW.ends_at) IS DISTINCT FROM (OLD.status, OLD.starts_at, OLD.ends_at)
)
EXECUTE FUNCTION take_turns();
CREATE TRIGGER appointments_share_turns
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.status = 'confirmed'
    AND (NEW.status, NEW.starts_at, NEW.ends_at) IS NOT DISTINCT FROM (OLD.status, OLD.starts_at, OLD.ends_at)
)
EXECUTE FUNCTION share_turns();
