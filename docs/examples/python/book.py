#!/usr/bin/env python3
"""Finds a slot, holds it and books it, with the ChatGrow API. Python 3.9 or later, standard library only.

    CHATGROW_API_KEY=cg_live_... python3 book.py
"""

import http.client
import itertools
import json
import os
import secrets
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

API_KEY = os.environ.get("CHATGROW_API_KEY")
BASE = (os.environ.get("CHATGROW_URL") or "http://localhost:3000").rstrip("/") + "/api/webhooks"

# A little over the server's own limit (REQUEST_TIMEOUT_MS, 30 s): its answer says more than our hanging up.
TIMEOUT_S = 35
MAX_TRIES = 4
# Told to wait longer than this, we give up: coming back sooner would only be refused again.
MAX_WAIT_S = 120

RUN = secrets.token_hex(6)
request_numbers = itertools.count(1)


class ApiError(Exception):
    """The API's error envelope."""

    def __init__(self, status, code, message, request_id, next_free=()):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.next_free = next_free


class NoRedirect(HTTPRedirectHandler):
    """The API never redirects, and following one would hand the key to another host."""

    def redirect_request(self, *args, **kwargs):
        return None


opener = build_opener(NoRedirect)


def call(method, path, body=None, key=None):
    """Send one request; return (status, answer) or raise ApiError."""
    # One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often it
    # arrives; as X-Request-Id it shows the tries together in the server's log. It holds no personal data.
    request_id = f"book-{RUN}-{next(request_numbers)}"
    headers = {"X-API-Key": API_KEY, "X-Request-Id": request_id, "Idempotency-Key": key or request_id}
    payload = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        payload = json.dumps(body).encode()

    for attempt in itertools.count(1):
        request = Request(BASE + path, data=payload, headers=headers, method=method)
        # 429: turned away before anything was done. 503, or no answer at all: done whole or not at all. The key tells
        # the server which, so any method may be repeated.
        try:
            try:
                response = opener.open(request, timeout=TIMEOUT_S)
            except HTTPError as error:
                response = error  # urllib raises every 4xx and 5xx; it is still an answer
            with response:
                status, answer = response.status, parse(response.read())
        except (OSError, http.client.HTTPException):
            if attempt == MAX_TRIES:
                raise
            time.sleep(1)
            continue
        if status < 300 and answer:
            return status, answer

        repeatable = status in (429, 503)
        wait = response.headers.get("Retry-After", "1")
        if not repeatable or attempt == MAX_TRIES or not wait.isdecimal() or int(wait) > MAX_WAIT_S:
            raise ApiError(
                status,
                # Something between us and the API may answer without the envelope.
                answer.get("error", f"HTTP_{status}"),
                answer.get("message", "the answer is not from the API"),
                response.headers.get("X-Request-Id", request_id),
                answer.get("nextFree", ()),
            )
        time.sleep(int(wait))


def parse(raw):
    try:
        # Prices are exact on the server; Decimal keeps them exact here.
        answer = json.loads(raw, parse_float=Decimal)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def check(condition, what):
    # Not `assert`, which `python3 -O` leaves out.
    if not condition:
        raise RuntimeError(f"not as expected: {what}")


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


def main():
    if not API_KEY:
        sys.exit("CHATGROW_API_KEY is not set")  # a text goes to stderr, with exit code 1
    # Status, code and request id are enough to find the request in the server's log; bodies and paths may hold
    # personal data, so they stay out of ours.
    try:
        book()
    except ApiError as error:
        sys.exit(f"booking failed: {error.status} {error.code}: {error.message} (request {error.request_id})")
    except (RuntimeError, OSError, http.client.HTTPException) as error:  # urllib's network errors are OSErrors
        sys.exit(f"booking failed: {error}")


if __name__ == "__main__":
    main()
