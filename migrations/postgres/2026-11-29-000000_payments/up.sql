-- Payments: what bookings cost, what was paid for them, and the ledger of payments and refunds. (SQLite's migration of the same name says what
-- the columns mean.)
--
-- Servers of the version before may go on until the first booking has terms of payment: they don't know the status `pending`. Two indexes are
-- built; each reads its table once, and writes wait for that.
SET LOCAL lock_timeout = '3s';

ALTER TABLE appointments
    ADD COLUMN currency text,
    ADD COLUMN amount_minor bigint,
    ADD COLUMN deposit_minor bigint,
    ADD COLUMN paid_minor bigint,
    ADD COLUMN refunded_minor bigint;
-- Whether what is known of a bill fits together.
CREATE FUNCTION bill_fits(currency text, amount bigint, deposit bigint, paid bigint, refunded bigint) RETURNS boolean LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE
        WHEN currency IS NULL THEN coalesce(amount, deposit, paid, refunded) IS NULL
        ELSE coalesce(char_length(currency) = 3 AND amount BETWEEN 0 AND 99999999999 AND deposit BETWEEN 0 AND amount AND paid >= 0
            AND refunded BETWEEN 0 AND paid, false)
    END
$$;
-- As before, with what is held until it is paid, and the bill.
CREATE FUNCTION appointments_fits(
    kind text, lead_id bytea, customer_id bytea, resource_id bytea, further_resources text, starts_at bigint, ends_at bigint,
    blocks_from bigint, blocks_until bigint, held_until bigint, service_type text, status text,
    currency text, amount bigint, deposit bigint, paid bigint, refunded bigint
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    broken text := CASE
        WHEN (kind = 'appointment') <> (customer_id IS NOT NULL) THEN 'appointments_customer'
        WHEN (kind = 'leg') <> (lead_id IS NOT NULL) THEN 'appointments_lead'
        WHEN NOT CASE kind
            WHEN 'hold' THEN held_until IS NOT NULL AND status <> 'pending'
            WHEN 'appointment' THEN status = 'cancelled' OR (status = 'pending') = (held_until IS NOT NULL)
            ELSE held_until IS NULL
        END THEN 'appointments_held'
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
        WHEN currency IS NOT NULL AND kind <> 'appointment' OR NOT bill_fits(currency, amount, deposit, paid, refunded)
            THEN 'appointments_bill'
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
    ADD CONSTRAINT appointments_status_check CHECK (status IN ('pending', 'confirmed', 'completed', 'no_show', 'cancelled')) NOT VALID,
    ADD CONSTRAINT appointments_fits CHECK (appointments_fits(kind, lead_id, customer_id, resource_id, further_resources, starts_at, ends_at,
        blocks_from, blocks_until, held_until, service_type, status, currency, amount_minor, deposit_minor, paid_minor, refunded_minor))
        NOT VALID;
DROP FUNCTION appointments_fits(text, bytea, bytea, bytea, text, bigint, bigint, bigint, bigint, bigint, text, text);
-- What is to be paid, by when.
CREATE INDEX appointments_pending ON appointments (account_id, held_until, id) WHERE status = 'pending';

ALTER TABLE registrations
    ADD COLUMN status text NOT NULL DEFAULT 'confirmed',
    ADD COLUMN held_until instant,
    ADD COLUMN currency text,
    ADD COLUMN amount_minor bigint,
    ADD COLUMN deposit_minor bigint,
    ADD COLUMN paid_minor bigint,
    ADD COLUMN refunded_minor bigint,
    ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE registrations
    ADD CONSTRAINT registrations_status_check CHECK (status IN ('pending', 'confirmed', 'cancelled', 'expired')) NOT VALID,
    ADD CONSTRAINT registrations_version_check CHECK (version >= 1) NOT VALID,
    ADD CONSTRAINT registrations_held CHECK ((status IN ('pending', 'expired')) = (held_until IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT registrations_bill CHECK (bill_fits(currency, amount_minor, deposit_minor, paid_minor, refunded_minor)) NOT VALID,
    DROP CONSTRAINT registrations_once;
CREATE UNIQUE INDEX registrations_once ON registrations (account_id, event_id, customer_id) WHERE status IN ('pending', 'confirmed');
CREATE INDEX registrations_pending ON registrations (account_id, held_until, id) WHERE status = 'pending';

-- A registration that is pending or confirmed takes a place, whether it is new or comes back. As before, whoever takes or frees a place locks
-- the event's row first.
CREATE OR REPLACE FUNCTION registrations_admitted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    event_status text;
BEGIN
    SELECT status INTO event_status FROM events
    WHERE account_id = NEW.account_id AND id = NEW.event_id FOR NO KEY UPDATE;
    IF event_status IS NULL THEN
        RAISE EXCEPTION 'there is no such event'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'registrations_event_exists';
    ELSIF event_status <> 'active' AND NEW.status IN ('pending', 'confirmed') THEN
        RAISE EXCEPTION 'the event is not active'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registrations_event_active';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registrations_admitted_again
BEFORE UPDATE ON registrations FOR EACH ROW
WHEN ((NEW.status IN ('pending', 'confirmed')) <> (OLD.status IN ('pending', 'confirmed')))
EXECUTE FUNCTION registrations_admitted();

CREATE OR REPLACE FUNCTION registrations_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    place registrations%ROWTYPE;
    change bigint := 0;
BEGIN
    IF TG_OP <> 'DELETE' AND NEW.status IN ('pending', 'confirmed') THEN change := change + 1; END IF;
    IF TG_OP <> 'INSERT' AND OLD.status IN ('pending', 'confirmed') THEN change := change - 1; END IF;
    IF change = 0 THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN place := OLD; ELSE place := NEW; END IF;
    UPDATE events SET participants = participants + change, version = version + 1
    WHERE account_id = place.account_id AND id = place.event_id;
    RETURN NULL;
END $$;
DROP TRIGGER registrations_counted ON registrations;
CREATE TRIGGER registrations_counted
AFTER INSERT OR DELETE OR UPDATE OF status ON registrations FOR EACH ROW EXECUTE FUNCTION registrations_counted();

CREATE TABLE payments (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    kind text NOT NULL CHECK (kind IN ('payment', 'refund')),
    provider text NOT NULL CHECK (char_length(provider) BETWEEN 1 AND 40),
    external_id text NOT NULL CHECK (char_length(external_id) BETWEEN 1 AND 200),
    refund_of text CHECK (char_length(refund_of) BETWEEN 1 AND 200),
    payment_id bytea,
    appointment_id bytea,
    registration_id bytea,
    amount_minor bigint NOT NULL CHECK (amount_minor BETWEEN 1 AND 99999999999),
    currency text NOT NULL CHECK (char_length(currency) = 3),
    status text NOT NULL CHECK (status IN ('pending', 'failed', 'cancelled', 'succeeded')),
    refunded_minor bigint NOT NULL CHECK (refunded_minor >= 0),
    attention text CHECK (char_length(attention) >= 1),
    occurred_at instant NOT NULL,
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT payments_once UNIQUE (account_id, provider, external_id, kind),
    FOREIGN KEY (account_id, payment_id) REFERENCES payments (account_id, id),
    FOREIGN KEY (account_id, appointment_id) REFERENCES appointments (account_id, id),
    FOREIGN KEY (account_id, registration_id) REFERENCES registrations (account_id, id),
    CONSTRAINT payments_refund CHECK (
        (kind = 'refund') = (refund_of IS NOT NULL) AND (kind = 'refund' OR payment_id IS NULL)
        AND (kind = 'payment' OR refunded_minor = 0)
    ),
    CONSTRAINT payments_refunded CHECK (refunded_minor <= amount_minor),
    CONSTRAINT payments_target CHECK (appointment_id IS NULL OR registration_id IS NULL)
);
CREATE INDEX payments_by_appointment ON payments (account_id, appointment_id, id) WHERE appointment_id IS NOT NULL;
CREATE INDEX payments_by_registration ON payments (account_id, registration_id, id) WHERE registration_id IS NOT NULL;
CREATE INDEX payments_by_payment ON payments (account_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX payments_by_refunded ON payments (account_id, provider, refund_of, id) WHERE refund_of IS NOT NULL;
CREATE INDEX payments_with_attention ON payments (account_id, id) WHERE attention IS NOT NULL;

-- A refund is of the payment that it names, in its currency, and counted in it. So no payment is given back more than once. A payment has the
-- currency of its booking's bill; a booking without one gets it in the same write. The payment's row is locked first, so that two refunds see
-- each other.
CREATE FUNCTION payments_fit() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    paid payments%ROWTYPE;
    fits boolean;
BEGIN
    IF NEW.kind = 'refund' AND NEW.payment_id IS NOT NULL THEN
        SELECT * INTO paid FROM payments WHERE account_id = NEW.account_id AND id = NEW.payment_id FOR NO KEY UPDATE;
        fits := paid.kind = 'payment' AND (paid.currency, paid.provider, paid.external_id) = (NEW.currency, NEW.provider, NEW.refund_of);
    ELSIF NEW.kind = 'payment' THEN
        paid := NEW;
        fits := NOT EXISTS (
            SELECT FROM appointments
            WHERE account_id = NEW.account_id AND id = NEW.appointment_id AND (kind <> 'appointment' OR currency <> NEW.currency)
        ) AND NOT EXISTS (
            SELECT FROM registrations WHERE account_id = NEW.account_id AND id = NEW.registration_id AND currency <> NEW.currency
        ) AND (TG_OP = 'INSERT' OR NEW.currency = OLD.currency);
    ELSE
        RETURN NULL;
    END IF;
    IF NOT fits OR paid.refunded_minor < (
        SELECT sum(amount_minor) FROM payments
        WHERE account_id = paid.account_id AND payment_id = paid.id AND status = 'succeeded'
    ) THEN
        RAISE EXCEPTION 'the payment does not fit' USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_fit';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_fit AFTER INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION payments_fit();
-- The ledger is only ever added to.
CREATE TRIGGER payments_stay BEFORE DELETE ON payments FOR EACH ROW EXECUTE FUNCTION refuse('an entry of the ledger stays');
CREATE TRIGGER payments_stay_what_they_are
BEFORE UPDATE ON payments FOR EACH ROW
WHEN (
    (NEW.account_id, NEW.id, NEW.kind, NEW.provider, NEW.external_id)
    IS DISTINCT FROM (OLD.account_id, OLD.id, OLD.kind, OLD.provider, OLD.external_id)
)
EXECUTE FUNCTION refuse('an entry of the ledger stays what it is');
CREATE TRIGGER payments_not_truncated
BEFORE TRUNCATE ON payments FOR EACH STATEMENT EXECUTE FUNCTION refuse('an entry of the ledger stays');
