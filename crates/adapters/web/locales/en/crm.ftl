# Customers.
customers-list = List of customers
customers-search = Search
customers-search-label = Search by name, e-mail or phone
customers-search-hint = Name, e-mail or phone
customers-count = { $count ->
    [one] One customer
   *[other] { $count } customers
}
customers-found = { $count ->
    [one] One customer found
   *[other] { $count } customers found
}
customers-none = There are no customers yet. Add the first one above, or book an appointment: its customer is added with it.
customers-none-found = Nobody matches. Try a part of the name, of the e-mail or of the phone number.
customers-all = All customers
customers-back = Back to the list of customers
customer-new = New customer
customer-edit = Edit customer
customer-edit-title = Edit { $name }
customer-since = Customer since { $date }
customer-book = Book
customer-known = There is a customer with this e-mail already.
customer-changed = Somebody has changed this customer meanwhile, so nothing was saved. Check what you have typed: if you save now, it replaces that change.
customer-changed-see = See the customer as it is now
field-optional = { $label } (optional)
visits-upcoming = Upcoming appointments
visits-none-upcoming = No appointment is booked.
visits-history = History
visits-none-past = No past appointments.
visit-minutes = { $count ->
    [one] One minute
   *[other] { $count } minutes
}
