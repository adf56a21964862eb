"""A receiver that verifies webhooks with the library of Standard Webhooks, before and after a rotation of the secret."""

import json
import os
import queue
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhooks = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        webhooks.put((body, {name.lower(): value for name, value in self.headers.items()}))

    def log_message(self, *_):
        pass


def call(method, path, body=None):
    request = urllib.request.Request(
        f"{os.environ['CHATGROW_URL']}/api/webhooks{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-API-Key": os.environ["CHATGROW_API_KEY"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def received(email):
    call("POST", "/customers", {"name": "Dana", "email": email})
    return webhooks.get(timeout=10)


def verify(webhook, secret, email):
    body, headers = webhook
    change = Webhook(secret).verify(body, headers) or json.loads(body)
    assert (change["type"], change["data"]["object"]["email"]) == ("customer.created", email), change


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
made = call("POST", "/webhook-endpoints", {"url": url, "types": ["customer.created"]})["webhookEndpoint"]

first, second = "first@webhooks-python.example", "second@webhooks-python.example"
verify(received(first), made["secret"], first)
rotated = call("POST", f"/webhook-endpoints/{made['id']}/rotate-secret", {})["webhookEndpoint"]
webhook = received(second)
for secret in (made["secret"], rotated["secret"]):
    verify(webhook, secret, second)

try:
    Webhook(rotated["secret"]).verify(webhook[0] + b" ", webhook[1])
except WebhookVerificationError:
    pass
else:
    raise AssertionError("a forged webhook is taken for one of ours")
call("DELETE", f"/webhook-endpoints/{made['id']}")
print("PyPI standardwebhooks: verified, before and after a rotation")
