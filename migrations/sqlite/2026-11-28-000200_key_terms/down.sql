ALTER TABLE api_keys DROP COLUMN version;
ALTER TABLE api_keys DROP COLUMN updated_at;
ALTER TABLE api_keys DROP COLUMN successor_id;
ALTER TABLE api_keys DROP COLUMN rate_limit;
ALTER TABLE api_keys DROP COLUMN allowed_addresses;
ALTER TABLE api_keys DROP COLUMN scopes;
