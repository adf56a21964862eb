# Texts of every page.
skip = Skip to content
nav-main = Main
nav-calendar = Calendar
nav-customers = Customers
nav-events = Events
nav-settings = Settings
nav-business = Business
nav-resources = Staff and rooms
nav-services = Services
nav-keys = API keys
nav-people = People
language = Language
language-name = English
hebrew = עברית
english = English
name = Name
email = E-mail
phone = Phone
notes = Notes
save = Save
cancel = Cancel
back = Back
edit = Edit
copy = Copy
copied = Copied
link = Link
next-page = Next page
title-refused = Please check: { $title }

date = { $day } { $month } { $year }
date-without-year = { $day } { $month }
moment = { $weekday }, { $date }, { $time }
ago-now = Just now
ago-minutes = { $count ->
    [one] A minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] An hour ago
   *[other] { $count } hours ago
}
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
weekday-0 = Sunday
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday

invalid-missing = Please fill this in.
invalid-too-long = Use at most { $count } characters.
invalid-too-short = Use at least { $count } characters.
invalid-character = This contains a character that can’t be stored.
invalid-email = This is not an e-mail address.
invalid-phone = A phone number needs digits.
invalid-date = This is not a date.
invalid-time = This is not a time of day, such as 14:30.
invalid-range = Enter a whole number from { $min } to { $max }.
invalid-too-many = At most { $count } are possible.
invalid-network = Enter IP addresses or ranges, such as 203.0.113.0/24.
invalid-zone = Choose a time zone from the list, such as Asia/Jerusalem.
invalid-closing = Closing must be later than opening.
invalid-money = Enter an amount with at most two decimals.
invalid-amount = Enter an amount with at most { $count } decimals.
invalid-deposit = Enter an amount that is more than 0, and at most the whole price.
invalid-provider = Use lowercase letters, digits, hyphens and underscores.
invalid-header = Enter the name of a header field, such as X-Signature.
invalid-pointer = Enter a JSON pointer, such as /data/id.
invalid-also-in = A type can be in one of the lists only.
invalid-secret = A secret of this kind begins with whsec_.
invalid-choice = Choose one of the list.
invalid-id = An id has 24 characters: digits, and letters from a to f.
invalid-url = Enter a whole address, such as https://crm.example.com/webhooks.
invalid-url-https = The address must begin with https://.
invalid-url-scheme = The address must begin with https:// or http://.
invalid-url-user = Leave the user name and the password out of the address.
invalid-url-fragment = Leave out the end of the address, from # on.
invalid-url-address = This address is not public. Enter one that can be reached from the internet, or ask whoever runs the server to allow it.
invalid-past = This date has passed.

error-not-found = This page was not found
error-not-allowed = Your role doesn’t permit this
error-bad-form = The form could not be read
error-cross-site = This was not sent from the console
error-changed = It has changed meanwhile; nothing was saved
error-unavailable = The server is busy; please try again in a moment
error-internal = Something went wrong on our side
error-back = Back to the console
error-id = If you ask for help, mention this id:
