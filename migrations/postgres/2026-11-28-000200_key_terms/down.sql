ALTER TABLE api_keys
    DROP COLUMN version,
    DROP COLUMN updated_at,
    DROP COLUMN successor_id,
    DROP COLUMN rate_limit,
    DROP COLUMN allowed_addresses,
    DROP COLUMN scopes;
