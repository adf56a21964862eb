#!/usr/bin/env python3
"""Is told of changes by webhooks, and reads them from the feed, with the ChatGrow API. Python 3.9 or later, standard
library only.

    CHATGROW_API_KEY=cg_live_... python3 webhooks.py

The receiver is at 127.0.0.1, over plain http. So the server runs on the same machine, with WEBHOOK_ALLOW_HTTP=true and
WEBHOOK_ALLOW_CIDRS=127.0.0.0/8. A receiver in earnest has a public address and https.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlencode

from client import RUN, call, check, start

TOLERANCE_S = 300  # an older webhook may be one that somebody has recorded


def verify(secret, headers, body, now=None):
    """Whether a webhook is the server's: Standard Webhooks, as its libraries do it."""
    webhook_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp", "")
    if not webhook_id or not timestamp.isdecimal() or abs((now or time.time()) - int(timestamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    # While a secret is rotated there are two signatures.
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(signature.encode(), expected.encode()) for signature in given)


class Receiver(ThreadingHTTPServer):
    """A receiver. `changes` is what it was told, each once."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.secret, self.changes, self.webhooks, self.lock = None, {}, 0, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def find(self, kind, subject):
        with self.lock:
            changes = self.changes.values()
            return next((c for c in changes if c["type"] == kind and c["subject"]["id"] == subject), None)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        # The signature is that of the bytes. JSON that was parsed and written again has other ones.
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_genuine = verify(self.server.secret, self.headers, body)
        if is_genuine:
            with self.server.lock:
                self.server.webhooks += 1
                # Keep this in your database, in the transaction of what you do about the change.
                self.server.changes.setdefault(self.headers["webhook-id"], json.loads(body))
        self.send_response(204 if is_genuine else 400)
        self.end_headers()

    def log_message(self, *args):
        pass


def until(condition, what):
    """What the condition returns, as soon as it is something."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise RuntimeError(f"nothing came: {what}")


def follow(cursor, subject):
    """Every change of a resource after the cursor, and the cursor after them."""
    changes, more = [], True
    while more:
        _, page = call("GET", "/changes?" + urlencode({"after": cursor, "subject": subject}))
        changes += page["changes"]
        # A page may have no changes although there are more.
        cursor, more = page["nextCursor"], page["hasMore"]
    return changes, cursor


def webhooks():
    receiver = Receiver()
    begin = call("GET", "/changes?after=now")[1]["nextCursor"]
    wanted = {
        "url": f"http://127.0.0.1:{receiver.server_port}/chatgrow",
        "types": ["customer.*"],
        "description": f"webhooks.py {RUN}",
    }
    endpoint = call("POST", "/webhook-endpoints", wanted)[1]["webhookEndpoint"]
    receiver.secret = endpoint["secret"]  # shown only now: keep it
    path = f"/webhook-endpoints/{endpoint['id']}"
    print(f"endpoint created: {endpoint['id']}")

    attempt = call("POST", f"{path}/test")[1]["attempt"]
    check(attempt["succeeded"] and attempt["status"] == 204, "the receiver takes the test in")
    print(f"test sent: answered {attempt['status']}")

    email = f"webhooks+{RUN}@example.com"
    customer_path = "/customers/" + quote(email)
    customer = call("PUT", customer_path, {"name": "נועה לוי"})[1]["customer"]
    created = until(lambda: receiver.find("customer.created", customer["id"]), "the new customer")
    check(created["data"]["object"]["email"] == email, "the customer as GET shows it")
    check(created["data"]["previous"] is None, "nothing before it")
    print(f"webhook received: {created['id']}, {created['type']}")

    call("PATCH", customer_path, {"notes": "VIP"})
    updated = until(lambda: receiver.find("customer.updated", customer["id"]), "the change of the customer")
    data = updated["data"]
    check(data["previous"]["notes"] is None and data["object"]["notes"] == "VIP", "what was different")
    print(f"webhook received: {updated['id']}, {updated['type']}")

    # The same webhook once more: the id tells that it is known.
    known, told = len(receiver.changes), receiver.webhooks
    call("POST", f"{path}/deliveries/{created['id']}/retry")
    until(lambda: receiver.webhooks > told, "the repetition")
    check(len(receiver.changes) == known, "a repetition is told by its id")
    print("webhook sent again: known by its id")

    # The feed has the same changes, with the same ids.
    changes, cursor = follow(begin, customer["id"])
    check([change["id"] for change in changes] == [created["id"], updated["id"]], "the same changes")
    check(follow(cursor, customer["id"])[0] == [], "nothing after the last cursor")
    actor = changes[0]["actor"]
    print(f"feed read: {len(changes)} changes of the customer, by {actor['type']} {actor['id']}")

    call("DELETE", path)
    receiver.shutdown()
    print("endpoint removed")


if __name__ == "__main__":
    start(webhooks)
