-- Without statistics, SQLite assumes that an account has ten rows. Then it reads all rows of the account instead of searching an index, for
-- example in order to see whether a foreign key refers to a row that is deleted. So it is told that accounts have many
-- (https://www.sqlite.org/lang_analyze.html#fixed_results_of_analyze). Statistics that somebody has collected go, so that every database has
-- the same plans.
DROP TABLE IF EXISTS sqlite_stat1;
DROP TABLE IF EXISTS sqlite_stat4;
ANALYZE sqlite_schema;
-- stat: rows in the index, here the primary key; then how many of them share the first column, and how many the first two.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
('appointments', 'appointments', '1000000 1000 1'),
('payments', 'payments', '1000000 1000 1'),
('registrations', 'registrations', '1000000 1000 1');
-- Reads them.
ANALYZE sqlite_schema;
