# Events and registrations.
events-past-title = Past events
events-upcoming = Upcoming events
events-none = No event is planned. Create one, and then register customers for it.
events-none-past = There was no event in this time.
events-earlier = Earlier events
events-span = { $from } to { $to }
event-new = New event
event-edit = Edit event
event-edit-title = Edit { $title }
event-back-to-list = All events
event-title = Title
event-date = Date
event-time = Time
event-when = When
event-location = Place
event-capacity = Number of places (empty: no limit)
event-capacity-small = { $count ->
    [one] One customer is registered already. Enter at least that many places.
   *[other] { $count } customers are registered already. Enter at least that many places.
}
event-price = Price
event-price-field = Price (optional; 0: free of charge)
event-costs = Price: { $price }
event-description = Description
event-taken = Registered
event-places = { $taken } of { $capacity } places
event-registered = { $count ->
    [one] One registered
   *[other] { $count } registered
}
event-full = Full
event-full-lead = All places are taken. Remove somebody, or edit the event and add places.
event-completed = Completed
event-cancelled = Cancelled
event-changed = The event has changed meanwhile (perhaps somebody has registered), so nothing was saved. Check what you have typed: if you save now, it replaces that change.
event-changed-see = See the event as it is now
event-cancel = Cancel event
event-cancel-ask = Cancel “{ $title }”?
event-cancel-lead = Nobody can register any more, and it can’t be undone. No message is sent: tell those who are registered yourself.
event-cancel-do = Cancel this event for good
event-register = Register a customer
event-register-lead = By the e-mail of a customer in your list.
event-register-email = E-mail of the customer
event-register-do = Register
registrations-title = Registrations
registrations-print = Print list
registrations-none = Nobody is registered yet. Register the first customer below.
registrations-none-closed = Nobody is registered.
registration-when = Registered on
registration-unknown = No customer has this e-mail.
registration-new-customer = Add a customer with this e-mail
registration-known = This customer is registered already.
registration-full = All places are taken.
registration-closed = This event takes no registrations any more.
registration-remove = Remove registration
registration-remove-do = Remove
registration-remove-ask = Remove { $name } from “{ $title }”?
registration-remove-lead = The place becomes free. No message is sent.
print-hint = Use your browser’s print command.
print-arrived = Arrived
