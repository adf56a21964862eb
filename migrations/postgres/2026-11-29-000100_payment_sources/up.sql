-- Payment sources: payment systems that tell of payments by notices, and the log of these notices. (SQLite's migration of the same name says
-- what the columns mean.)
--
-- Servers of the version before may go on.
SET LOCAL lock_timeout = '3s';

ALTER TABLE payments
    ADD COLUMN reported_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE payments
    ADD CONSTRAINT payments_reported CHECK (reported_minor BETWEEN 0 AND amount_minor AND (kind = 'payment' OR reported_minor = 0)) NOT VALID;

-- The index of a payment's refunds has all that their sum needs. (SQLite needs it.) Only refunds are in it, so it is small.
DROP INDEX payments_by_payment;
CREATE INDEX payments_by_payment ON payments (account_id, payment_id, status, amount_minor) WHERE payment_id IS NOT NULL;

CREATE TABLE payment_sources (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    token text NOT NULL CHECK (char_length(token) = 43),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    provider text NOT NULL CHECK (char_length(provider) BETWEEN 1 AND 40),
    kind text NOT NULL CHECK (kind IN ('stripe', 'standard-webhooks', 'hmac')),
    hmac text CHECK (char_length(hmac) >= 1),
    secret bytea NOT NULL CHECK (octet_length(secret) >= 1),
    previous_secret bytea CHECK (octet_length(previous_secret) >= 1),
    previous_until instant,
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT payment_sources_token_unique UNIQUE (token),
    CONSTRAINT payment_sources_hmac CHECK ((kind = 'hmac') = (hmac IS NOT NULL)),
    CONSTRAINT payment_sources_previous CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
);

CREATE TABLE payment_notices (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    source_id bytea NOT NULL CHECK (octet_length(source_id) = 12),
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    kind text CHECK (char_length(kind) BETWEEN 1 AND 100),
    outcome text NOT NULL CHECK (outcome IN ('recorded', 'known', 'ignored', 'mismatch', 'unreadable')),
    payment_id bytea CHECK (octet_length(payment_id) = 12),
    reference text CHECK (char_length(reference) BETWEEN 1 AND 200),
    amount_minor bigint CHECK (amount_minor BETWEEN 0 AND 99999999999),
    currency text CHECK (char_length(currency) = 3),
    problem text CHECK (char_length(problem) BETWEEN 1 AND 300),
    received_at instant NOT NULL,
    PRIMARY KEY (account_id, source_id, id),
    CONSTRAINT payment_notices_once UNIQUE (account_id, source_id, key),
    CONSTRAINT payment_notices_amount CHECK ((amount_minor IS NULL) = (currency IS NULL)),
    CONSTRAINT payment_notices_problem CHECK ((outcome = 'unreadable') = (problem IS NOT NULL)),
    CONSTRAINT payment_notices_payment CHECK ((outcome IN ('recorded', 'known', 'mismatch')) = (payment_id IS NOT NULL))
);
CREATE INDEX payment_notices_by_age ON payment_notices (received_at);
