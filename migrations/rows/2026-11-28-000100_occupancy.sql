-- Everything that occupies the schedule, with every column filled at least once, and empty where it may be.

INSERT INTO resources (account_id, id, name, kind, active, hours, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'040404040404040404040404', 'Bike', 'equipment', 1, NULL, 1, 1, 1);
-- The triggers give these their legs.
INSERT INTO appointments
    (account_id, id, kind, customer_id, resource_id, further_resources, service_id, starts_at, ends_at, blocks_from, blocks_until,
        held_until, service_type, notes, status, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'040404040404040404040404', 'appointment', x'010101010101010101010101',
        x'020202020202020202020202', '010101010101010101010101,040404040404040404040404', x'010101010101010101010101', 0, 60, -5, 70, NULL,
        'treatment', 'two hands', 'confirmed', 1, 2, 3),
    (x'010101010101010101010101', x'050505050505050505050505', 'appointment', x'020202020202020202020202',
        x'010101010101010101010101', NULL, NULL, 70, 80, 70, 800, NULL, 'other', NULL, 'no_show', 1, 2, 2),
    (x'010101010101010101010101', x'060606060606060606060606', 'appointment', x'020202020202020202020202', NULL, NULL, NULL,
        60, 120, 60, 120, NULL, 'lesson', NULL, 'completed', 1, 2, 2),
    (x'010101010101010101010101', x'070707070707070707070707', 'hold', NULL, NULL, NULL, NULL, 130, 190, 120, 190, 600001, 'lesson', NULL,
        'confirmed', 1, 1, 1),
    (x'010101010101010101010101', x'080808080808080808080808', 'hold', NULL, x'010101010101010101010101', '020202020202020202020202',
        x'010101010101010101010101', 1000, 1060, 1000, 1060, 600001, 'treatment', NULL, 'confirmed', 1, 1, 1),
    (x'010101010101010101010101', x'090909090909090909090909', 'hold', NULL, x'010101010101010101010101', '020202020202020202020202',
        NULL, 1000, 1060, 1000, 1060, 2, 'treatment', NULL, 'cancelled', 1, 2, 2),
    (x'010101010101010101010101', x'0a0a0a0a0a0a0a0a0a0a0a0a', 'block', NULL, x'040404040404040404040404', NULL, NULL,
        20000, 50240, 20000, 50240, NULL, NULL, 'in the workshop', 'confirmed', 1, 1, 1),
    (x'020202020202020202020202', x'0b0b0b0b0b0b0b0b0b0b0b0b', 'block', NULL, NULL, NULL, NULL, 2000, 2001, 2000, 2001, NULL, NULL, NULL,
        'confirmed', 1, 1, 1);
-- A booking moves, and one lets go of a resource: so do their legs.
UPDATE appointments SET starts_at = 5, ends_at = 65, blocks_from = 0, blocks_until = 70, version = 4
WHERE id = x'040404040404040404040404' AND kind = 'appointment';
