DELETE FROM sqlite_stat1 WHERE idx IN (
    'appointments_by_customer', 'appointments_legs', 'payments_by_appointment', 'payments_by_payment', 'payments_by_registration',
    'registrations_by_customer'
);
ANALYZE sqlite_schema;
