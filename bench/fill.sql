-- Fills a PostgreSQL database of the server with the same rows as src/fill.rs. Variables: customers, appointments.
\set ON_ERROR_STOP on
BEGIN;
INSERT INTO customers
SELECT (SELECT id FROM accounts), decode('60000000' || lpad(to_hex(i), 16, '0'), 'hex'), 'Customer ' || i,
    'customer' || i || '@example.com', 'customer' || i || '@example.com', '050-1234567', NULL,
    1600000000000 + i, 1600000000000 + i, 1
FROM generate_series(0, :customers - 1) AS i;
INSERT INTO appointments
    (account_id, id, kind, customer_id, starts_at, ends_at, blocks_from, blocks_until, service_type, status, created_at, updated_at, version)
SELECT (SELECT id FROM accounts), decode('60000001' || lpad(to_hex(i), 16, '0'), 'hex'), 'appointment',
    decode('60000000' || lpad(to_hex(i * 618033 % :customers), 16, '0'), 'hex'),
    15778080 + i * 120, 15778080 + i * 120 + 60, 15778080 + i * 120, 15778080 + i * 120 + 60, 'consultation', 'confirmed',
    1600000000000 + i, 1600000000000 + i, 1
FROM generate_series(0::bigint, :appointments - 1) AS i;
INSERT INTO events
SELECT (SELECT id FROM accounts), decode('60000002' || lpad(to_hex(i), 16, '0'), 'hex'), 'Yoga in the park, ' || i,
    'Bring a mat, water and a friend. In the rain we meet under the roof.', 30000000 + i * 1440,
    'Main park, east gate', 20, 0, 4990, 'active', 1600000000000 + i, 1600000000000 + i, 1
FROM generate_series(0, 199) AS i;
COMMIT;
VACUUM ANALYZE;
CHECKPOINT;
