#!/usr/bin/env python3
"""Finds a slot, holds it and books it, with the ChatGrow API. Python 3.9 or later, standard library only.

    CHATGROW_API_KEY=cg_live_... python3 book.py
"""

from datetime import date, timedelta
from urllib.parse import urlencode

from client import RUN, ApiError, call, check, start

# A day of ten far-away years, so that a run finds it empty. Each run has staff and a room of its own.
DAY = date(2030, 1, 1) + timedelta(days=int(RUN[:8], 16) % 3650)
WEEK = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


def set_up():
    """Create what can be booked; return (service, staff, room)."""
    # Without a time zone there are no instants. A schedule that somebody has set stays as it is: PUT replaces all of it.
    schedule = call("GET", "/schedule")[1]["schedule"]
    if schedule["updatedAt"] is None:
        call("PUT", "/schedule", {"timeZone": "Asia/Jerusalem", "slotStep": 30})

    resources = []
    for name, kind in (("נועה", "staff"), ("חדר 1", "room")):
        resource = call("POST", "/resources", {"name": name, "kind": kind})[1]["resource"]
        weekly = [{"day": day, "opens": "09:00", "closes": "17:00"} for day in WEEK]
        call("PUT", f"/resources/{resource['id']}/hours", {"weekly": weekly})
        resources.append(resource["id"])
    staff, room = resources

    service = {
        "name": "עיסוי",
        "serviceType": "treatment",
        "duration": 50,
        "bufferAfter": 10,
        "slotStep": 30,
        # One group for each thing that a booking takes; a group may have several resources to choose from.
        "needs": [{"resources": [staff]}, {"resources": [room]}],
    }
    return call("POST", "/services", service)[1]["service"]["id"], staff, room


def search(service):
    """The first slot of the day, and those that follow it."""
    query = urlencode({"serviceId": service, "from": DAY, "to": DAY, "limit": 3})
    return call("GET", f"/availability?{query}")[1]["slots"]


def hold(service, slot):
    """Hold the slot, or if somebody was faster, the next one that is free; looking at five at most."""
    for _ in range(5):
        wish = {"serviceId": service, "date": slot["date"], "time": slot["time"], "minutes": 5}
        try:
            return call("POST", "/holds", wish)[1]["hold"]
        except ApiError as error:
            # The refusal says what is free instead. It reserves nothing: the next try may be too late, too.
            if error.code != "TIME_CONFLICT" or not error.next_free:
                raise
            slot = error.next_free[0]
    raise RuntimeError("five slots in a row were taken")


def book():
    service, staff, room = set_up()
    print(f"service created: {service}, with staff {staff} and room {room}")

    slots = search(service)
    check(len(slots) == 3 and slots[0]["time"] == "09:00", "the day's first slot is the opening")
    check(slots[0]["resourceIds"] == [staff, room], "the slot takes the staff and the room")
    print(f"slots found: {len(slots)}, the first at {slots[0]['time']}")

    held = hold(service, slots[0])
    check(held["time"] == slots[0]["time"] and held["resourceIds"] == [staff, room], "a hold of the first slot")
    print(f"slot held: {held['id']} until {held['heldUntil']}")

    # Somebody else wants the same slot: the room is taken until 10:00, for 50 minutes and a buffer of 10.
    other = hold(service, slots[0])
    check(other["time"] == "10:00", "the next slot that is free")
    print(f"same slot again: taken, so {other['time']} is held")
    call("DELETE", f"/holds/{other['id']}")
    print("second hold released")

    # The customer and the booking in one call: both are written, or neither is. The key is your order number; keep it
    # with the request, so that you can repeat it until there is an answer.
    order = {
        "holdId": held["id"],
        "customer": {"email": f"book+{RUN}@example.com", "name": "נועה לוי", "phone": "050-0000000"},
    }
    status, answer = call("POST", "/appointments", order, key=f"order-{RUN}")
    appointment = answer["appointment"]
    check(status == 201 and appointment["status"] == "confirmed", "a confirmed appointment")
    check(appointment["id"] == held["id"], "the hold's id is the appointment's")
    check(appointment["serviceId"] == service and appointment["resourceIds"] == [staff, room], "what was held")
    check(appointment["localStart"] == held["localStart"], "the slot that was held")
    print(f"appointment booked: {appointment['id']}, {appointment['localStart']} to {appointment['localEnd']}")

    again = call("POST", "/appointments", order, key=f"order-{RUN}")[1]
    check(again == answer, "the same answer to the same request")
    print("booking sent again: the same appointment")

    check(search(service)[0]["time"] == "10:00", "the slot is not offered any more")
    print("search again: the slot is gone")

    # A resource that is booked can't be deactivated without `force`, so the order matters.
    call("DELETE", f"/appointments/{appointment['id']}")
    call("DELETE", f"/services/{service}")
    for resource in (staff, room):
        call("DELETE", f"/resources/{resource}")
    print("appointment cancelled; service, staff and room deactivated")


if __name__ == "__main__":
    start(book)
