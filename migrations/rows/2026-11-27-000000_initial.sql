-- Rows for the first schema: some in every table, with every column filled at least once, and empty where it may be.

INSERT INTO accounts (id, slug, name, created_at) VALUES
    (x'010101010101010101010101', 'one', 'סטודיו', 1763893800123),
    (x'020202020202020202020202', 'two', 'Two', -377705116800000);
INSERT INTO api_keys (account_id, id, name, digest, created_at, expires_at, last_used_at, revoked_at) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'web',
        x'0101010101010101010101010101010101010101010101010101010101010101', 1, 4, 2, 3),
    (x'010101010101010101010101', x'020202020202020202020202', 'till',
        x'0202020202020202020202020202020202020202020202020202020202020202', 1, NULL, NULL, NULL);
INSERT INTO customers (account_id, id, name, email, email_key, phone, notes, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'Dana', 'Dana@Example.com', 'dana@example.com', '050-1234567',
        'first, "second" and ''third''', 1, 2, 3),
    (x'010101010101010101010101', x'020202020202020202020202', 'Tal', 'tal@bücher.example', 'tal@xn--bcher-kva.example', NULL,
        NULL, 1, 1, 1),
    (x'020202020202020202020202', x'030303030303030303030303', 'Dana', 'dana@example.com', 'dana@example.com', NULL, NULL, 1, 1, 1);
INSERT INTO appointments
    (account_id, id, customer_id, starts_at, ends_at, service_type, notes, status, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', x'010101010101010101010101', 0, 60, 'lesson', 'bring a mat',
        'confirmed', 1, 1, 1),
    (x'010101010101010101010101', x'020202020202020202020202', x'020202020202020202020202', 30, 90, 'other', NULL,
        'cancelled', 1, 2, 2),
    (x'020202020202020202020202', x'030303030303030303030303', x'030303030303030303030303', 0, 1440, 'workshop', NULL,
        'confirmed', 1, 1, 1);
INSERT INTO events
    (account_id, id, title, description, starts_at, location, capacity, participants, price_minor, status, created_at, updated_at,
        version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'סדנת יוגה', 'For beginners', 1440, 'Studio 7', 2, 0, 12050, 'active',
        1, 1, 1),
    (x'010101010101010101010101', x'020202020202020202020202', 'Over', NULL, 0, NULL, NULL, 0, NULL, 'active', 1, 1, 1),
    (x'020202020202020202020202', x'030303030303030303030303', 'Off', NULL, 0, NULL, NULL, 0, 0, 'cancelled', 1, 1, 1);
-- The triggers count these in their events.
INSERT INTO registrations (account_id, id, event_id, customer_id, notes, created_at) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', x'010101010101010101010101', x'010101010101010101010101', 'vegetarian',
        1),
    (x'010101010101010101010101', x'020202020202020202020202', x'010101010101010101010101', x'020202020202020202020202', NULL, 2),
    (x'010101010101010101010101', x'030303030303030303030303', x'020202020202020202020202', x'010101010101010101010101', NULL, 3);
UPDATE events SET status = 'completed', version = version + 1 WHERE id = x'020202020202020202020202';
INSERT INTO idempotency_records
    (account_id, key, fingerprint, answer_format, answer, created_at, expires_at) VALUES
    (x'010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101',
        x'0202020202020202020202020202020202020202020202020202020202020202', 1, x'7b7d', 1, 2),
    (x'020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202',
        x'0101010101010101010101010101010101010101010101010101010101010101', 2, x'7b7d', 1, 2);
