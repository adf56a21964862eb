DROP TABLE idempotency_records;
DROP FUNCTION idempotency_in_progress;
