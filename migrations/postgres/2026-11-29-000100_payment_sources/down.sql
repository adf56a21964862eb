DROP TABLE payment_notices;
DROP TABLE payment_sources;
ALTER TABLE payments DROP COLUMN reported_minor;
