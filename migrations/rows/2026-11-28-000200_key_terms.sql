-- Keys with every column filled, and empty where it may be.

INSERT INTO api_keys
    (account_id, id, name, digest, created_at, expires_at, last_used_at, revoked_at, scopes, allowed_addresses, rate_limit, successor_id,
        updated_at, version) VALUES
    (x'010101010101010101010101', x'0a0a0a0a0a0a0a0a0a0a0a0a', 'web site',
        x'0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 1, 9, 2, NULL, 'read appointments:write',
        '10.0.0.0/8,2001:db8::/32', 100, x'0b0b0b0b0b0b0b0b0b0b0b0b', 3, 2),
    (x'010101010101010101010101', x'0b0b0b0b0b0b0b0b0b0b0b0b', 'web site',
        x'0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 1, NULL, NULL, NULL, 'full', NULL, NULL, NULL, 1, 1);
