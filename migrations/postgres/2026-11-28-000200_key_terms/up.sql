-- What a key may do. (SQLite's migration of the same name says what the columns mean.)
--
-- The table has few rows, so they are written at once.
SET LOCAL lock_timeout = '3s';

ALTER TABLE api_keys
    ADD COLUMN scopes text NOT NULL DEFAULT 'full' CHECK (char_length(scopes) BETWEEN 1 AND 1000),
    ADD COLUMN allowed_addresses text CHECK (char_length(allowed_addresses) BETWEEN 1 AND 10000),
    ADD COLUMN rate_limit bigint CHECK (rate_limit BETWEEN 1 AND 1000000),
    ADD COLUMN successor_id bytea CHECK (octet_length(successor_id) = 12),
    ADD COLUMN updated_at instant NOT NULL DEFAULT 0,
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version >= 1);
UPDATE api_keys SET updated_at = coalesce(revoked_at, created_at);
