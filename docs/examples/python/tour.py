#!/usr/bin/env python3
"""A tour of the ChatGrow API: customers, appointments, events. Python 3.9 or later, standard library only.

    CHATGROW_API_KEY=cg_live_... python3 tour.py
"""

from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

from client import RUN, ApiError, call, check, list_all, start


def refused(code, *request):
    """Send a request that must be refused with `code`; return the error."""
    try:
        call(*request)
    except ApiError as error:
        if error.code == code:
            return error
        raise
    raise RuntimeError(f"not as expected: the request should be refused with {code}")


# Slots are the hours of ten far-away years, counted from 2030; each run starts at a random one.
FIRST_SLOT = int(RUN[:8], 16) % (10 * 365 * 24)


def slot_time(slot):
    start = datetime(2030, 1, 1) + timedelta(hours=slot)
    return {"date": f"{start:%Y-%m-%d}", "time": f"{start:%H:%M}"}


def in_free_slot(first, method, path, **body):
    """Send a request for the first slot that is free, looking at ten at most; return (slot, appointment)."""
    for slot in range(first, first + 10):
        try:
            _, answer = call(method, path, {**body, **slot_time(slot)})
            return slot, answer["appointment"]
        except ApiError as error:
            if error.code != "TIME_CONFLICT":
                raise
    raise RuntimeError("ten slots in a row are taken")


def tour():
    # The plus sign is legal in an address and means a space in a query string: always encode.
    email = f"tour+{RUN}@example.com"
    customer_path = f"/customers/{quote(email, safe='')}"
    customer = {"name": "נועה לוי", "phone": "050-0000000", "notes": "לקוחת הדגמה"}

    # Customers. PUT creates or replaces, so a sync job can repeat it without asking first what is there.
    status, created = call("PUT", customer_path, customer)
    check(status == 201, "a new customer is 201")
    # The id goes into the log; name, e-mail and phone do not.
    print(f"customer created: {created['customer']['id']}")

    read = call("GET", customer_path)[1]["customer"]
    check(read["id"] == created["customer"]["id"], "the same customer")
    check(read["email"] == email and read["name"] == customer["name"], "the customer as sent")
    print("customer read back: the same")

    # Every bad field is named at once, so a form can mark them all.
    bad = {"customerEmail": email, "date": "2030-02-30", "time": "25:00", "serviceType": "nap", "duration": 0}
    invalid = refused("VALIDATION_ERROR", "POST", "/appointments", bad)
    check(invalid.status == 400, "a validation error is 400")
    fields = {detail["field"] for detail in invalid.details}
    check(fields >= {"date", "time", "serviceType", "duration"}, "a detail for every bad field")
    print("validation error:", " | ".join(f"{detail['field']}: {detail['message']}" for detail in invalid.details))

    # Appointments.
    visit = {"customerEmail": email, "serviceType": "consultation", "duration": 60}
    slot, appointment = in_free_slot(FIRST_SLOT, "POST", "/appointments", **visit)
    when, appointment_id = slot_time(slot), appointment["id"]
    check(appointment["status"] == "confirmed" and appointment["time"] == when["time"], "a confirmed appointment")
    print(f"appointment booked: {appointment_id} on {when['date']} at {when['time']}")

    conflict = refused("TIME_CONFLICT", "POST", "/appointments", {**visit, **when})
    check(conflict.status == 409, "a conflict is 409")
    print(f"same slot again: refused, {conflict.code} ({conflict.message})")

    moved_slot, moved = in_free_slot(slot + 1, "PATCH", f"/appointments/{appointment_id}")
    when = slot_time(moved_slot)
    check(moved["id"] == appointment_id and moved["time"] == when["time"], "the same appointment at the new time")
    print(f"appointment moved: to {when['date']} at {when['time']}")

    _, second = in_free_slot(slot, "POST", "/appointments", **visit)
    print(f"second appointment booked: {second['id']}, the move has freed its slot")

    # One item a page, only to see the cursor at work: 50 (the default) to 500 is sensible.
    listed = [item["id"] for item in list_all("/appointments", "appointments", customerEmail=email, limit=1)]
    check(sorted(listed) == sorted([appointment_id, second["id"]]), "both appointments in the list")
    print(f"appointments listed: {len(listed)}, following nextCursor")

    for item in listed:
        # Cancelling what is cancelled is 200 again: after a lost answer, just repeat it.
        call("DELETE", f"/appointments/{item}")
        call("DELETE", f"/appointments/{item}")
        _, after = call("GET", f"/appointments/{item}")
        check(after["appointment"]["status"] == "cancelled", "a cancelled appointment")
    print("appointments cancelled: each twice, without harm")

    # Events.
    workshop = {"title": "סדנת היכרות", **slot_time(FIRST_SLOT), "maxParticipants": 1, "price": 49.9}
    event = call("POST", "/events", workshop)[1]["event"]
    check(event["status"] == "active" and event["currentParticipants"] == 0, "an active, empty event")
    check(event["price"] == Decimal("49.9"), "the exact price")
    print(f"event created: {event['id']}, one place")

    registrations = f"/events/{event['id']}/registrations"
    registration = call("POST", registrations, {"customerEmail": email})[1]["registration"]
    check(registration["eventId"] == event["id"], "a registration for the event")
    check(registration["customerId"] == read["id"], "a registration of the customer")
    print(f"customer registered: {registration['id']}")

    twice = refused("ALREADY_REGISTERED", "POST", registrations, {"customerEmail": email})
    check(twice.status == 409, "a second registration is 409")
    print(f"registering again: refused, {twice.code} ({twice.message})")

    registered = [item["id"] for item in list_all(registrations, "registrations", limit=50)]
    check(registered == [registration["id"]], "the one registration in the list")
    print(f"registrations listed: {len(registered)}")

    call("DELETE", f"{registrations}/{registration['id']}")
    _, after = call("GET", f"/events/{event['id']}")
    check(after["event"]["currentParticipants"] == 0, "the place is free again")
    print("customer unregistered: the place is free again")

    _, done = call("PATCH", f"/events/{event['id']}", {"status": "completed"})
    check(done["event"]["status"] == "completed", "a completed event")
    print("event completed")


if __name__ == "__main__":
    start(tour)
