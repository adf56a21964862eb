DROP TABLE registrations;
DROP TABLE events;
DROP TABLE appointments;
DROP TABLE customers;
DROP TABLE api_keys;
DROP TABLE accounts;
DROP FUNCTION take_turns, registrations_admitted, registrations_leave, registrations_counted, refuse;
DROP DOMAIN instant;
DROP DOMAIN wall_clock;
