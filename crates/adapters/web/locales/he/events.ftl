# Events and registrations.
