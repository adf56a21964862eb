-- Requests that were carried out, and their answers. The id is a digest of method, path and Idempotency-Key: what a client writes
-- into these is nobody else's to read.
CREATE TABLE idempotency_records (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 32),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer_format bigint NOT NULL CHECK (answer_format > 0),
    answer bytea NOT NULL,
    created_at instant NOT NULL,
    expires_at instant NOT NULL CHECK (expires_at > created_at),
    PRIMARY KEY (account_id, id)
);
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);

-- Who repeats a request that is being carried out is told so at once, instead of waiting with a connection in hand. (The first
-- eight bytes of a digest name the lock.)
CREATE FUNCTION idempotency_in_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(('x' || encode(substr(NEW.id, 1, 8), 'hex'))::bit(64)::bigint) THEN
        RAISE EXCEPTION 'the request is being carried out'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'idempotency_in_progress';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER idempotency_in_progress
BEFORE INSERT ON idempotency_records FOR EACH ROW EXECUTE FUNCTION idempotency_in_progress();
