-- An edit that leaves an appointment where it is can wait for a move, and the move for it: a deadlock. If the new row finds no room beside
-- the old one (long notes), the update is not "heap-only": every index gets a new entry, and the exclusion constraint checks the slot again.
-- It inserts first and checks afterwards, so it finds the entry of a move onto that slot that is under way, and waits for it, while the
-- move waits for the edit.
-- So whatever is confirmed after an update takes turns with the moves. Edits don't wait for each other, because their slots don't overlap:
-- they share the lock that a move holds alone.
-- Bookings still need no turn: ON CONFLICT looks before it inserts, and gives way. Neither do cancellations: the constraint doesn't look
-- at them, so they wait for nobody. Nor do edits of customers: a unique index looks first and inserts afterwards, so whoever waits for
-- an edit's row has no entry yet that the edit could find. Only two that take each other's address can wait for each other, and they
-- take turns already (customers_take_turns).
CREATE FUNCTION share_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(TG_TABLE_NAME || encode(NEW.account_id, 'hex'), 0));
    RETURN NEW;
END $$;
-- The conditions of the two triggers exclude each other.
CREATE TRIGGER appointments_share_turns
BEFORE UPDATE ON appointments FOR EACH ROW
WHEN (
    NEW.status = 'confirmed'
    AND (NEW.status, NEW.starts_at, NEW.ends_at) IS NOT DISTINCT FROM (OLD.status, OLD.starts_at, OLD.ends_at)
)
EXECUTE FUNCTION share_turns();
