# The calendar and appointments.
