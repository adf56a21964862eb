-- What a key may do: its scopes, from where, and how often. Keys that were there before may do everything.
--
-- scopes: words with spaces between them. allowed_addresses: networks in CIDR notation with commas between them; NULL is everywhere.
-- rate_limit: requests in the server's window; NULL is the server's own limit. successor_id: the key that took its place.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'full' CHECK (length(scopes) BETWEEN 1 AND 1000);
ALTER TABLE api_keys ADD COLUMN allowed_addresses TEXT CHECK (length(allowed_addresses) BETWEEN 1 AND 10000);
ALTER TABLE api_keys ADD COLUMN rate_limit INTEGER CHECK (rate_limit BETWEEN 1 AND 1000000);
ALTER TABLE api_keys ADD COLUMN successor_id BLOB CHECK (length(successor_id) = 12);
-- A server of the version before doesn't write these two.
ALTER TABLE api_keys ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0
    CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999);
ALTER TABLE api_keys ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1);
UPDATE api_keys SET updated_at = coalesce(revoked_at, created_at);
