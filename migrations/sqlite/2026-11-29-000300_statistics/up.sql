-- When a row is deleted, its foreign keys are checked: SQLite searches for rows that refer to it. Without statistics it takes an account to
-- have ten rows, and reads all of them instead of these indexes. So it is told that few rows refer to one
-- (https://www.sqlite.org/lang_analyze.html#fixed_results_of_analyze). A migration that makes one of these tables anew has to tell it again.
--
-- stat: rows of the table, and how many of them have the same first column, the same first two, and so on.
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE idx IN (
    'appointments_by_customer', 'appointments_legs', 'payments_by_appointment', 'payments_by_payment', 'payments_by_registration',
    'registrations_by_customer'
);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
('appointments', 'appointments_by_customer', '1000000 1000 2 1 1'),
('appointments', 'appointments_legs', '1000000 1000 2'),
('payments', 'payments_by_appointment', '1000000 1000 2 1'),
('payments', 'payments_by_payment', '1000000 1000 2 1 1'),
('payments', 'payments_by_registration', '1000000 1000 2 1'),
('registrations', 'registrations_by_customer', '1000000 1000 2 1');
-- Reads them.
ANALYZE sqlite_schema;
