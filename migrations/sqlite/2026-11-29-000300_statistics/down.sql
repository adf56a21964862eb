DELETE FROM sqlite_stat1 WHERE tbl IN ('appointments', 'payments', 'registrations');
ANALYZE sqlite_schema;
