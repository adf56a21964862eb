-- Changes and how far they were swept, with every column filled at least once, and empty where it may be.

INSERT INTO changes (number, account_id, epoch, id, kind, made_at, subject_id, version, customer_id, actor_kind, actor_id, request_id, object, previous) VALUES
    (1, x'010101010101010101010101', 0, x'010101010101010101010101', 'appointment.rescheduled', 1, x'020202020202020202020202', 2,
        x'030303030303030303030303', 'api_key', x'040404040404040404040404', 'request', '{"date":1}', '{"date":2}'),
    (2, x'010101010101010101010101', 0, x'020202020202020202020202', 'account.updated', 2, x'010101010101010101010101', NULL,
        NULL, 'user', x'040404040404040404040404', NULL, NULL, NULL),
    (4, x'020202020202020202020202', 0, x'030303030303030303030303', 'hold.expired', 3, x'020202020202020202020202', 1,
        NULL, 'system', NULL, NULL, '{}', NULL);
INSERT INTO sweeps (account_id, epoch, number) VALUES (x'020202020202020202020202', 0, 3);
UPDATE feed SET key = x'0707070707070707070707070707070707070707070707070707070707070707';
