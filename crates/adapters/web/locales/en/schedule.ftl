# The business: hours, staff and rooms, services.
