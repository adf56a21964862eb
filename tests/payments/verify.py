"""Payments at localstripe, by Stripe's own library: localstripe's webhooks confirm the bookings that they name. Stripe's library signs the
notices that localstripe doesn't send."""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

import stripe

URL, KEY = os.environ["CHATGROW_URL"], os.environ["CHATGROW_API_KEY"]
HERE = pathlib.Path(__file__).parent


def send(url, body, headers):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def call(path, body=None):
    return send(f"{URL}/api/webhooks{path}", body and json.dumps(body).encode(), {"X-API-Key": KEY})


def book(time_of_day, email):
    body = {
        "customer": {"name": "Dana", "email": email}, "date": "2031-03-03", "time": time_of_day, "duration": 5,
        "serviceType": "treatment", "payment": {"amount": 250, "deposit": 50, "currency": "EUR"},
    }
    return call("/appointments", body)["appointment"]["id"]


def await_notice(source, outcome):
    """Waits until localstripe's notice has come: it sends one second later."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        notices = call(f"/payment-sources/{source}/notices")["notices"]
        if notices and notices[0]["type"] == outcome:
            return notices[0]
        time.sleep(0.05)
    sys.exit(f"no {outcome} has come")


source = call("/payment-sources", {"kind": "stripe", "name": "Stripe for Python", "secret": "whsec_of_localstripe"})["paymentSource"]
server = subprocess.Popen([sys.executable, HERE / "localstripe_server.py"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
try:
    local = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    webhook = {"url": URL + source["path"], "secret": "whsec_of_localstripe"}
    with urllib.request.urlopen(urllib.request.Request(
        f"{local}/_config/webhooks/chatgrow", json.dumps(webhook).encode(), {"Content-Type": "application/json"},
    )) as answer:
        assert answer.status == 200

    client = stripe.StripeClient("sk_test_12345", base_addresses={"api": local})

    def pay(number, booking):
        card = {"number": number, "exp_month": 12, "exp_year": 2035, "cvc": "123"}
        method = client.v1.payment_methods.create({"type": "card", "card": card})
        try:
            return client.v1.payment_intents.create({
                "amount": 5000, "currency": "eur", "payment_method": method.id, "confirm": True, "metadata": {"chatgrow_id": booking},
            })
        except stripe.CardError as error:
            return error.error.payment_intent

    paid, unpaid = book("11:00", "stripe-python@example.com"), book("11:30", "unpaid-python@example.com")
    intent = pay("4242424242424242", paid)
    notice = await_notice(source["id"], "payment_intent.succeeded")
    assert notice["outcome"] == "recorded", notice
    booking = call(f"/appointments/{paid}")["appointment"]
    assert (booking["status"], booking["payment"]["status"]) == ("confirmed", "deposit_paid"), booking

    # A card that is declined when it is charged.
    pay("4000000000000341", unpaid)
    notice = await_notice(source["id"], "payment_intent.payment_failed")
    booking = call(f"/appointments/{unpaid}")["appointment"]
    assert (booking["status"], booking["payment"]["status"]) == ("pending", "unpaid"), booking

    # localstripe makes refunds, and tells nobody. So Stripe's library signs what Stripe would send.
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})
    event = {"id": "evt_python_1", "object": "event", "type": "refund.created", "created": int(time.time()), "data": {"object": refund.to_dict()}}
    payload, seconds = json.dumps(event), int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{seconds}.{payload}", "whsec_of_localstripe")
    answer = send(URL + source["path"], payload.encode(), {"Stripe-Signature": f"t={seconds},v1={signature}"})
    assert answer["outcome"] == "taken", answer
    booking = call(f"/appointments/{paid}")["appointment"]
    assert (booking["payment"]["status"], booking["payment"]["refunded"]) == ("partially_refunded", 20), booking
    entries = call(f"/payments?appointmentId={paid}")["payments"]
    assert [entry["externalId"] for entry in entries] == [intent.id, refund.id], entries
    print("localstripe and Stripe's library for Python: paid, failed, refunded")
finally:
    server.terminate()
    server.wait()
