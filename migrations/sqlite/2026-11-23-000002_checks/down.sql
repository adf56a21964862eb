PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(
    sql,
    'service_type = ''consultation'' OR service_type = ''treatment'' OR service_type = ''lesson'' OR service_type = ''workshop'' OR service_type = ''other''',
    'service_type IN (''consultation'', ''treatment'', ''lesson'', ''workshop'', ''other'')'
)
WHERE type = 'table' AND name = 'appointments';
UPDATE sqlite_schema
SET sql = replace(
    sql,
    'status = ''active'' OR status = ''completed'' OR status = ''cancelled''',
    'status IN (''active'', ''completed'', ''cancelled'')'
)
WHERE type = 'table' AND name = 'events';
PRAGMA writable_schema = RESET;
CREATE TABLE noticed (what INTEGER) STRICT;
DROP TABLE noticed;
