DROP TRIGGER appointments_share_turns ON appointments;
DROP FUNCTION share_turns;
