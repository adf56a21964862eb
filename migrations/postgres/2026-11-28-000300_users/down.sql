DROP TABLE links, sessions, users;
DROP FUNCTION users_last_owner;
