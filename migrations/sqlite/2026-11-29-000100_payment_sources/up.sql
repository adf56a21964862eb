-- Payment sources: payment systems that tell of payments by notices, and the log of these notices.
--
-- reported_minor: how much of a payment was given back, as its payment system tells in one sum. What counts is the greater of that and the sum
-- of its refunds, which is refunded_minor.
ALTER TABLE payments ADD COLUMN reported_minor INTEGER NOT NULL DEFAULT 0
    CONSTRAINT payments_reported CHECK (reported_minor BETWEEN 0 AND amount_minor AND (kind = 'payment' OR reported_minor = 0));

-- The index of a payment's refunds has all that their sum needs: without it, SQLite reads the account's whole ledger for each refund.
DROP INDEX payments_by_payment;
CREATE INDEX payments_by_payment ON payments (account_id, payment_id, status, amount_minor) WHERE payment_id IS NOT NULL;

-- token: the last segment of the path to which the source sends. hmac: where everything is in its notices, as JSON. secret, previous_secret:
-- encrypted under a key that is not in this database.
CREATE TABLE payment_sources (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    token TEXT NOT NULL CHECK (length(token) = 43),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    provider TEXT NOT NULL CHECK (length(provider) BETWEEN 1 AND 40),
    kind TEXT NOT NULL CHECK (kind = 'stripe' OR kind = 'standard-webhooks' OR kind = 'hmac'),
    hmac TEXT CHECK (length(hmac) >= 1),
    secret BLOB NOT NULL CHECK (length(secret) >= 1),
    previous_secret BLOB CHECK (length(previous_secret) >= 1),
    previous_until INTEGER CHECK (previous_until BETWEEN -377705116800000 AND 253402300799999),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT payment_sources_token_unique UNIQUE (token),
    CONSTRAINT payment_sources_hmac CHECK ((kind = 'hmac') = (hmac IS NOT NULL)),
    CONSTRAINT payment_sources_previous CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
) STRICT, WITHOUT ROWID;

-- A notice is written with its effect, and before it, so that one that comes again has none. It stays when its source is removed. payment_id
-- has no foreign key for that reason; a payment is never deleted.
CREATE TABLE payment_notices (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    source_id BLOB NOT NULL CHECK (length(source_id) = 12),
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    kind TEXT CHECK (length(kind) BETWEEN 1 AND 100),
    outcome TEXT NOT NULL CHECK (
        outcome = 'recorded' OR outcome = 'known' OR outcome = 'ignored' OR outcome = 'mismatch' OR outcome = 'unreadable'
    ),
    payment_id BLOB CHECK (length(payment_id) = 12),
    reference TEXT CHECK (length(reference) BETWEEN 1 AND 200),
    amount_minor INTEGER CHECK (amount_minor BETWEEN 0 AND 99999999999),
    currency TEXT CHECK (length(currency) = 3),
    problem TEXT CHECK (length(problem) BETWEEN 1 AND 300),
    received_at INTEGER NOT NULL CHECK (received_at BETWEEN -377705116800000 AND 253402300799999),
    PRIMARY KEY (account_id, source_id, id),
    CONSTRAINT payment_notices_once UNIQUE (account_id, source_id, key),
    CONSTRAINT payment_notices_amount CHECK ((amount_minor IS NULL) = (currency IS NULL)),
    CONSTRAINT payment_notices_problem CHECK ((outcome = 'unreadable') = (problem IS NOT NULL)),
    CONSTRAINT payment_notices_payment CHECK (
        (outcome = 'recorded' OR outcome = 'known' OR outcome = 'mismatch') = (payment_id IS NOT NULL)
    )
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_notices_by_age ON payment_notices (received_at);
