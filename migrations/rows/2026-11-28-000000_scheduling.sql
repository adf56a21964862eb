-- Resources, services and schedules, with every column filled at least once, and empty where it may be.

INSERT INTO resources (account_id, id, name, kind, active, hours, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'דנה', 'staff', 1,
        '{"weekly":[{"day":7,"opens":540,"closes":1500,"from":"2030-01-01","until":"2030-12-31"}],"dates":[{"date":"2030-06-05"}]}',
        1, 2, 3),
    (x'010101010101010101010101', x'020202020202020202020202', 'Studio 7', 'room', 0, NULL, 1, 1, 1),
    (x'020202020202020202020202', x'030303030303030303030303', 'Bike', 'equipment', 1, '{"weekly":[]}', 1, 1, 1);
INSERT INTO services
    (account_id, id, name, service_type, duration, buffer_before, buffer_after, slot_step, price_minor, currency, notes, active, needs,
        created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'Massage', 'treatment', 50, 5, 10, 30, 25000, 'ILS', 'bring a towel', 1,
        '[{"resources":["010101010101010101010101"],"count":1},{"resources":["020202020202020202020202"]}]', 1, 2, 3),
    (x'020202020202020202020202', x'020202020202020202020202', 'Talk', 'consultation', 1440, 0, 720, NULL, 0, NULL, NULL, 0, '[]',
        1, 1, 1);
INSERT INTO schedules (account_id, time_zone, hours, min_notice, horizon, slot_step, updated_at, version) VALUES
    (x'010101010101010101010101', 'Asia/Jerusalem',
        '{"weekly":[{"day":1,"opens":540,"closes":1020}],"dates":[{"date":"2030-06-05","openings":[[600,720],[780,840]]}]}', 120, 90, 15,
        2, 2),
    (x'020202020202020202020202', NULL, NULL, NULL, NULL, 1440, 2, 7);
