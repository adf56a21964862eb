# Customers.
