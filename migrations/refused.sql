-- What raw SQL can't do, in either store: the statements after the first paragraph are refused, each by itself.
-- $1, $2, … stand for ids, $booking for the columns of an appointment; a comment behind a statement names the guard that has to refuse it, where guards have names.

INSERT INTO accounts VALUES ($1, 'one', 'One', 0), ($2, 'two', 'Two', 0);
INSERT INTO customers VALUES
    ($1, $1, 'Dana', 'Dana@Example.com', 'dana@example.com', NULL, NULL, 0, 0, 1),
    ($1, $2, 'Noa', 'noa@example.com', 'noa@example.com', NULL, NULL, 0, 0, 1),
    ($1, $3, 'Tal', 'tal@bücher.example', 'tal@xn--bcher-kva.example', NULL, NULL, 0, 0, 1),
    ($2, $4, 'Dana', 'dana@example.com', 'dana@example.com', NULL, NULL, 0, 0, 1);
INSERT INTO resources VALUES ($1, $1, 'Dana', 'staff', 1, NULL, 0, 0, 1);
INSERT INTO services VALUES ($1, $1, 'Massage', 'treatment', 50, 0, 10, NULL, 25000, 'ILS', NULL, 1, '[]', 0, 0, 1);
INSERT INTO schedules VALUES ($1, 'Asia/Jerusalem', NULL, 120, 90, 15, 0, 2);
INSERT INTO appointments $booking VALUES
    ($1, $1, 'appointment', $1, 0, 60, 0, 60, 'other', NULL, 'confirmed', 0, 0, 1),
    ($1, $2, 'appointment', $1, 60, 120, 60, 120, 'other', NULL, 'confirmed', 0, 0, 1),
    ($1, $3, 'appointment', $1, 30, 90, 30, 90, 'other', NULL, 'cancelled', 0, 0, 1),
    ($2, $4, 'appointment', $4, 0, 1440, 0, 1440, 'other', NULL, 'confirmed', 0, 0, 1);
INSERT INTO events VALUES
    ($1, $1, 'Full', NULL, 0, NULL, 1, 0, 0, 'active', 0, 0, 1),
    ($1, $2, 'Over', NULL, 0, NULL, NULL, 0, 0, 'completed', 0, 0, 1),
    ($1, $3, 'Open', NULL, 0, NULL, NULL, 0, 0, 'active', 0, 0, 1),
    ($2, $4, 'Two''s', NULL, 0, NULL, NULL, 0, 0, 'active', 0, 0, 1);
INSERT INTO registrations VALUES ($1, $1, $1, $1, NULL, 0), ($1, $2, $3, $1, NULL, 0);

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
INSERT INTO api_keys VALUES ($1, $1, 'key', $1, 0, NULL, NULL, NULL);

-- One address, one customer, without case.
INSERT INTO customers VALUES ($1, $9, 'Dana', 'dana@example.com', 'dana@example.com', NULL, NULL, 0, 0, 1); -- customers_email_unique
INSERT INTO customers VALUES ($1, $9, 'Dana', 'DANA@example.com', 'DANA@example.com', NULL, NULL, 0, 0, 1); -- customers_email_key
INSERT INTO customers VALUES ($1, $9, 'Dana', 'dana@example.com', 'another@example.com', NULL, NULL, 0, 0, 1); -- customers_email_key
UPDATE customers SET email = 'dana@example.com', email_key = 'dana@example.com' WHERE id = $2; -- customers_email_unique
UPDATE customers SET email = 'dana@example.com' WHERE id = $2; -- customers_email_key
UPDATE customers SET email_key = 'TAL@xn--bcher-kva.example' WHERE id = $3; -- customers_email_key

-- Places: no more than there are, one each, of an event that takes somebody, and counted by nobody else.
INSERT INTO registrations VALUES ($1, $9, $1, $2, NULL, 0); -- events_not_overfull
INSERT INTO registrations VALUES ($1, $9, $3, $1, NULL, 0); -- registrations_once
INSERT INTO registrations VALUES ($1, $9, $2, $1, NULL, 0); -- registrations_event_active
INSERT INTO registrations VALUES ($1, $9, $9, $1, NULL, 0); -- registrations_event_exists
INSERT INTO registrations VALUES ($1, $9, $4, $1, NULL, 0); -- registrations_event_exists
UPDATE registrations SET event_id = $1 WHERE id = $2; -- registrations_stay
UPDATE registrations SET customer_id = $3 WHERE id = $1; -- registrations_stay
UPDATE events SET id = $9 WHERE id = $4; -- events_stay
UPDATE events SET account_id = $1 WHERE id = $4; -- events_stay
UPDATE events SET capacity = 1, participants = 2; -- events_counted
UPDATE events SET participants = 0 WHERE id = $1; -- events_counted
UPDATE events SET participants = 5 WHERE id = $3; -- events_counted
INSERT INTO events VALUES ($1, $9, 'New', NULL, 0, NULL, NULL, 3, 0, 'active', 0, 0, 1); -- events_counted

-- Nothing refers to what is not there, or to another account's.
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $9, 2000, 2060, 2000, 2060, 'other', NULL, 'confirmed', 0, 0, 1);
INSERT INTO appointments $booking VALUES ($1, $9, 'appointment', $4, 2000, 2060, 2000, 2060, 'other', NULL, 'confirmed', 0, 0, 1);
INSERT INTO registrations VALUES ($1, $9, $3, $4, NULL, 0);
INSERT INTO customers VALUES ($9, $9, 'Dana', 'dana@example.com', 'dana@example.com', NULL, NULL, 0, 0, 1);
INSERT INTO resources VALUES ($9, $9, 'Dana', 'staff', 1, NULL, 0, 0, 1);
INSERT INTO services VALUES ($9, $9, 'Massage', 'treatment', 50, 0, 10, NULL, NULL, NULL, NULL, 1, '[]', 0, 0, 1);
INSERT INTO schedules VALUES ($9, NULL, NULL, NULL, NULL, 15, 0, 2);
DELETE FROM customers WHERE id = $1;
DELETE FROM events WHERE id = $1;
DELETE FROM accounts WHERE id = $1;
