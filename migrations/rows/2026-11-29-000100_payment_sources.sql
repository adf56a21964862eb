-- A source of each kind, notices with every column filled at least once, and a payment that was given back in one sum.

UPDATE payments SET reported_minor = 100 WHERE id = x'030303030303030303030303';
INSERT INTO payment_sources
    (account_id, id, token, name, provider, kind, hmac, secret, previous_secret, previous_until, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'Stripe', 'stripe', 'stripe', NULL,
        x'01', NULL, NULL, 1, 1, 1),
    (x'010101010101010101010101', x'020202020202020202020202', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'Bridge', 'grow',
        'standard-webhooks', NULL, x'01', x'02', 86400001, 1, 2, 2),
    (x'010101010101010101010101', x'030303030303030303030303', 'ccccccccccccccccccccccccccccccccccccccccccc', 'Cards', 'payplus', 'hmac',
        '{"header":"hash","encoding":"base64","eventId":null,"type":"/transaction/status_code","succeeded":["000"],"failed":[],"refunded":[],"reference":"/transaction/more_info","externalId":"/transaction/uid","refundId":null,"amount":"/transaction/amount","unit":"major","currency":"ILS"}',
        x'01', NULL, NULL, 1, 1, 1);
INSERT INTO payment_notices
    (account_id, id, source_id, key, kind, outcome, payment_id, reference, amount_minor, currency, problem, received_at) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', x'010101010101010101010101', 'evt_1', 'payment_intent.succeeded', 'recorded',
        x'010101010101010101010101', '0e0e0e0e0e0e0e0e0e0e0e0e', 10000, 'ILS', NULL, 1),
    (x'010101010101010101010101', x'020202020202020202020202', x'010101010101010101010101', 'evt_2', 'customer.created', 'ignored', NULL, NULL,
        NULL, NULL, NULL, 2),
    (x'010101010101010101010101', x'030303030303030303030303', x'030303030303030303030303', 'evt_1', NULL, 'unreadable', NULL, NULL,
        NULL, NULL, 'transaction.amount must be a number', 3);
