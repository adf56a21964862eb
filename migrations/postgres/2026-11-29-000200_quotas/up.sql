-- Quotas that servers share. These writes create no WAL. If the database crashes, or another one takes over, the tables are
-- empty and every quota is whole.

CREATE UNLOGGED TABLE quotas (
    -- Whose requests are counted.
    client text PRIMARY KEY,
    -- When the quota is whole again if nothing more is taken from it, in nanoseconds since 1970. GCRA calls it the
    -- theoretical arrival time.
    whole_at bigint NOT NULL
) WITH (fillfactor = 50);

-- Servers that share them.
CREATE UNLOGGED TABLE quota_servers (
    id bytea PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- Takes permits from a quota of `most` permits, all of which come back within `whole_window`, both in nanoseconds.
--
-- Permit number n takes the n-th of the spans of `whole_window / most` that follow `whole_at`. No span may end later than
-- `most` spans from now. Each is taken once, so no interval can see more uses than the quota and what comes back meanwhile,
-- as long as no permit is used after its span has begun. So the spans of several permits, which may be used until
-- `lifetime` is over, begin after that.
CREATE FUNCTION lease_permits(of_client text, most bigint, whole_window bigint, wanted bigint, lifetime bigint)
RETURNS TABLE (permits bigint, remaining bigint, wait bigint)
LANGUAGE plpgsql AS $$
DECLARE
    -- The clock of the database, so that those of the servers may differ.
    present CONSTANT bigint := (extract(epoch FROM statement_timestamp()) * 1000000)::bigint * 1000;
    span CONSTANT bigint := greatest(whole_window / most, 1);
    latest CONSTANT bigint := present + span * most;
    taken_until bigint;
    begins bigint;
BEGIN
    LOOP
        SELECT greatest(whole_at, present) INTO taken_until FROM quotas WHERE client = of_client FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO quotas VALUES (of_client, present) ON CONFLICT DO NOTHING;
    END LOOP;
    -- The window was longer before, or the clock was set back: nobody is refused for longer than a window. (If it is a little
    -- later only, a statement that began after this one was faster.)
    IF taken_until > latest + 10000000000 THEN
        taken_until := latest;
        UPDATE quotas SET whole_at = latest WHERE client = of_client;
    END IF;
    -- The last permits are given out one by one, so that they don't lie idle at one server while another needs them.
    begins := greatest(taken_until, present + lifetime);
    permits := least(wanted, (latest - begins) / span / 8);
    IF permits < 2 THEN
        begins := taken_until;
        permits := CASE WHEN begins + span <= latest THEN 1 ELSE 0 END;
    END IF;
    IF permits > 0 THEN
        taken_until := begins + permits * span;
        UPDATE quotas SET whole_at = taken_until WHERE client = of_client;
    END IF;
    remaining := greatest((latest - taken_until) / span, 0);
    wait := greatest(taken_until + span - latest, 0);
    RETURN NEXT;
END
$$;
