-- The people of an account: who signs in to the console. (SQLite's migration of the same name says what the columns mean.)
CREATE TABLE users (
    account_id bytea NOT NULL REFERENCES accounts (id),
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    email text NOT NULL CHECK (char_length(email) BETWEEN 1 AND 254),
    email_key text NOT NULL CHECK (char_length(email_key) >= 1),
    role text NOT NULL CHECK (role IN ('owner', 'staff')),
    language text CHECK (language IN ('he', 'en')),
    password text CHECK (password LIKE '$argon2id$%'),
    disabled_at instant,
    created_at instant NOT NULL,
    updated_at instant NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (account_id, id),
    CONSTRAINT users_email_unique UNIQUE (account_id, email_key),
    CONSTRAINT users_email_key CHECK (
        email_key = lower(email_key COLLATE "C")
        AND (octet_length(email) <> char_length(email) OR email_key = lower(email COLLATE "C"))
    )
);
-- Whoever signs in has named no account yet.
CREATE INDEX users_by_email ON users (email_key);

-- An account that has an owner who can sign in keeps one. Two owners who stop at once take turns, so that the second one sees the first.
CREATE FUNCTION users_last_owner() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_TABLE_NAME || encode(OLD.account_id, 'hex'), 0));
    IF NOT EXISTS (
        SELECT FROM users
        WHERE account_id = OLD.account_id AND id <> OLD.id AND role = 'owner' AND password IS NOT NULL AND disabled_at IS NULL
    ) THEN
        RAISE EXCEPTION '% is refused: the account needs an owner', TG_OP
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_owner';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER users_last_owner
BEFORE UPDATE ON users FOR EACH ROW
WHEN (
    OLD.role = 'owner' AND OLD.password IS NOT NULL AND OLD.disabled_at IS NULL
    AND NOT (NEW.account_id = OLD.account_id AND NEW.role = 'owner' AND NEW.password IS NOT NULL AND NEW.disabled_at IS NULL)
)
EXECUTE FUNCTION users_last_owner();
CREATE TRIGGER users_last_owner_stays
BEFORE DELETE ON users FOR EACH ROW
WHEN (OLD.role = 'owner' AND OLD.password IS NOT NULL AND OLD.disabled_at IS NULL)
EXECUTE FUNCTION users_last_owner();

-- A browser on which a user has signed in.
CREATE TABLE sessions (
    account_id bytea NOT NULL,
    id bytea NOT NULL CHECK (octet_length(id) = 12),
    user_id bytea NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    created_at instant NOT NULL,
    used_at instant NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
-- A request brings a token before its account is known.
CREATE INDEX sessions_by_digest ON sessions (digest);
CREATE INDEX sessions_by_user ON sessions (account_id, user_id);
CREATE INDEX sessions_by_use ON sessions (used_at);

-- A link that is followed once: to choose a password or, without a user, to set the account up.
CREATE TABLE links (
    account_id bytea NOT NULL REFERENCES accounts (id),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    user_id bytea,
    expires_at instant NOT NULL,
    PRIMARY KEY (account_id, digest),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX links_by_digest ON links (digest);
CREATE INDEX links_by_expiry ON links (expires_at);
