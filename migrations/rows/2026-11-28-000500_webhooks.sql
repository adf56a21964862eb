-- Endpoints, lanes and deliveries, with every column filled at least once, and empty where it may be.

INSERT INTO webhook_endpoints (account_id, id, place, url, types, description, active, ordered, scopes, secret, previous_secret, previous_until,
    disabled, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 1, 'https://example.com/hook', 'appointment.* hold.expired', 'CRM', 1, 0,
        'full', x'0101', x'0202', 5, NULL, 1, 2, 3),
    (x'010101010101010101010101', x'020202020202020202020202', 50, 'http://example.com/', '*', NULL, 0, 1, 'changes:read', x'0303', NULL, NULL,
        'failing', 1, 1, 1);
INSERT INTO webhook_lanes (account_id, endpoint_id, epoch, number, fence, leased_until, failing_since, blocked) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 0, 1, 3, 9, NULL, 0),
    (x'010101010101010101010101', x'020202020202020202020202', 0, 2, 0, 0, 7, 1);
INSERT INTO webhook_deliveries (account_id, endpoint_id, change_id, epoch, number, kind, status, attempts, attempted_at, answered, failure, answer,
    took, next_at) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', x'010101010101010101010101', 0, 1, 'appointment.rescheduled', 'succeeded', 2, 5,
        200, NULL, 'ok', 12, NULL),
    (x'010101010101010101010101', x'020202020202020202020202', x'010101010101010101010101', 0, 1, 'appointment.rescheduled', 'pending', 1, 5,
        NULL, 'timed_out', NULL, 15000, 99);
