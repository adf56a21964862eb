-- What raw SQL can't do, in either store: the statements after the first paragraph are refused, each by itself.
-- $1, $2, … stand for ids, $digest for that of a key, $booking and $occupying for the columns of an appointment; a comment behind a statement names the guard that has to refuse it, where guards have names.

INSERT INTO accounts VALUES ($1, 'one', 'One', 0), ($2, 'two', 'Two', 0);
INSERT INTO users VALUES
    ($1, $1, 'Dana@example.com', 'dana@example.com', 'owner', NULL, '$argon2id$v', NULL, 0, 0, 1),
    ($1, $2, 'noa@example.com', 'noa@example.com', 'owner', NULL, NULL, NULL, 0, 0, 1);
INSERT INTO sessions VALUES ($1, $1, $1, $digest, 0, 0);
INSERT INTO api_keys VALUES ($1, $1, 'key', $digest, 0, NULL, NULL, NULL, 'full', NULL, NULL, NULL, 0, 1);
INSERT INTO customers VALUES
    ($1, $1, 'Dana', 'Dana@Example.com', 'dana@example.com', NULL, NULL, 0, 0, 1),
    ($1, $2, 'Noa', 'noa@example.com', 'noa@example.com', NULL, NULL, 0, 0, 1),
    ($1, $3, 'Tal', 'tal@bücher.example', 'tal@xn--bcher-kva.example', NULL, NULL, 0, 0, 1),
    ($2, $4, 'Dana', 'dana@example.com', 'dana@example.com', NULL, NULL, 0, 0, 1);
INSERT INTO resources VALUES
    ($1, $1, 'Dana', 'staff', 1, NULL, 0, 0, 1), ($1, $2, 'Room', 'room', 1, NULL, 0, 0, 1), ($1, $3, 'Bike', 'equipment', 1, NULL, 0, 0, 1),
    ($2, $4, 'Noa', 'staff', 1, NULL, 0, 0, 1);
INSERT INTO services VALUES ($1, $1, 'Massage', 'treatment', 50, 0, 10, NULL, 25000, 'ILS', NULL, 1, '[]', 0, 0, 1);
INSERT INTO schedules VALUES ($1, 'Asia/Jerusalem', NULL, 120, 90, 15, 0, 2);
INSERT INTO appointments $booking VALUES
    ($1, $1, 'appointment', $1, 0, 60, 0, 60, 'other', NULL, 'confirmed', 0, 0, 1),
    ($1, $2, 'appointment', $1, 60, 120, 60, 120, 'other', NULL, 'confirmed', 0, 0, 1),
    ($1, $3, 'appointment', $1, 30, 90, 30, 90, 'other', NULL, 'cancelled', 0, 0, 1),
    ($2, $4, 'appointment', $4, 0, 1440, 0, 1440, 'other', NULL, 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES
    ($1, $5, 'appointment', $1, $1, '020202020202020202020202', $1, 10000, 10060, 9990, 10070, NULL, 'other', 'confirmed', 0, 0, 1),
    ($1, $6, 'hold', NULL, $1, '020202020202020202020202', NULL, 20000, 20060, 20000, 20060, 5, 'other', 'confirmed', 0, 0, 1),
    ($1, $7, 'block', NULL, $1, NULL, NULL, 30000, 60240, 30000, 60240, NULL, NULL, 'confirmed', 0, 0, 1),
    ($1, x'0a0a0a0a0a0a0a0a0a0a0a0a', 'appointment', $1, $1, NULL, NULL, 80000, 80060, 80000, 80060, NULL, 'other', 'confirmed', 0, 0, 1),
    ($1, x'0b0b0b0b0b0b0b0b0b0b0b0b', 'block', NULL, NULL, NULL, NULL, 30000, 60240, 30000, 60240, NULL, NULL, 'confirmed', 0, 0, 1),
    ($1, x'0c0c0c0c0c0c0c0c0c0c0c0c', 'hold', NULL, $1, '020202020202020202020202', NULL, 20000, 20060, 20000, 20060, 5, 'other', 'cancelled', 0, 0, 1);
INSERT INTO events VALUES
    ($1, $1, 'Full', NULL, 0, NULL, 1, 0, 0, 'active', 0, 0, 1),
    ($1, $2, 'Over', NULL, 0, NULL, NULL, 0, 0, 'completed', 0, 0, 1),
    ($1, $3, 'Open', NULL, 0, NULL, NULL, 0, 0, 'active', 0, 0, 1),
    ($2, $4, 'Two''s', NULL, 0, NULL, NULL, 0, 0, 'active', 0, 0, 1);
INSERT INTO registrations VALUES ($1, $1, $1, $1, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1), ($1, $2, $3, $1, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1);
INSERT INTO registrations VALUES ($1, $3, $3, $2, NULL, 0, 'pending', 5, 'ILS', 100, 50, 0, 0, 1), ($1, $4, $3, $2, NULL, 0, 'expired', 5, 'ILS', 100, 50, 0, 0, 2);
UPDATE appointments SET currency = 'ILS', amount_minor = 100, deposit_minor = 100, paid_minor = 100, refunded_minor = 80 WHERE account_id = $1 AND id = $1;
INSERT INTO payments VALUES
    ($1, $1, 'payment', 'stripe', 'pi_1', NULL, NULL, $1, NULL, 100, 'ILS', 'succeeded', 80, NULL, 0, 0, 0, 1, 0),
    ($1, $2, 'payment', 'stripe', 'pi_2', NULL, NULL, NULL, NULL, 100, 'USD', 'succeeded', 0, 'unmatched', 0, 0, 0, 1, 0);
INSERT INTO payments VALUES
    ($1, $3, 'refund', 'stripe', 're_1', 'pi_1', $1, $1, NULL, 80, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0),
    ($1, $4, 'refund', 'stripe', 're_2', 'pi_1', $1, $1, NULL, 20, 'ILS', 'pending', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payment_sources VALUES
    ($1, $1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'Stripe', 'stripe', 'stripe', NULL, $1, $1, 5, 0, 0, 1),
    ($2, $2, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'Cards', 'cards', 'hmac', '{}', $1, NULL, NULL, 0, 0, 1);
INSERT INTO payment_notices VALUES
    ($1, $1, $1, 'evt_1', 'payment_intent.succeeded', 'recorded', $1, 'x', 100, 'ILS', NULL, 0),
    ($1, $2, $1, 'evt_2', NULL, 'unreadable', NULL, NULL, NULL, NULL, 'amount is required', 0);
INSERT INTO changes (account_id, epoch, number, id, kind, made_at, subject_id, version, customer_id, actor_kind, actor_id) VALUES
    ($1, 0, 1, $1, 'customer.created', 0, $1, 1, $1, 'user', $1),
    ($1, 0, 2, $2, 'hold.expired', 0, $6, 2, NULL, 'system', NULL);
INSERT INTO sweeps VALUES ($1, 0, 0);
INSERT INTO webhook_endpoints VALUES
    ($1, $1, 1, 'https://example.com/', '*', NULL, 1, 0, 'full', $1, $1, 5, NULL, 0, 0, 1),
    ($1, $2, 50, 'https://example.com/', '*', NULL, 0, 1, 'full', $1, NULL, NULL, 'gone', 0, 0, 1),
    ($2, $3, 1, 'https://example.com/', '*', NULL, 1, 0, 'full', $1, NULL, NULL, NULL, 0, 0, 1);
INSERT INTO webhook_lanes VALUES ($1, $1, 0, 1, 0, 0, NULL, 0), ($1, $2, 0, 2, 0, 0, NULL, 1);
INSERT INTO webhook_deliveries VALUES
    ($1, $1, $1, 0, 1, 'customer.created', 'succeeded', 1, 0, 200, NULL, 'ok', 5, NULL),
    ($1, $1, $2, 0, 2, 'hold.expired', 'pending', 1, 0, NULL, 'timed_out', NULL, 5, 5);

-- Two in one slot: whole, in part, around, within, by a minute.
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $2, 0, 60, 0, 60, 'lesson', NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $2, -30, 1, -30, 1, 'lesson', NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $2, -100, 1300, -100, 1300, 'lesson', NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $2, 10, 11, 10, 11, 'lesson', NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $2, 119, 1559, 119, 1559, 'lesson', NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $booking VALUES ($1, $8, 'appointment', $2, 500, 560, 500, 560, 'lesson', NULL, 'confirmed', 0, 0, 1), ($1, $9, 'appointment', $2, 559, 600, 559, 600, 'lesson', NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
UPDATE appointments SET status = 'confirmed' WHERE id = $3; -- appointments_no_overlap
UPDATE appointments SET starts_at = 30, ends_at = 90, blocks_from = 30, blocks_until = 90 WHERE id = $1; -- appointments_no_overlap
UPDATE appointments SET ends_at = 61, blocks_until = 61 WHERE id = $1; -- appointments_no_overlap
UPDATE appointments SET starts_at = 0, ends_at = 60, blocks_from = 0, blocks_until = 60 WHERE account_id = $1; -- appointments_no_overlap
UPDATE appointments SET account_id = $1, customer_id = $1 WHERE account_id = $2; -- appointments_no_overlap

-- What occupies a resource: every kind against every other, also by a buffer alone, also of a leg.
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, NULL, NULL, 10030, 10090, 10030, 10090, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, NULL, NULL, 20030, 20090, 20030, 20090, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, NULL, NULL, 30030, 30090, 30030, 30090, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $2, NULL, NULL, 10059, 10069, 10059, 10069, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $2, NULL, NULL, 20059, 20069, 20059, 20069, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, NULL, NULL, 10065, 10066, 10065, 10066, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, NULL, NULL, 9980, 9991, 9980, 9991, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, NULL, NULL, NULL, 45000, 45060, 45000, 45060, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, NULL, NULL, 10030, 10090, 10030, 10090, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, NULL, NULL, 20030, 20090, 20030, 20090, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, NULL, NULL, 30030, 30090, 30030, 30090, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $2, NULL, NULL, 10059, 10069, 10059, 10069, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $2, NULL, NULL, 20059, 20069, 20059, 20069, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, NULL, NULL, 10065, 10066, 10065, 10066, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, NULL, NULL, 9980, 9991, 9980, 9991, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, NULL, NULL, NULL, 45000, 45060, 45000, 45060, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $1, NULL, NULL, 10030, 10090, 10030, 10090, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $1, NULL, NULL, 20030, 20090, 20030, 20090, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $1, NULL, NULL, 30030, 30090, 30030, 30090, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $2, NULL, NULL, 10059, 10069, 10059, 10069, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $2, NULL, NULL, 20059, 20069, 20059, 20069, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $1, NULL, NULL, 10065, 10066, 10065, 10066, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $1, NULL, NULL, 9980, 9991, 9980, 9991, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, NULL, NULL, NULL, 45000, 45060, 45000, 45060, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, NULL, NULL, 10080, 10090, 10069, 10090, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, NULL, NULL, 9900, 9950, 9900, 9991, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, NULL, NULL, NULL, 60250, 60260, 60239, 60260, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, NULL, NULL, NULL, 140, 150, 119, 150, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, NULL, NULL, NULL, -100, -60, -100, 1, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $3, '010101010101010101010101', NULL, 10030, 10040, 10030, 10040, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $3, '010101010101010101010101,020202020202020202020202', NULL, 10030, 10040, 10030, 10040, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $3, '020202020202020202020202,010101010101010101010101', NULL, 45000, 45010, 45000, 45010, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, NULL, NULL, 10080, 10090, 10069, 10090, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, NULL, NULL, 9900, 9950, 9900, 9991, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, NULL, NULL, NULL, 60250, 60260, 60239, 60260, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, NULL, NULL, NULL, 140, 150, 119, 150, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, NULL, NULL, NULL, -100, -60, -100, 1, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $3, '010101010101010101010101', NULL, 10030, 10040, 10030, 10040, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $3, '010101010101010101010101,020202020202020202020202', NULL, 10030, 10040, 10030, 10040, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $3, '020202020202020202020202,010101010101010101010101', NULL, 45000, 45010, 45000, 45010, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $1, NULL, NULL, 70000, 90000, 70000, 90000, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, NULL, NULL, NULL, -20000, 20000, -20000, 20000, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $2, NULL, NULL, 0, 30240, 0, 30240, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_no_overlap
UPDATE appointments SET status = 'confirmed' WHERE id = x'0c0c0c0c0c0c0c0c0c0c0c0c'; -- appointments_no_overlap
UPDATE appointments SET starts_at = 30500, ends_at = 30560, blocks_from = 30500, blocks_until = 30560 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_no_overlap
UPDATE appointments SET resource_id = NULL, starts_at = 30500, ends_at = 30560, blocks_from = 30500, blocks_until = 30560 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_no_overlap
UPDATE appointments SET starts_at = 80000, ends_at = 80060, blocks_from = 80000, blocks_until = 80060 WHERE id = $5; -- appointments_no_overlap
UPDATE appointments SET starts_at = 10000, ends_at = 10060, blocks_from = 10000, blocks_until = 10060, resource_id = $2 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_no_overlap
UPDATE appointments SET starts_at = 10000, ends_at = 10060, blocks_from = 10000, blocks_until = 10060, resource_id = $3, further_resources = '020202020202020202020202' WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_no_overlap
UPDATE appointments SET starts_at = 20000, ends_at = 20060, blocks_from = 20000, blocks_until = 20060 WHERE id = $5; -- appointments_no_overlap
UPDATE appointments SET starts_at = 79980, ends_at = 79990, blocks_from = 79980, blocks_until = 80001 WHERE id = $5; -- appointments_no_overlap
UPDATE appointments SET resource_id = $1 WHERE id = x'0b0b0b0b0b0b0b0b0b0b0b0b'; -- appointments_no_overlap

-- A leg goes where its lead goes, and nobody else writes it.
INSERT INTO appointments (account_id, id, kind, lead_id, resource_id, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version) VALUES ($1, $9, 'leg', $5, $3, 10000, 10060, 9990, 10070, 'confirmed', 0, 0, 1); -- appointments_leg_follows
INSERT INTO appointments (account_id, id, kind, lead_id, resource_id, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version) VALUES ($1, $9, 'leg', $5, $2, 11000, 11060, 11000, 11060, 'confirmed', 0, 0, 1); -- appointments_leg_follows
INSERT INTO appointments (account_id, id, kind, lead_id, resource_id, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version) VALUES ($1, $9, 'leg', $9, $2, 11000, 11060, 11000, 11060, 'confirmed', 0, 0, 1); -- appointments_leg_follows
UPDATE appointments SET starts_at = 12000, ends_at = 12060, blocks_from = 12000, blocks_until = 12060 WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET blocks_until = 10060 WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET resource_id = $3 WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET lead_id = $6 WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET id = $9 WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET account_id = $2 WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET kind = 'hold', lead_id = NULL, held_until = 5, service_type = 'other' WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET kind = 'block', lead_id = NULL, blocks_from = starts_at, blocks_until = ends_at WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
UPDATE appointments SET kind = 'leg', lead_id = $5, customer_id = NULL, service_type = NULL WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_leg_follows
UPDATE appointments SET kind = 'leg', lead_id = x'0a0a0a0a0a0a0a0a0a0a0a0a', customer_id = NULL, service_type = NULL, service_id = NULL, further_resources = NULL WHERE id = $5; -- appointments_leg_follows
DELETE FROM appointments WHERE kind = 'leg' AND lead_id = $5; -- appointments_leg_follows
DELETE FROM appointments WHERE kind = 'leg'; -- appointments_leg_follows
UPDATE appointments SET id = $9 WHERE id = $5; -- appointments_leg_follows
UPDATE appointments SET id = $9 WHERE id = $6; -- appointments_leg_follows
UPDATE appointments SET account_id = $2 WHERE id = $6; -- appointments_leg_follows
UPDATE appointments SET status = 'cancelled' WHERE kind = 'leg' AND lead_id = $5;
UPDATE appointments SET further_resources = '010101010101010101010101' WHERE id = $5; -- appointments_resources
UPDATE appointments SET resource_id = $2 WHERE id = $5; -- appointments_resources
UPDATE appointments SET resource_id = NULL WHERE id = $5; -- appointments_resources
UPDATE appointments SET resource_id = NULL WHERE kind = 'leg' AND lead_id = $5;
UPDATE appointments SET further_resources = '' WHERE id = $5;
UPDATE appointments SET further_resources = '02020202020202020202020' WHERE id = $5;
UPDATE appointments SET further_resources = '02020202020202020202020X' WHERE id = $5;
UPDATE appointments SET further_resources = '0202020202020202020202020303030303030303030303030' WHERE id = $5;
UPDATE appointments SET further_resources = '020202020202020202020202,020202020202020202020202' WHERE id = $5;
UPDATE appointments SET further_resources = '020202020202020202020202,090909090909090909090909' WHERE id = $5;
UPDATE appointments SET further_resources = '040404040404040404040404' WHERE id = $5;
UPDATE appointments SET further_resources = '020202020202020202020202' WHERE id = $7; -- appointments_resources
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $1, '010101010101010101010101', NULL, 70000, 70060, 70000, 70060, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_resources
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, NULL, '020202020202020202020202', NULL, 70000, 70060, 70000, 70060, NULL, 'other', 'confirmed', 0, 0, 1); -- appointments_resources
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, '090909090909090909090909', NULL, 70000, 70060, 70000, 70060, 5, 'other', 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, '040404040404040404040404', NULL, 70000, 70060, 70000, 70060, 5, 'other', 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $1, '020202020202020202020202,020202020202020202020202', NULL, 70000, 70060, 70000, 70060, 5, 'other', 'confirmed', 0, 0, 1);

-- What each kind must have, and must not.
UPDATE appointments SET customer_id = $1 WHERE kind = 'hold'; -- appointments_customer
UPDATE appointments SET customer_id = NULL WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_customer
UPDATE appointments SET kind = 'appointment', service_type = 'other' WHERE id = $7; -- appointments_customer
UPDATE appointments SET held_until = NULL WHERE id = $6; -- appointments_held
UPDATE appointments SET held_until = 5 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_held
UPDATE appointments SET held_until = 253402300800000 WHERE id = $6;
UPDATE appointments SET service_type = NULL WHERE id = $6; -- appointments_service
UPDATE appointments SET service_type = 'other' WHERE id = $7; -- appointments_service
UPDATE appointments SET lead_id = $5 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_lead
UPDATE appointments SET kind = 'party' WHERE id = $7;
UPDATE appointments SET status = 'cancelled' WHERE id = $7; -- appointments_block
UPDATE appointments SET blocks_until = blocks_until + 1 WHERE id = $7; -- appointments_block
UPDATE appointments SET blocks_from = starts_at + 1 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_interval
UPDATE appointments SET blocks_until = ends_at - 1 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_interval
UPDATE appointments SET blocks_from = starts_at - 721 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_interval
UPDATE appointments SET blocks_until = ends_at + 721 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_interval
UPDATE appointments SET ends_at = starts_at, blocks_until = starts_at WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_interval
UPDATE appointments SET ends_at = starts_at, blocks_until = starts_at WHERE id = $7; -- appointments_interval
UPDATE appointments SET starts_at = ends_at + 1, blocks_from = ends_at + 1 WHERE id = $7; -- appointments_interval
UPDATE appointments SET ends_at = starts_at + 1441, blocks_until = starts_at + 1441 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_interval

-- What is taken exists, in this account.
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $9, NULL, NULL, 70000, 70060, 70000, 70060, NULL, 'other', 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'appointment', $1, $4, NULL, NULL, 70000, 70060, 70000, 70060, NULL, 'other', 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $9, NULL, NULL, 70000, 70060, 70000, 70060, 5, 'other', 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, $4, NULL, NULL, 70000, 70060, 70000, 70060, 5, 'other', 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $9, NULL, NULL, 70000, 70060, 70000, 70060, NULL, NULL, 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'block', NULL, $4, NULL, NULL, 70000, 70060, 70000, 70060, NULL, NULL, 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($1, $9, 'hold', NULL, NULL, NULL, $9, 70000, 70060, 70000, 70060, 5, 'other', 'confirmed', 0, 0, 1);
INSERT INTO appointments $occupying VALUES ($9, $9, 'hold', NULL, NULL, NULL, NULL, 70000, 70060, 70000, 70060, 5, 'other', 'confirmed', 0, 0, 1); -- appointments_account_exists
INSERT INTO appointments $occupying VALUES ($9, $9, 'block', NULL, NULL, NULL, NULL, 70000, 70060, 70000, 70060, NULL, NULL, 'confirmed', 0, 0, 1); -- appointments_account_exists
UPDATE appointments SET account_id = $9 WHERE id = x'0b0b0b0b0b0b0b0b0b0b0b0b'; -- appointments_account_exists
DELETE FROM resources WHERE id = $1;
DELETE FROM resources WHERE id = $2;
DELETE FROM services WHERE id = $1;

-- Bounds and closed lists.
UPDATE appointments SET ends_at = starts_at;
UPDATE appointments SET ends_at = starts_at + 1441, blocks_until = starts_at + 1441;
UPDATE appointments SET status = 'maybe';
UPDATE appointments SET service_type = 'party';
UPDATE appointments SET version = 0;
UPDATE appointments SET notes = '';
UPDATE appointments SET starts_at = NULL;
UPDATE events SET status = 'done';
UPDATE events SET price_minor = -1;
UPDATE events SET price_minor = 100000000000;
UPDATE events SET capacity = 1000001;
UPDATE events SET title = '';
UPDATE customers SET name = '';
UPDATE customers SET version = 'one';
UPDATE accounts SET slug = '';
UPDATE accounts SET slug = 'NOT a slug!';
UPDATE accounts SET slug = '-one' WHERE id = $1;
UPDATE accounts SET slug = 'one-' WHERE id = $1;
UPDATE accounts SET slug = 'onE' WHERE id = $1;
UPDATE accounts SET created_at = 9223372036854775807;
UPDATE customers SET updated_at = -377705116800001;
UPDATE customers SET created_at = 253402300800000;
UPDATE appointments SET created_at = 253402300800000;
UPDATE events SET updated_at = -377705116800001;
UPDATE registrations SET created_at = 253402300800000;
UPDATE appointments SET starts_at = 9000000000000, ends_at = 9000000000060 WHERE id = $1;
UPDATE events SET starts_at = -1035593281;
UPDATE events SET starts_at = 4223371680;
UPDATE accounts SET slug = 'one' WHERE id = $2; -- accounts_slug_unique
UPDATE resources SET name = '';
UPDATE resources SET kind = 'animal';
UPDATE resources SET active = 2;
UPDATE resources SET hours = '{';
UPDATE resources SET version = 0;
UPDATE services SET service_type = 'party';
UPDATE services SET duration = 0;
UPDATE services SET duration = 1441;
UPDATE services SET buffer_before = -1;
UPDATE services SET buffer_after = 721;
UPDATE services SET slot_step = 0;
UPDATE services SET price_minor = NULL;
UPDATE services SET price_minor = -1;
UPDATE services SET currency = 'ILSX';
UPDATE services SET notes = '';
UPDATE services SET active = -1;
UPDATE services SET needs = 'none';
UPDATE services SET needs = NULL;
UPDATE services SET created_at = 253402300800000;
UPDATE schedules SET time_zone = '';
UPDATE schedules SET time_zone = NULL;
UPDATE schedules SET hours = '';
UPDATE schedules SET min_notice = -1;
UPDATE schedules SET min_notice = 525601;
UPDATE schedules SET horizon = 0;
UPDATE schedules SET horizon = 3651;
UPDATE schedules SET slot_step = NULL;
UPDATE schedules SET version = 1;
INSERT INTO schedules VALUES ($1, NULL, NULL, NULL, NULL, 15, 0, 2);
INSERT INTO api_keys VALUES ($1, $2, 'key', $1, 0, NULL, NULL, NULL, 'full', NULL, NULL, NULL, 0, 1);
UPDATE api_keys SET scopes = '';
UPDATE api_keys SET scopes = NULL;
UPDATE api_keys SET allowed_addresses = '';
UPDATE api_keys SET rate_limit = 0;
UPDATE api_keys SET rate_limit = 1000001;
UPDATE api_keys SET successor_id = $1 || $1;
UPDATE api_keys SET updated_at = NULL;
UPDATE api_keys SET version = 0;

-- One address, one user, without case, and an owner who can sign in.
INSERT INTO users VALUES ($1, $9, 'DANA@example.com', 'dana@example.com', 'staff', NULL, NULL, NULL, 0, 0, 1); -- users_email_unique
INSERT INTO users VALUES ($1, $9, 'tal@example.com', 'Tal@example.com', 'staff', NULL, NULL, NULL, 0, 0, 1); -- users_email_key
INSERT INTO users VALUES ($1, $9, 'tal@example.com', 'tal@example.com', 'boss', NULL, NULL, NULL, 0, 0, 1);
INSERT INTO users VALUES ($1, $9, 'tal@example.com', 'tal@example.com', 'staff', 'xx', NULL, NULL, 0, 0, 1);
INSERT INTO users VALUES ($1, $9, 'tal@example.com', 'tal@example.com', 'staff', NULL, 'secret', NULL, 0, 0, 1);
INSERT INTO users VALUES ($9, $9, 'tal@example.com', 'tal@example.com', 'staff', NULL, NULL, NULL, 0, 0, 1);
UPDATE users SET role = 'staff' WHERE id = $1; -- users_last_owner
UPDATE users SET disabled_at = 1 WHERE id = $1; -- users_last_owner
UPDATE users SET password = NULL WHERE id = $1; -- users_last_owner
INSERT INTO sessions VALUES ($1, $9, $9, $digest, 0, 0);
INSERT INTO sessions VALUES ($1, $9, $1, $1, 0, 0);
INSERT INTO links VALUES ($1, $digest, $9, 0);
INSERT INTO links VALUES ($9, $digest, NULL, 0);
INSERT INTO links VALUES ($1, $1, NULL, 0);

-- The log of changes: ids are ids, whoever has an id is not the system, and there is one feed.
UPDATE changes SET account_id = $digest;
UPDATE changes SET account_id = NULL;
UPDATE changes SET epoch = NULL;
UPDATE changes SET number = 1;
UPDATE changes SET id = $digest;
UPDATE changes SET id = NULL;
UPDATE changes SET kind = '';
UPDATE changes SET kind = NULL;
UPDATE changes SET kind = 'customer.0123456789012345678901234567890123456789012345678901234';
UPDATE changes SET made_at = NULL;
UPDATE changes SET made_at = -377705116800001;
UPDATE changes SET made_at = 253402300800000;
UPDATE changes SET subject_id = $digest;
UPDATE changes SET subject_id = NULL;
UPDATE changes SET version = 0;
UPDATE changes SET customer_id = $digest;
UPDATE changes SET actor_kind = NULL;
UPDATE changes SET actor_kind = 'nobody' WHERE id = $1;
UPDATE changes SET actor_kind = 'system' WHERE id = $1; -- changes_actor
UPDATE changes SET actor_id = NULL WHERE id = $1; -- changes_actor
UPDATE changes SET actor_id = $digest WHERE id = $1;
UPDATE changes SET actor_kind = 'api_key' WHERE id = $2; -- changes_actor
UPDATE changes SET actor_id = $1 WHERE id = $2; -- changes_actor
INSERT INTO changes (account_id, epoch, number, id, kind, made_at, subject_id, actor_kind) VALUES ($1, 0, 1, $9, 'hold.expired', 0, $6, 'system');
INSERT INTO sweeps VALUES ($1, 1, 1);
INSERT INTO sweeps VALUES ($digest, 1, 1);
UPDATE sweeps SET epoch = NULL;
UPDATE sweeps SET number = NULL;
INSERT INTO feed VALUES (1, NULL, 0);
INSERT INTO feed VALUES (2, NULL, 0);
UPDATE feed SET id = 2;
UPDATE feed SET key = $1;
UPDATE feed SET epoch = NULL;

-- Webhooks: one endpoint in each of fifty places, an end to the secret before, and nothing that is disabled but active.
INSERT INTO webhook_endpoints VALUES ($1, $9, 1, 'https://example.com/', '*', NULL, 1, 0, 'full', $1, NULL, NULL, NULL, 0, 0, 1); -- webhook_endpoints_place_unique
INSERT INTO webhook_endpoints VALUES ($1, $1, 2, 'https://example.com/', '*', NULL, 1, 0, 'full', $1, NULL, NULL, NULL, 0, 0, 1);
INSERT INTO webhook_endpoints VALUES ($9, $9, 1, 'https://example.com/', '*', NULL, 1, 0, 'full', $1, NULL, NULL, NULL, 0, 0, 1);
UPDATE webhook_endpoints SET place = 50 WHERE id = $1; -- webhook_endpoints_place_unique
UPDATE webhook_endpoints SET place = 0 WHERE id = $1;
UPDATE webhook_endpoints SET place = 51 WHERE id = $1;
UPDATE webhook_endpoints SET place = NULL WHERE id = $1;
UPDATE webhook_endpoints SET id = $9 WHERE id = $1;
UPDATE webhook_endpoints SET id = $digest WHERE id = $3;
UPDATE webhook_endpoints SET account_id = $9 WHERE id = $3;
UPDATE webhook_endpoints SET url = '';
UPDATE webhook_endpoints SET url = NULL;
UPDATE webhook_endpoints SET types = '';
UPDATE webhook_endpoints SET types = NULL;
UPDATE webhook_endpoints SET description = '';
UPDATE webhook_endpoints SET active = 2;
UPDATE webhook_endpoints SET active = NULL;
UPDATE webhook_endpoints SET ordered = -1;
UPDATE webhook_endpoints SET ordered = NULL;
UPDATE webhook_endpoints SET scopes = '';
UPDATE webhook_endpoints SET scopes = NULL;
UPDATE webhook_endpoints SET secret = '';
UPDATE webhook_endpoints SET secret = NULL;
UPDATE webhook_endpoints SET previous_secret = '' WHERE id = $1;
UPDATE webhook_endpoints SET previous_secret = NULL WHERE id = $1; -- webhook_endpoints_previous
UPDATE webhook_endpoints SET previous_until = NULL WHERE id = $1; -- webhook_endpoints_previous
UPDATE webhook_endpoints SET previous_until = 5 WHERE id = $2; -- webhook_endpoints_previous
UPDATE webhook_endpoints SET previous_secret = $1 WHERE id = $2; -- webhook_endpoints_previous
UPDATE webhook_endpoints SET previous_until = 253402300800000 WHERE id = $1;
UPDATE webhook_endpoints SET disabled = 'tired' WHERE id = $2;
UPDATE webhook_endpoints SET disabled = 'failing' WHERE id = $1; -- webhook_endpoints_disabled
UPDATE webhook_endpoints SET active = 1 WHERE id = $2; -- webhook_endpoints_disabled
UPDATE webhook_endpoints SET created_at = 253402300800000;
UPDATE webhook_endpoints SET updated_at = -377705116800001;
UPDATE webhook_endpoints SET version = 0;
DELETE FROM webhook_endpoints WHERE id = $1;
DELETE FROM webhook_endpoints WHERE id = $2;

-- A lane is that of an endpoint of its account.
INSERT INTO webhook_lanes VALUES ($1, $1, 0, 1, 0, 0, NULL, 0);
INSERT INTO webhook_lanes VALUES ($1, $3, 0, 1, 0, 0, NULL, 0);
INSERT INTO webhook_lanes VALUES ($2, $1, 0, 1, 0, 0, NULL, 0);
INSERT INTO webhook_lanes VALUES ($2, $9, 0, 1, 0, 0, NULL, 0);
UPDATE webhook_lanes SET endpoint_id = $3 WHERE endpoint_id = $1;
UPDATE webhook_lanes SET epoch = NULL;
UPDATE webhook_lanes SET number = NULL;
UPDATE webhook_lanes SET fence = NULL;
UPDATE webhook_lanes SET leased_until = NULL;
UPDATE webhook_lanes SET failing_since = 253402300800000;
UPDATE webhook_lanes SET blocked = 2;
UPDATE webhook_lanes SET blocked = NULL;

-- A delivery of an endpoint of its account, once for each change, with an answer or a failure, and to be tried again if and only if it is pending.
INSERT INTO webhook_deliveries VALUES ($1, $1, $1, 0, 1, 'customer.created', 'failed', 1, 0, 500, NULL, NULL, 5, NULL);
INSERT INTO webhook_deliveries VALUES ($1, $3, $1, 0, 1, 'customer.created', 'failed', 1, 0, 500, NULL, NULL, 5, NULL);
INSERT INTO webhook_deliveries VALUES ($2, $1, $1, 0, 1, 'customer.created', 'failed', 1, 0, 500, NULL, NULL, 5, NULL);
INSERT INTO webhook_deliveries VALUES ($1, $9, $1, 0, 1, 'customer.created', 'failed', 1, 0, 500, NULL, NULL, 5, NULL);
INSERT INTO webhook_deliveries VALUES ($1, $2, $1, 0, 1, 'customer.created', 'failed', 1, 0, NULL, NULL, NULL, 5, NULL); -- webhook_deliveries_outcome
INSERT INTO webhook_deliveries VALUES ($1, $2, $1, 0, 1, 'customer.created', 'pending', 1, 0, 500, NULL, NULL, 5, NULL); -- webhook_deliveries_next
UPDATE webhook_deliveries SET endpoint_id = $3;
UPDATE webhook_deliveries SET change_id = $1 WHERE change_id = $2;
UPDATE webhook_deliveries SET change_id = $digest WHERE change_id = $1;
UPDATE webhook_deliveries SET epoch = NULL;
UPDATE webhook_deliveries SET number = NULL;
UPDATE webhook_deliveries SET kind = '';
UPDATE webhook_deliveries SET kind = NULL;
UPDATE webhook_deliveries SET kind = 'customer.0123456789012345678901234567890123456789012345678901234';
UPDATE webhook_deliveries SET status = 'maybe' WHERE change_id = $1;
UPDATE webhook_deliveries SET status = NULL WHERE change_id = $1;
UPDATE webhook_deliveries SET attempts = 0;
UPDATE webhook_deliveries SET attempted_at = NULL;
UPDATE webhook_deliveries SET attempted_at = 253402300800000;
UPDATE webhook_deliveries SET answered = 99 WHERE change_id = $1;
UPDATE webhook_deliveries SET answered = 1000 WHERE change_id = $1;
UPDATE webhook_deliveries SET answered = NULL WHERE change_id = $1; -- webhook_deliveries_outcome
UPDATE webhook_deliveries SET failure = 'timed_out' WHERE change_id = $1; -- webhook_deliveries_outcome
UPDATE webhook_deliveries SET answered = 500 WHERE change_id = $2; -- webhook_deliveries_outcome
UPDATE webhook_deliveries SET failure = NULL WHERE change_id = $2; -- webhook_deliveries_outcome
UPDATE webhook_deliveries SET failure = '' WHERE change_id = $2;
UPDATE webhook_deliveries SET took = -1;
UPDATE webhook_deliveries SET took = NULL;
UPDATE webhook_deliveries SET status = 'pending' WHERE change_id = $1; -- webhook_deliveries_next
UPDATE webhook_deliveries SET next_at = 5 WHERE change_id = $1; -- webhook_deliveries_next
UPDATE webhook_deliveries SET status = 'failed' WHERE change_id = $2; -- webhook_deliveries_next
UPDATE webhook_deliveries SET next_at = NULL WHERE change_id = $2; -- webhook_deliveries_next
UPDATE webhook_deliveries SET next_at = 253402300800000 WHERE change_id = $2;

-- One address, one customer, without case.
INSERT INTO customers VALUES ($1, $9, 'Dana', 'dana@example.com', 'dana@example.com', NULL, NULL, 0, 0, 1); -- customers_email_unique
INSERT INTO customers VALUES ($1, $9, 'Dana', 'DANA@example.com', 'DANA@example.com', NULL, NULL, 0, 0, 1); -- customers_email_key
INSERT INTO customers VALUES ($1, $9, 'Dana', 'dana@example.com', 'another@example.com', NULL, NULL, 0, 0, 1); -- customers_email_key
UPDATE customers SET email = 'dana@example.com', email_key = 'dana@example.com' WHERE id = $2; -- customers_email_unique
UPDATE customers SET email = 'dana@example.com' WHERE id = $2; -- customers_email_key
UPDATE customers SET email_key = 'TAL@xn--bcher-kva.example' WHERE id = $3; -- customers_email_key

-- Places: no more than there are, one each, of an event that takes somebody, and counted by nobody else.
INSERT INTO registrations VALUES ($1, $9, $1, $2, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1); -- events_not_overfull
INSERT INTO registrations VALUES ($1, $9, $3, $1, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1); -- registrations_once
INSERT INTO registrations VALUES ($1, $9, $2, $1, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1); -- registrations_event_active
INSERT INTO registrations VALUES ($1, $9, $9, $1, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1); -- registrations_event_exists
INSERT INTO registrations VALUES ($1, $9, $4, $1, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1); -- registrations_event_exists
UPDATE registrations SET event_id = $1 WHERE id = $2; -- registrations_stay
UPDATE registrations SET customer_id = $3 WHERE id = $1; -- registrations_stay
UPDATE events SET id = $9 WHERE id = $4; -- events_stay
UPDATE events SET account_id = $1 WHERE id = $4; -- events_stay
UPDATE events SET capacity = 1, participants = 2; -- events_counted
UPDATE events SET participants = 0 WHERE id = $1; -- events_counted
UPDATE events SET participants = 5 WHERE id = $3; -- events_counted
INSERT INTO events VALUES ($1, $9, 'New', NULL, 0, NULL, NULL, 3, 0, 'active', 0, 0, 1); -- events_counted

-- A bill fits together, and only what waits for its payment, or has waited in vain, is held.
UPDATE appointments SET status = 'pending' WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_held
UPDATE appointments SET status = 'pending' WHERE id = $6; -- appointments_held
UPDATE appointments SET status = 'pending', held_until = 5 WHERE id = $7;
UPDATE appointments SET currency = 'ILS' WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_bill
UPDATE appointments SET amount_minor = 5 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_bill
UPDATE appointments SET currency = 'ILS', amount_minor = 5, deposit_minor = 5, paid_minor = 0, refunded_minor = 0 WHERE id = $6; -- appointments_bill
UPDATE appointments SET currency = 'ILS', amount_minor = 5, deposit_minor = 6, paid_minor = 0, refunded_minor = 0 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_bill
UPDATE appointments SET currency = 'ILS', amount_minor = 5, deposit_minor = 5, paid_minor = -1, refunded_minor = -1 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_bill
UPDATE appointments SET currency = 'ILS', amount_minor = 5, deposit_minor = 5, paid_minor = 5, refunded_minor = 6 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_bill
UPDATE appointments SET currency = 'ILS', amount_minor = 5, deposit_minor = 5, paid_minor = NULL, refunded_minor = 0 WHERE id = x'0a0a0a0a0a0a0a0a0a0a0a0a'; -- appointments_bill
UPDATE appointments SET currency = 'SHEKEL' WHERE account_id = $1 AND id = $1;
UPDATE registrations SET held_until = NULL WHERE id = $3; -- registrations_held
UPDATE registrations SET held_until = 5 WHERE id = $1; -- registrations_held
UPDATE registrations SET status = 'confirmed' WHERE id = $3; -- registrations_held
UPDATE registrations SET deposit_minor = 101 WHERE id = $3; -- registrations_bill
UPDATE registrations SET refunded_minor = 1 WHERE id = $3; -- registrations_bill
UPDATE registrations SET paid_minor = NULL WHERE id = $3; -- registrations_bill
UPDATE registrations SET status = 'maybe' WHERE id = $3;
UPDATE registrations SET version = 0 WHERE id = $3;

-- One place each, also of one that comes back.
UPDATE registrations SET status = 'confirmed', held_until = NULL WHERE id = $4; -- registrations_once
UPDATE registrations SET status = 'pending' WHERE id = $4; -- registrations_once
INSERT INTO registrations VALUES ($1, $9, $3, $2, NULL, 0, 'pending', 5, NULL, NULL, NULL, NULL, NULL, 1); -- registrations_once
INSERT INTO registrations VALUES ($1, $9, $9, $2, NULL, 0, 'cancelled', NULL, NULL, NULL, NULL, NULL, NULL, 1); -- registrations_event_exists

-- Each payment once, given back once, in its currency, of what is there, and for ever.
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_1', NULL, NULL, NULL, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_once
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 're_1', 'pi_1', $1, NULL, NULL, 1, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_once
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 're_9', 'pi_1', $1, NULL, NULL, 1, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_fit
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 're_9', 'pi_1', $1, NULL, NULL, 1, 'USD', 'pending', 0, NULL, 0, 0, 0, 1, 0); -- payments_fit
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 're_9', 'pi_2', $1, NULL, NULL, 1, 'ILS', 'pending', 0, NULL, 0, 0, 0, 1, 0); -- payments_fit
INSERT INTO payments VALUES ($1, $9, 'refund', 'cash', 're_9', 'pi_1', $1, NULL, NULL, 1, 'ILS', 'pending', 0, NULL, 0, 0, 0, 1, 0); -- payments_fit
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 're_9', 're_1', $3, NULL, NULL, 1, 'ILS', 'pending', 0, NULL, 0, 0, 0, 1, 0); -- payments_fit
UPDATE payments SET status = 'succeeded' WHERE id = $4; -- payments_fit
UPDATE payments SET amount_minor = 81 WHERE id = $3; -- payments_fit
UPDATE payments SET refunded_minor = 79 WHERE id = $1; -- payments_fit
UPDATE payments SET currency = 'USD' WHERE id = $1; -- payments_fit
UPDATE payments SET refunded_minor = 101 WHERE id = $1; -- payments_refunded
UPDATE payments SET amount_minor = 79 WHERE id = $1; -- payments_refunded
UPDATE payments SET appointment_id = $1 WHERE id = $2; -- payments_fit
UPDATE payments SET registration_id = $3 WHERE id = $2; -- payments_fit
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, $6, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_fit
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, NULL, $3, 100, 'USD', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_fit
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, $1, $3, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_target
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 'pi_9', NULL, NULL, NULL, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_refund
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', 'pi_1', NULL, NULL, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0); -- payments_refund
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 're_9', 'pi_9', NULL, NULL, NULL, 100, 'ILS', 'succeeded', 1, NULL, 0, 0, 0, 1, 0); -- payments_refund
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, $9, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, $4, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, NULL, $9, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'refund', 'stripe', 're_9', 'pi_9', $9, NULL, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, NULL, NULL, 0, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, NULL, NULL, 100000000000, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, NULL, NULL, 100, 'SHEKEL', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, NULL, NULL, 100, 'ILS', 'lost', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'gift', 'stripe', 'pi_9', NULL, NULL, NULL, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', '', NULL, NULL, NULL, NULL, 100, 'ILS', 'succeeded', 0, NULL, 0, 0, 0, 1, 0);
INSERT INTO payments VALUES ($1, $9, 'payment', 'stripe', 'pi_9', NULL, NULL, NULL, NULL, 100, 'ILS', 'succeeded', 0, '', 0, 0, 0, 1, 0);
UPDATE payments SET external_id = 'pi_3' WHERE id = $2;
UPDATE payments SET kind = 'refund' WHERE id = $2;
UPDATE payments SET version = 0 WHERE id = $2;
DELETE FROM payments WHERE id = $2;
UPDATE payments SET reported_minor = 101 WHERE id = $1; -- payments_reported
UPDATE payments SET reported_minor = -1 WHERE id = $1; -- payments_reported
UPDATE payments SET reported_minor = 1 WHERE id = $3; -- payments_reported
UPDATE payments SET reported_minor = NULL WHERE id = $1;

-- A source is one account's, and its path leads to it alone. A notice is there once, and fits what came of it.
INSERT INTO payment_sources VALUES ($1, $9, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'S', 's', 'stripe', NULL, $1, NULL, NULL, 0, 0, 1);
INSERT INTO payment_sources VALUES ($1, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', 's', 'hmac', NULL, $1, NULL, NULL, 0, 0, 1); -- payment_sources_hmac
INSERT INTO payment_sources VALUES ($1, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', 's', 'stripe', '{}', $1, NULL, NULL, 0, 0, 1); -- payment_sources_hmac
INSERT INTO payment_sources VALUES ($1, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', 's', 'stripe', NULL, $1, $1, NULL, 0, 0, 1); -- payment_sources_previous
INSERT INTO payment_sources VALUES ($1, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', 's', 'stripe', NULL, $1, NULL, 5, 0, 0, 1); -- payment_sources_previous
INSERT INTO payment_sources VALUES ($1, $1, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', 's', 'stripe', NULL, $1, NULL, NULL, 0, 0, 1);
INSERT INTO payment_sources VALUES ($9, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', 's', 'stripe', NULL, $1, NULL, NULL, 0, 0, 1);
INSERT INTO payment_sources VALUES ($1, $9, 'c', 'S', 's', 'stripe', NULL, $1, NULL, NULL, 0, 0, 1);
INSERT INTO payment_sources VALUES ($1, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', 's', 'cash', NULL, $1, NULL, NULL, 0, 0, 1);
INSERT INTO payment_sources VALUES ($1, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', '', 's', 'stripe', NULL, $1, NULL, NULL, 0, 0, 1);
INSERT INTO payment_sources VALUES ($1, $9, 'ccccccccccccccccccccccccccccccccccccccccccc', 'S', '', 'stripe', NULL, $1, NULL, NULL, 0, 0, 1);
UPDATE payment_sources SET token = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' WHERE id = $1;
UPDATE payment_sources SET kind = 'hmac' WHERE id = $1; -- payment_sources_hmac
UPDATE payment_sources SET previous_until = NULL WHERE id = $1; -- payment_sources_previous
UPDATE payment_sources SET version = 0 WHERE id = $1;
UPDATE payment_sources SET secret = NULL WHERE id = $1;
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_1', 'a', 'recorded', $1, NULL, 100, 'ILS', NULL, 0);
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'recorded', $1, NULL, 100, NULL, NULL, 0); -- payment_notices_amount
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'recorded', NULL, NULL, 100, 'ILS', NULL, 0); -- payment_notices_payment
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'ignored', $1, NULL, 100, 'ILS', NULL, 0); -- payment_notices_payment
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'unreadable', NULL, NULL, 100, 'ILS', NULL, 0); -- payment_notices_problem
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'recorded', $1, NULL, 100, 'ILS', 'wrong', 0); -- payment_notices_problem
INSERT INTO payment_notices VALUES ($1, $1, $1, 'evt_9', 'a', 'recorded', $1, NULL, 100, 'ILS', NULL, 0);
INSERT INTO payment_notices VALUES ($9, $9, $1, 'evt_9', 'a', 'recorded', $1, NULL, 100, 'ILS', NULL, 0);
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'lost', $1, NULL, 100, 'ILS', NULL, 0);
INSERT INTO payment_notices VALUES ($1, $9, $1, '', 'a', 'recorded', $1, NULL, 100, 'ILS', NULL, 0);
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', '', 'recorded', $1, NULL, 100, 'ILS', NULL, 0);
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'recorded', $1, NULL, 100000000000, 'ILS', NULL, 0);
INSERT INTO payment_notices VALUES ($1, $9, $1, 'evt_9', 'a', 'recorded', $1, NULL, 100, 'SHEKEL', NULL, 0);
UPDATE payment_notices SET key = 'evt_1' WHERE id = $2;
UPDATE payment_notices SET outcome = 'known' WHERE id = $2;

-- Nothing refers to what is not there, or to another account's.
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $9, 2000, 2060, 2000, 2060, 'other', NULL, 'confirmed', 0, 0, 1);
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $4, 2000, 2060, 2000, 2060, 'other', NULL, 'confirmed', 0, 0, 1);
INSERT INTO registrations VALUES ($1, $9, $3, $4, NULL, 0, 'confirmed', NULL, NULL, NULL, NULL, NULL, NULL, 1);
INSERT INTO customers VALUES ($9, $9, 'Dana', 'dana@example.com', 'dana@example.com', NULL, NULL, 0, 0, 1);
INSERT INTO resources VALUES ($9, $9, 'Dana', 'staff', 1, NULL, 0, 0, 1);
INSERT INTO services VALUES ($9, $9, 'Massage', 'treatment', 50, 0, 10, NULL, NULL, NULL, NULL, 1, '[]', 0, 0, 1);
INSERT INTO schedules VALUES ($9, NULL, NULL, NULL, NULL, 15, 0, 2);
DELETE FROM customers WHERE id = $1;
DELETE FROM events WHERE id = $1;
DELETE FROM accounts WHERE id = $1;
