-- The people of an account: who signs in to the console. The conventions are those of the first schema.
--
-- password: an Argon2id hash in the PHC string format; NULL until one is chosen.
CREATE TABLE users (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    id BLOB NOT NULL CHECK (length(id) = 12),
    email TEXT NOT NULL CHECK (length(email) BETWEEN 1 AND 254),
    email_key TEXT NOT NULL CHECK (length(email_key) >= 1),
    role TEXT NOT NULL CHECK (role = 'owner' OR role = 'staff'),
    language TEXT CHECK (language = 'he' OR language = 'en'),
    password TEXT CHECK (password GLOB '$argon2id$*'),
    disabled_at INTEGER CHECK (disabled_at BETWEEN -377705116800000 AND 253402300799999),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -377705116800000 AND 253402300799999),
    version INTEGER NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT users_email_unique UNIQUE (account_id, email_key),
    CONSTRAINT users_email_key CHECK (
        email_key = lower(email_key)
        AND (length(CAST(email AS BLOB)) <> length(email) OR email_key = lower(email))
    )
) STRICT, WITHOUT ROWID;
-- Whoever signs in has named no account yet.
CREATE INDEX users_by_email ON users (email_key);

-- An account that has an owner who can sign in keeps one.
CREATE TRIGGER users_last_owner
BEFORE UPDATE ON users
WHEN OLD.role = 'owner' AND OLD.password IS NOT NULL AND OLD.disabled_at IS NULL
    AND NOT (NEW.account_id = OLD.account_id AND NEW.role = 'owner' AND NEW.password IS NOT NULL AND NEW.disabled_at IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'users_last_owner') WHERE NOT EXISTS (
        SELECT 1 FROM users
        WHERE account_id = OLD.account_id AND id <> OLD.id AND role = 'owner' AND password IS NOT NULL AND disabled_at IS NULL
    );
END;
CREATE TRIGGER users_last_owner_stays
BEFORE DELETE ON users
WHEN OLD.role = 'owner' AND OLD.password IS NOT NULL AND OLD.disabled_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users_last_owner') WHERE NOT EXISTS (
        SELECT 1 FROM users
        WHERE account_id = OLD.account_id AND id <> OLD.id AND role = 'owner' AND password IS NOT NULL AND disabled_at IS NULL
    );
END;

-- A browser on which a user has signed in.
CREATE TABLE sessions (
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    user_id BLOB NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -377705116800000 AND 253402300799999),
    used_at INTEGER NOT NULL CHECK (used_at BETWEEN -377705116800000 AND 253402300799999),
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
) STRICT, WITHOUT ROWID;
-- A request brings a token before its account is known.
CREATE INDEX sessions_by_digest ON sessions (digest);
CREATE INDEX sessions_by_user ON sessions (account_id, user_id);
CREATE INDEX sessions_by_use ON sessions (used_at);

-- A link that is followed once: to choose a password or, without a user, to set the account up.
CREATE TABLE links (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    user_id BLOB,
    expires_at INTEGER NOT NULL CHECK (expires_at BETWEEN -377705116800000 AND 253402300799999),
    PRIMARY KEY (account_id, digest),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_digest ON links (digest);
CREATE INDEX links_by_expiry ON links (expires_at);
