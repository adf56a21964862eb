# The business: hours, staff and rooms, services.
settings-save = Save changes
settings-saved = Saved
settings-changed = It has changed meanwhile; nothing was saved
settings-changed-lead = What you typed is still here. If you save again, it replaces what was changed.
settings-changed-reload = Show what is saved now
settings-retired = Out of use
settings-retire = Take out of use
settings-retire-lead = Nothing new can be booked while it is out of use. What is booked already stays.
settings-return = Take back into use

business-rules = Bookings
business-rules-lead = Without a notice even the past can be booked. Without a number of days there is no limit.
business-notice = Shortest notice in minutes
business-horizon = Days ahead that can be booked
business-step = Minutes between start times
business-zone-needed = The notice and the days ahead can’t be counted without a time zone.

hours-title = Opening hours
hours-lead = Customers can book within these hours only. Staff and rooms can have hours of their own.
hours-always = No fixed hours: can be booked day and night
hours-some = Only at these times
hours-as-business = As the business
hours-own = Own hours
hours-open = Open
hours-closed = Closed all day
hours-opens = Opens
hours-closes = Closes
hours-break = Break
hours-opens-again = Opens after the break
hours-closes-again = Closes after the break
hours-overnight = Closes on the next day
hours-hint = A closing time before the opening time is on the next day. If no day is open, nothing can be booked.
hours-hidden = The weekly hours have rules that can’t be shown here, such as seasons or more than two windows a day. They stay as they are, and can be changed through the API.
hours-overlap = This overlaps the other opening of this day.

special-title = Special days
special-lead = Holidays, days off, and days with other hours.
special-none = No special day lies ahead.
special-past = Days that have passed
special-remove = Remove
special-some = Open at other times
special-add = Add a special day
special-do = Add the day
special-twice = This date is in the list already. Remove it there first.

resources-lead = Who or what an appointment takes. Each has one appointment at a time.
resources-none = Nobody is here yet. Add your staff, or rooms and equipment that can’t be shared. As long as the list is empty, the business takes one appointment at a time.
resource-new = Add staff or a room
resource-new-do = Add
resource-kind = What it is
resource-hours-lead = Hours of its own apply in place of those of the business.
resource-hours-save = Save the hours
resource-booked = { $count ->
    [one] It is not out of use: there is a booking in the future.
   *[other] It is not out of use: there are { $count } bookings in the future.
}
resource-booked-lead = You can move or cancel what is booked first. If you take it out of use anyway, the bookings stay as they are.
resource-retire-booked = Take out of use anyway
kind-staff = Staff
kind-room = Room
kind-equipment = Equipment

services-lead = What customers can book, how long it takes and what it costs.
services-none = There is no service yet. Add the first, for example: haircut, 45 minutes.
service-new = New service
service-new-do = Add the service
service-kind = Type
service-length = Length
service-minutes = { $count ->
    [one] A minute
   *[other] { $count } minutes
}
service-duration = Length in minutes
service-price = Price
service-price-of = { $currency } { $amount }
service-currency = Currency, by its code
service-currency-alone = Without a price there is no currency.
service-around = Times
service-around-lead = The time before and after is kept free, for example to prepare or to clean up. If the last field is empty, start times are offered as for the whole business.
service-before = Minutes kept free before
service-after = Minutes kept free after
service-step = Minutes between start times
service-needs = Who and what it takes
service-needs-lead = An appointment takes one that is free from each group in which you choose any. If you choose none at all, it takes the calendar of the business itself.
service-needs-one = One of these ({ $kind })
service-needs-none = There is no staff or room to choose yet.
service-needs-hidden = This service needs a combination that can’t be shown here. It stays as it is, and can be changed through the API.
service-needs-retired = One of these is out of use. Choose only those in use.
