-- Bookings that wait for their payment, are paid, have expired or were given back, and the ledger with every column filled at least once.

INSERT INTO appointments
    (account_id, id, kind, customer_id, resource_id, further_resources, service_id, starts_at, ends_at, blocks_from, blocks_until,
        held_until, service_type, notes, status, created_at, updated_at, version, currency, amount_minor, deposit_minor, paid_minor,
        refunded_minor) VALUES
    (x'010101010101010101010101', x'0c0c0c0c0c0c0c0c0c0c0c0c', 'appointment', x'010101010101010101010101', x'010101010101010101010101',
        '020202020202020202020202', NULL, 100000, 100060, 100000, 100060, 600001, 'treatment', NULL, 'pending', 1, 1, 1, 'ILS', 25000, 5000, 0,
        0),
    (x'010101010101010101010101', x'0d0d0d0d0d0d0d0d0d0d0d0d', 'appointment', x'010101010101010101010101', NULL, NULL, NULL,
        100000, 100060, 100000, 100060, 2, 'lesson', NULL, 'cancelled', 1, 2, 2, 'JPY', 500, 500, 499, 0),
    (x'010101010101010101010101', x'0e0e0e0e0e0e0e0e0e0e0e0e', 'appointment', x'020202020202020202020202', NULL, NULL, NULL,
        100060, 100120, 100060, 100120, NULL, 'lesson', NULL, 'confirmed', 1, 2, 3, 'ILS', 10000, 10000, 10000, 2500);
INSERT INTO events
    (account_id, id, title, description, starts_at, location, capacity, participants, price_minor, status, created_at, updated_at,
        version) VALUES
    (x'010101010101010101010101', x'040404040404040404040404', 'Paid', NULL, 1440, NULL, 2, 0, 5000, 'active', 1, 1, 1);
INSERT INTO registrations
    (account_id, id, event_id, customer_id, notes, created_at, status, held_until, currency, amount_minor, deposit_minor, paid_minor,
        refunded_minor, version) VALUES
    (x'010101010101010101010101', x'040404040404040404040404', x'040404040404040404040404', x'010101010101010101010101', NULL, 1, 'pending',
        900001, 'ILS', 5000, 5000, 0, 0, 1),
    (x'010101010101010101010101', x'050505050505050505050505', x'040404040404040404040404', x'020202020202020202020202', NULL, 1, 'confirmed',
        NULL, 'ILS', 5000, 5000, 6000, 0, 2),
    (x'010101010101010101010101', x'060606060606060606060606', x'040404040404040404040404', x'020202020202020202020202', NULL, 1, 'expired',
        900001, 'ILS', 5000, 5000, 0, 0, 2),
    (x'010101010101010101010101', x'070707070707070707070707', x'040404040404040404040404', x'020202020202020202020202', 'ill', 1,
        'cancelled', NULL, 'ILS', 5000, 5000, 5000, 5000, 3);
INSERT INTO payments
    (account_id, id, kind, provider, external_id, refund_of, payment_id, appointment_id, registration_id, amount_minor, currency, status,
        refunded_minor, attention, occurred_at, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'payment', 'stripe', 'pi_1', NULL, NULL, x'0e0e0e0e0e0e0e0e0e0e0e0e', NULL,
        10000, 'ILS', 'succeeded', 2500, NULL, 1, 1, 2, 2),
    (x'010101010101010101010101', x'020202020202020202020202', 'payment', 'cash', 'receipt 17', NULL, NULL, NULL,
        x'050505050505050505050505', 6000, 'ILS', 'succeeded', 0, NULL, 1, 1, 1, 1),
    (x'010101010101010101010101', x'030303030303030303030303', 'payment', 'stripe', 'pi_2', NULL, NULL, NULL, NULL, 100, 'USD', 'succeeded',
        0, 'unmatched', 1, 1, 1, 1),
    (x'010101010101010101010101', x'040404040404040404040404', 'payment', 'stripe', 'pi_3', NULL, NULL, x'0d0d0d0d0d0d0d0d0d0d0d0d', NULL,
        499, 'JPY', 'succeeded', 0, 'late', 1, 1, 1, 1);
INSERT INTO payments
    (account_id, id, kind, provider, external_id, refund_of, payment_id, appointment_id, registration_id, amount_minor, currency, status,
        refunded_minor, attention, occurred_at, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'050505050505050505050505', 'refund', 'stripe', 're_1', 'pi_1', x'010101010101010101010101',
        x'0e0e0e0e0e0e0e0e0e0e0e0e', NULL, 2500, 'ILS', 'succeeded', 0, NULL, 1, 1, 1, 1),
    (x'010101010101010101010101', x'060606060606060606060606', 'refund', 'stripe', 're_9', 'pi_9', NULL, NULL, NULL, 100, 'ILS', 'pending',
        0, NULL, 1, 1, 1, 1);
