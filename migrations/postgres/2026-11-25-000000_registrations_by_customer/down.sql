DROP INDEX registrations_by_customer;
