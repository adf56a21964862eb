-- Users, sessions and links, with every column filled at least once, and empty where it may be.

INSERT INTO users (account_id, id, email, email_key, role, language, password, disabled_at, created_at, updated_at, version) VALUES
    (x'010101010101010101010101', x'010101010101010101010101', 'Dana@Example.com', 'dana@example.com', 'owner', 'he',
        '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA', NULL, 1, 2, 3),
    (x'010101010101010101010101', x'020202020202020202020202', 'noa@example.com', 'noa@example.com', 'staff', NULL, NULL, 5, 1, 1, 1),
    (x'020202020202020202020202', x'030303030303030303030303', 'dana@example.com', 'dana@example.com', 'owner', 'en',
        '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA', NULL, 1, 1, 1);
INSERT INTO sessions (account_id, id, user_id, digest, created_at, used_at) VALUES
    (x'010101010101010101010101', x'040404040404040404040404', x'010101010101010101010101',
        x'0404040404040404040404040404040404040404040404040404040404040404', 1, 2);
INSERT INTO links (account_id, digest, user_id, expires_at) VALUES
    (x'010101010101010101010101', x'0505050505050505050505050505050505050505050505050505050505050505', x'020202020202020202020202', 9),
    (x'020202020202020202020202', x'0606060606060606060606060606060606060606060606060606060606060606', NULL, 9);
