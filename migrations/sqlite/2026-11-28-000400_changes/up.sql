-- The log of changes: what was done to the data of accounts, in the order in which it can be read. A change commits with what it tells of.
--
-- epoch, number: the place in the log. SQLite commits one write after the other, so the order of the numbers is that of the commits, and
-- all changes between two restores of a backup have the same epoch. AUTOINCREMENT gives no number twice, also after a sweep.
-- object, previous: JSON texts for readers. The server doesn't look into them.
--
-- An account is never deleted, so account_id needs no foreign key, which would cost each write a look-up.
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BLOB NOT NULL CHECK (length(account_id) = 12),
    epoch INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 12),
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 63),
    made_at INTEGER NOT NULL CHECK (made_at BETWEEN -377705116800000 AND 253402300799999),
    subject_id BLOB NOT NULL CHECK (length(subject_id) = 12),
    version INTEGER CHECK (version >= 1),
    customer_id BLOB CHECK (length(customer_id) = 12),
    actor_kind TEXT NOT NULL CHECK (actor_kind = 'api_key' OR actor_kind = 'user' OR actor_kind = 'system'),
    actor_id BLOB CHECK (length(actor_id) = 12),
    request_id TEXT,
    object TEXT,
    previous TEXT,
    CONSTRAINT changes_actor CHECK ((actor_kind = 'system') = (actor_id IS NULL))
) STRICT;
CREATE INDEX changes_in_order ON changes (account_id, epoch, number);

-- Up to where the changes of an account were swept.
CREATE TABLE sweeps (
    account_id BLOB NOT NULL PRIMARY KEY CHECK (length(account_id) = 12),
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The one row of the feed: the key under which readers' positions are sealed (once there is a reader), and the epoch of new changes.
CREATE TABLE feed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key BLOB CHECK (length(key) = 32),
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO feed (id, epoch) VALUES (1, 0);
