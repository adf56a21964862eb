-- Records in the order in which they come: to find its place by its id, a digest, each would change a page that no other record of its
-- commit is in. Only the index has to do so now.
CREATE TABLE idempotency_records_in_order (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 32),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    answer_format INTEGER NOT NULL CHECK (answer_format > 0),
    answer BLOB NOT NULL,
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at AND expires_at <= 253402300799999),
    PRIMARY KEY (account_id, id)
) STRICT;
INSERT INTO idempotency_records_in_order SELECT * FROM idempotency_records ORDER BY created_at;
DROP TABLE idempotency_records;
ALTER TABLE idempotency_records_in_order RENAME TO idempotency_records;
CREATE INDEX idempotency_records_by_expiry ON idempotency_records (expires_at);
