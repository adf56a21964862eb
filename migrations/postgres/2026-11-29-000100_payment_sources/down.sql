DROP INDEX payments_by_payment;
CREATE INDEX payments_by_payment ON payments (account_id, payment_id) WHERE payment_id IS NOT NULL;
DROP TABLE payment_notices;
DROP TABLE payment_sources;
ALTER TABLE payments DROP COLUMN reported_minor;
