-- A customer's registrations, in the order in which they came.
CREATE INDEX registrations_by_customer ON registrations (account_id, customer_id, id);
