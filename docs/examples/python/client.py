"""A client of the ChatGrow API, for the programs beside it. Python 3.9 or later, standard library only."""

import http.client
import itertools
import json
import os
import secrets
import sys
import time
from decimal import Decimal
from pathlib import Path
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

PROGRAM = Path(sys.argv[0]).stem
# Tells this run's data from others'.
RUN = secrets.token_hex(6)
request_numbers = itertools.count(1)


class ApiError(Exception):
    """The API's error envelope."""

    def __init__(self, status, code, message, request_id, details=(), next_free=()):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.details = details
        self.next_free = next_free


class NoRedirect(HTTPRedirectHandler):
    """The API never redirects, and following one would hand the key to another host."""

    def redirect_request(self, *args, **kwargs):
        return None


opener = build_opener(NoRedirect)


def call(method, path, body=None, key=None):
    """Send one request; return (status, answer) or raise ApiError. `key` is the Idempotency-Key, if the caller keeps one."""
    # One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often it
    # arrives; as X-Request-Id it shows the tries together in the server's log. It holds no personal data.
    request_id = f"{PROGRAM}-{RUN}-{next(request_numbers)}"
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
                answer.get("details", ()),
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


def list_all(path, key, **query):
    """Yield every item of a list, page after page: the cursor is opaque, and null on the last page."""
    while True:
        _, page = call("GET", f"{path}?{urlencode(query)}")
        yield from page[key]
        if page["nextCursor"] is None:
            return
        query["cursor"] = page["nextCursor"]


def check(condition, what):
    # Not `assert`, which `python3 -O` leaves out.
    if not condition:
        raise RuntimeError(f"not as expected: {what}")


def start(program):
    """Run the program, and tell how it failed."""
    if not API_KEY:
        sys.exit("CHATGROW_API_KEY is not set")  # a text goes to stderr, with exit code 1
    # Status, code and request id are enough to find the request in the server's log; bodies and paths may hold
    # personal data, so they stay out of ours.
    try:
        program()
    except ApiError as error:
        sys.exit(f"{PROGRAM} failed: {error.status} {error.code}: {error.message} (request {error.request_id})")
    except (RuntimeError, OSError, http.client.HTTPException) as error:  # urllib's network errors are OSErrors
        sys.exit(f"{PROGRAM} failed: {error}")
