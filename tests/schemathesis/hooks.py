"""What the OpenAPI document can't say about data that should be accepted: how one value hangs on another.

- A cursor is whatever an earlier answer gave: left out.
- The e-mail address in the body of a PUT is the one in its path: left out.
- An Idempotency-Key names one request: each has its own.
- An If-Match holds what was read: left out.
- A registration is for a customer who exists: there is one. (Otherwise the 404 for the customer is taken for the event.)
- A price has at most two decimals (`multipleOf` can't say that of binary fractions): it is rounded.
- Opening hours don't overlap, close after they open, and a closed date has no times: there is one rule at most, mended.
- A time zone and a currency exist, a currency has a price, and a service needs resources that are there: `needs` is left out.
- A booking and a hold have what they need, and name no service, resource or hold: these would have to be there.
- The answer of a dry run is not in the document: `dryRun` is left out.
- The key of the test's own calls must last: another one stands in for it, which is new. A key expires in the
  future, and its addresses are some.
- A search has ten words at most.
- A block ends after it begins, and a search has dates in order and a duration: they are set.
- A position in the feed is whatever an earlier answer gave, an actor is somebody who is there, types are some of those that there
  are, and nobody waits for changes: left out.
- An amount is more than 0, and has as many decimals as its currency: all are in one currency. A deposit is left out, because it is
  at most the amount.
- A payment names no booking, or one, and a person can only say that nobody has to look at it.
- A payment source is described if and only if it is of the kind `hmac`, and its secret is one of Standard Webhooks, which all kinds take.
- A webhook endpoint has a URL that may be called, and types that there are.
- Free texts have no control characters (a pattern that says so is not portable), names and titles are not blank, and a phone number
  has a digit: what was generated is mended.

Data that is meant to be refused stays as it was generated.
"""

import json
import os
import unicodedata
import urllib.request
import uuid

import schemathesis
from schemathesis import GenerationMode

CUSTOMER = "schemathesis@example.com"


def mended(field, text):
    """The text as the API takes it."""
    if field in ("notes", "description", "reason"):
        return text.replace("\0", "")
    text = "".join(character for character in text if unicodedata.category(character) != "Cc")
    if field in ("name", "title") and not text.strip():
        return "x"
    if field == "phone" and text.strip() and not any(digit in text for digit in "0123456789"):
        return "0" + text[1:]
    return text


def call(method, path, body=None):
    request = urllib.request.Request(
        f"{os.environ['CHATGROW_URL']}/api/webhooks{path}",
        method=method,
        data=body and json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "X-API-Key": os.environ["CHATGROW_API_KEY"]},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


# The server is new, so this key is the only one.
OWN_KEY = call("GET", "/api-keys")["apiKeys"][0]["id"]


def ensure_customer():
    call("PUT", f"/customers/{CUSTOMER}", {"name": "Schemathesis"})


def spare_own_key(case):
    if isinstance(case.path_parameters, dict) and case.path_parameters.get("id") == OWN_KEY:
        case.path_parameters["id"] = call("POST", "/api-keys", {"name": "stand-in"})["apiKey"]["id"]


def mend_hours(body):
    """One rule of each kind at most, which is valid."""
    if isinstance(body.get("weekly"), list):
        body["weekly"] = body["weekly"][:1]
        for rule in body["weekly"]:
            rule["closes"] = "48:00"
            rule.pop("validUntil", None)
    if isinstance(body.get("exceptions"), list):
        body["exceptions"] = [{"date": rule["date"], "closed": True} for rule in body["exceptions"][:1]]


def mend_service(body):
    body.pop("needs", None)
    if isinstance(body.get("currency"), str):
        if body.get("price") is None:
            body.pop("currency")
        else:
            body["currency"] = "ILS"


def mend_slot(body):
    for field in ("serviceId", "resourceIds", "holdId", "customer"):
        body.pop(field, None)
    for field, value in (("date", "2030-06-11"), ("time", "10:00"), ("serviceType", "lesson")):
        if body.get(field) is None:
            body[field] = value


def mend_money(body):
    """Amounts in shekels; the terms of a booking in `payment`."""
    if isinstance(body.get("payment"), dict):
        body["payment"].pop("deposit", None)
        mend_money(body["payment"])
    if isinstance(body.get("amount"), (int, float)):
        body["amount"] = max(0.01, round(min(body["amount"], 999_999_999), 2))
        if "currency" in body:
            body["currency"] = "ILS"


def mend_payment(body):
    for field in ("kind", "paymentExternalId", "registrationId"):
        body.pop(field, None)
    if isinstance(body.get("externalId"), str):
        body["externalId"] = mended("name", body["externalId"])
    if "needsAttention" in body:
        body["needsAttention"] = False


def mend_source(body):
    hmac = body.get("hmac")
    if "kind" not in body or not isinstance(hmac, dict):
        body.pop("hmac", None)
        if body.get("kind") == "hmac":
            body["kind"] = "stripe"
    else:
        body["kind"] = "hmac"
        hmac["currency"] = "ILS"
        for field in ("eventId", "type", "reference", "externalId", "refundId", "amount"):
            if isinstance(hmac.get(field), str):
                hmac[field] = mended("name", hmac[field])
        for field in ("succeeded", "failed", "refunded"):
            if isinstance(hmac.get(field), list):
                hmac[field] = [f"{field} {number}" for number, _ in enumerate(hmac[field])]
    if "kind" in body and not body.get("provider"):
        body["provider"] = "grow"
    if isinstance(body.get("secret"), str):
        body["secret"] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def mend_block(body):
    body.pop("resourceId", None)
    body["from"], body["until"] = "2030-06-11", "2030-06-12T12:00"


def mend_search(query):
    for field in ("serviceId", "resourceId"):
        query.pop(field, None)
    query["from"] = query["to"] = "2030-06-11"


def is_valid(case):
    """Whether the data should be accepted. The document's own examples say nothing of it."""
    return case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE


@schemathesis.hook
def map_case(context, case):
    # The header fields are judged as they are now, so later would be too late for them.
    if case.meta is not None and is_valid(case) and case.headers:
        case.headers.pop("If-Match", None)
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = str(uuid.uuid4())
    return case


# Before the call, so that it mends the document's examples as well, and what links have added: an id of something that may have been
# deactivated since.
@schemathesis.hook
def before_call(context, case, kwargs):
    spare_own_key(case)
    if not is_valid(case):
        return
    if case.path.endswith(("/availability", "/busy")) and not isinstance(case.query, dict):
        case.query = {}
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
        case.query.pop("dryRun", None)
        if case.path.endswith("/changes"):
            for field in ("after", "types", "actor", "wait"):
                case.query.pop(field, None)
        if isinstance(case.query.get("search"), str):
            case.query["search"] = " ".join(mended("name", case.query["search"]).split()[:10])
        if case.path.endswith("/payments"):
            case.query.pop("registrationId", None)
        if case.path.endswith(("/availability", "/busy")):
            mend_search(case.query)
        if case.path.endswith("/availability"):
            case.query["duration"] = 60
    if isinstance(case.body, dict):
        for field in ("name", "title", "location", "phone", "notes", "description", "reason"):
            if isinstance(case.body.get(field), str):
                case.body[field] = mended(field, case.body[field])
        if isinstance(case.body.get("price"), float):
            case.body["price"] = round(case.body["price"], 2)
        mend_hours(case.body)
        if case.body.get("allowedAddresses"):
            case.body["allowedAddresses"] = ["192.0.2.0/24", "::1"]
        if "expiresAt" in case.body:
            case.body["expiresAt"] = "2999-01-01T00:00:00Z"
        if "/webhook-endpoints" in case.path:
            if isinstance(case.body.get("description"), str):
                case.body["description"] = mended("name", case.body["description"])
            if "url" in case.body:
                case.body["url"] = "https://example.com/hook"
            if "types" in case.body:
                case.body["types"] = ["customer.*"]
            if "since" in case.body:
                case.body["since"] = "2026-01-01T00:00:00Z"
        mend_money(case.body)
        if "/payments" in case.path:
            mend_payment(case.body)
        if "/payment-sources" in case.path:
            mend_source(case.body)
        if "/services" in case.path:
            mend_service(case.body)
        if case.path.endswith("/schedule"):
            case.body["timeZone"] = "Asia/Jerusalem"
        if case.path.endswith("/holds"):
            mend_slot(case.body)
        if case.path.endswith("/blocks"):
            mend_block(case.body)
        if case.path.endswith("/appointments"):
            ensure_customer()
            mend_slot(case.body)
            case.body["customerEmail"] = CUSTOMER
        if "/appointments/" in case.path:
            case.body.pop("resourceIds", None)
        if case.method.upper() == "PUT":
            case.body.pop("email", None)
        if case.path.endswith("/registrations"):
            ensure_customer()
            case.body["customerEmail"] = CUSTOMER
