DROP TRIGGER appointments_account_stays;
DROP TRIGGER appointments_account_keeps_its_id;
CREATE TABLE appointments_before (
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    customer_id BLOB NOT NULL,
    starts_at INTEGER NOT NULL CHECK (starts_at BETWEEN -1035593280 AND 4223371679),
    ends_at INTEGER NOT NULL,
    service_type TEXT NOT NULL CHECK (
        service_type = 'consultation' OR service_type = 'treatment' OR service_type = 'lesson'
        OR service_type = 'workshop' OR service_type = 'other'
    ),
    notes TEXT CHECK (length(notes) BETWEEN 1 AND 5000),
    status TEXT NOT NULL CHECK (status = 'confirmed' OR status = 'cancelled'),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, customer_id) REFERENCES customers (account_id, id),
    CHECK (ends_at - starts_at BETWEEN 1 AND 1440)
) STRICT, WITHOUT ROWID;
INSERT INTO appointments_before
SELECT account_id, id, customer_id, starts_at, ends_at, service_type, notes, status, created_at, updated_at, version
FROM appointments WHERE kind = 'appointment';
DROP TABLE appointments;
ALTER TABLE appointments_before RENAME TO appointments;
CREATE INDEX appointments_by_start ON appointments (account_id, starts_at, id, ends_at, status);
CREATE INDEX appointments_by_customer ON appointments (account_id, customer_id, starts_at, id);
CREATE TRIGGER appointments_no_overlap_of_new
BEFORE INSERT ON appointments WHEN NEW.status = 'confirmed'
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') FROM appointments
    WHERE account_id = NEW.account_id AND status = 'confirmed'
        AND starts_at > NEW.starts_at - 1440 AND starts_at < NEW.ends_at AND ends_at > NEW.starts_at;
END;
CREATE TRIGGER appointments_no_overlap_of_moved
AFTER UPDATE OF account_id, id, starts_at, ends_at, status ON appointments WHEN NEW.status = 'confirmed'
BEGIN
    SELECT RAISE(ABORT, 'appointments_no_overlap') FROM appointments
    WHERE account_id = NEW.account_id AND status = 'confirmed'
        AND starts_at > NEW.starts_at - 1440 AND starts_at < NEW.ends_at AND ends_at > NEW.starts_at
        AND id <> NEW.id;
END;
