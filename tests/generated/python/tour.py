"""The tour of docs/examples by the Python client that openapi-python-client makes of the document (package `chatgrow`).

Everything goes through the typed client, each operation at least once.
"""

import datetime
import os
import secrets
from typing import Any, TypeVar

from chatgrow.api.appointments import (
    book_appointment,
    cancel_appointment,
    get_appointment,
    list_appointments,
    update_appointment,
)
from chatgrow.api.customers import create_customer, get_customer, list_customers, put_customer, update_customer
from chatgrow.api.events import create_event, get_event, list_events, update_event
from chatgrow.api.payments import get_payment, list_payments, record_payment, record_refund, update_payment
from chatgrow.api.registrations import (
    cancel_registration,
    get_registration,
    list_customer_registrations,
    list_registrations,
    register_for_event,
)
from chatgrow.client import AuthenticatedClient
from chatgrow.models import (
    AppointmentList,
    AppointmentResponse,
    AppointmentStatus,
    BookAppointment,
    Cancellation,
    CreateCustomer,
    CreateEvent,
    Customer,
    CustomerList,
    CustomerResponse,
    EditAppointment,
    EditCustomer,
    EditEvent,
    EditPayment,
    ErrorCode,
    ErrorResponse,
    EventList,
    EventResponse,
    EventStatus,
    PaymentList,
    PaymentResponse,
    PaymentStatus,
    PutCustomer,
    RecordPayment,
    RefundPayment,
    Register,
    RegistrationList,
    RegistrationResponse,
    ServiceType,
)
from chatgrow.types import UNSET, Response, Unset

URL = os.environ["CHATGROW_URL"]
RUN = secrets.token_hex(6)
DAY = datetime.date(2030 + int(RUN[:2], 16) % 60, 2, 4)  # of its own, so that runs do not meet


def client_with(key: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=URL, token=key, prefix="", auth_header_name="X-API-Key")


T = TypeVar("T")

client = client_with(os.environ["CHATGROW_API_KEY"])


def check(condition: bool, what: str) -> None:
    # Not `assert`, which `python3 -O` leaves out.
    if not condition:
        raise RuntimeError(f"not as expected: {what}")


def ok(status: int, kind: type[T], response: Response[Any]) -> T:
    """What a request that must succeed with `status` answered."""
    answer = response.parsed
    if response.status_code != status or not isinstance(answer, kind):
        raise RuntimeError(f"not as expected: {response.status_code} {answer}, and not {status}")
    return answer


def refused(status: int, code: ErrorCode, response: Response[Any]) -> ErrorResponse:
    """What a request that must be refused with `status` and `code` answered."""
    answer = response.parsed
    if response.status_code != status or not isinstance(answer, ErrorResponse) or answer.error is not code:
        raise RuntimeError(f"not as expected: {response.status_code} {answer}, and not {status} {code}")
    check(answer.success is False and answer.message != "", "the error envelope")
    return answer


def customers(email: str) -> Customer:
    put = PutCustomer(name="נועה לוי", phone="050-0000000")
    customer = ok(201, CustomerResponse, put_customer.sync_detailed(email, client=client, body=put)).customer
    check((customer.email, customer.name, customer.notes) == (email, put.name, None), "the customer as sent")
    second = CreateCustomer(email=f"second-{email}", name="Second")
    ok(201, CustomerResponse, create_customer.sync_detailed(client=client, body=second))
    refused(409, ErrorCode.CUSTOMER_EXISTS, create_customer.sync_detailed(client=client, body=second))

    response = get_customer.sync_detailed(email, client=client)
    check(ok(200, CustomerResponse, response).customer == customer, "the same customer")
    # The entity tag of what was read is good for one change.
    tag, edit = response.headers["ETag"], EditCustomer(notes="VIP")
    edited = update_customer.sync_detailed(email, client=client, body=edit, if_match=tag)
    customer = ok(200, CustomerResponse, edited).customer
    check((customer.notes, customer.phone) == ("VIP", "050-0000000"), "only the notes have changed")
    edited = update_customer.sync_detailed(email, client=client, body=edit, if_match=tag)
    refused(412, ErrorCode.VERSION_MISMATCH, edited)

    nobody = refused(404, ErrorCode.NOT_FOUND, get_customer.sync_detailed(f"nobody-{email}", client=client))
    check(nobody.resource == "customer", "what was not found")
    found = ok(200, CustomerList, list_customers.sync_detailed(client=client, email=email))
    check(found.customers == [customer] and found.count == 1 and found.next_cursor is None, "the one of this address")
    recent = list_customers.sync_detailed(client=client, updated_since=customer.updated_at, limit=500)
    check(customer in ok(200, CustomerList, recent).customers, "the changed customer")
    return customer


def appointments(customer: Customer) -> None:
    visit = BookAppointment(
        customer_email=customer.email, service_type=ServiceType.CONSULTATION, date=DAY, time="10:00", duration=45
    )

    # What no type can rule out is refused by the server, with every bad field.
    bad = BookAppointment(
        customer_email=customer.email, service_type=ServiceType.CONSULTATION, date=DAY, time="25:00", duration=0
    )
    invalid = refused(400, ErrorCode.VALIDATION_ERROR, book_appointment.sync_detailed(client=client, body=bad))
    check({detail.field for detail in invalid.details or []} == {"time", "duration"}, "both bad fields")

    key = f"tour-{RUN}"
    booked = book_appointment.sync_detailed(client=client, body=visit, idempotency_key=key)
    appointment = ok(201, AppointmentResponse, booked).appointment
    check(appointment.status is AppointmentStatus.CONFIRMED, "a confirmed appointment")
    check(appointment.service_type is ServiceType.CONSULTATION, "a consultation")
    check((appointment.date.date(), appointment.time, appointment.duration) == (DAY, "10:00", 45), "the slot as sent")
    check(appointment.customer_id == customer.id, "the customer as sent")
    booked = book_appointment.sync_detailed(client=client, body=visit, idempotency_key=key)
    check(ok(201, AppointmentResponse, booked).appointment == appointment, "repeated with its key: the same one")
    refused(409, ErrorCode.TIME_CONFLICT, book_appointment.sync_detailed(client=client, body=visit))
    unknown = BookAppointment(
        customer_email=f"nobody-{customer.email}", service_type=ServiceType.OTHER, date=DAY, time="12:00"
    )
    refused(404, ErrorCode.NOT_FOUND, book_appointment.sync_detailed(client=client, body=unknown))

    move = EditAppointment(time="11:00", notes="moved")
    updated = update_appointment.sync_detailed(appointment.id, client=client, body=move)
    moved = ok(200, AppointmentResponse, updated).appointment
    check((moved.id, moved.time, moved.notes) == (appointment.id, "11:00", "moved"), "the appointment at its new time")
    second = ok(201, AppointmentResponse, book_appointment.sync_detailed(client=client, body=visit)).appointment

    # One item a page, to see the cursor at work.
    listed: list[str] = []
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        page = list_appointments.sync_detailed(
            client=client,
            customer_email=customer.email,
            from_=DAY,
            to=DAY,
            status=AppointmentStatus.CONFIRMED,
            updated_since=appointment.created_at,
            limit=1,
            cursor=cursor,
        )
        answer = ok(200, AppointmentList, page)
        listed += [each.id for each in answer.appointments]
        cursor = answer.next_cursor
    check(listed == [second.id, appointment.id], "both appointments, by time")

    for item in listed:
        ok(200, Cancellation, cancel_appointment.sync_detailed(item, client=client))
        after = ok(200, AppointmentResponse, get_appointment.sync_detailed(item, client=client)).appointment
        check(after.status is AppointmentStatus.CANCELLED, "a cancelled appointment")
    updated = update_appointment.sync_detailed(appointment.id, client=client, body=EditAppointment(time="12:00"))
    refused(409, ErrorCode.APPOINTMENT_CANCELLED, updated)


def money() -> None:
    """Exact to the cent, there and back again: a 32-bit float would fail with all but the last."""
    for price in (149.9, 0.1, 999_999_999.99, 150):
        body = CreateEvent(title="Money", date=DAY, time="09:00", price=price)
        event = ok(201, EventResponse, create_event.sync_detailed(client=client, body=body)).event
        check(event.price == price, f"the price of the answer: {event.price}, and not {price}")
        read = ok(200, EventResponse, get_event.sync_detailed(event.id, client=client)).event.price
        check(read == price, f"the price read back: {read}, and not {price}")
        # Cleared in between, so that the price after it is the one that is sent back here.
        cleared = update_event.sync_detailed(event.id, client=client, body=EditEvent(price=None))
        check(ok(200, EventResponse, cleared).event.price is None, "no price")
        ok(200, EventResponse, update_event.sync_detailed(event.id, client=client, body=EditEvent(price=read)))
        again = ok(200, EventResponse, get_event.sync_detailed(event.id, client=client)).event.price
        check(again == price, f"the price sent back: {again}, and not {price}")


def events(customer: Customer) -> None:
    workshop = CreateEvent(title="סדנת היכרות", date=DAY, time="18:30", max_participants=1)
    event = ok(201, EventResponse, create_event.sync_detailed(client=client, body=workshop)).event
    check(event.status is EventStatus.EVENT_ACTIVE and event.current_participants == 0, "an active, empty event")
    check(event.price is None and event.title == workshop.title, "the event as sent")
    page = list_events.sync_detailed(client=client, from_=DAY, to=DAY, status=EventStatus.EVENT_ACTIVE, limit=500)
    check(event in ok(200, EventList, page).events, "the event in the list")

    place = Register(customer_email=customer.email)
    registered = register_for_event.sync_detailed(event.id, client=client, body=place)
    registration = ok(201, RegistrationResponse, registered).registration
    check((registration.event_id, registration.customer_id) == (event.id, customer.id), "a registration of the customer")
    registered = register_for_event.sync_detailed(event.id, client=client, body=place)
    refused(409, ErrorCode.ALREADY_REGISTERED, registered)
    late = Register(customer_email=f"second-{customer.email}")
    refused(409, ErrorCode.EVENT_FULL, register_for_event.sync_detailed(event.id, client=client, body=late))

    of_event = ok(200, RegistrationList, list_registrations.sync_detailed(event.id, client=client))
    check(of_event.registrations == [registration], "the event's one registration")
    of_customer = list_customer_registrations.sync_detailed(customer.email, client=client)
    check(ok(200, RegistrationList, of_customer).registrations == [registration], "the customer's one registration")

    read = get_registration.sync_detailed(event.id, registration.id, client=client)
    check(ok(200, RegistrationResponse, read).registration.customer_name == customer.name, "the registration")
    ok(200, Cancellation, cancel_registration.sync_detailed(event.id, registration.id, client=client))
    refused(404, ErrorCode.NOT_FOUND, get_registration.sync_detailed(event.id, registration.id, client=client))
    after = ok(200, EventResponse, get_event.sync_detailed(event.id, client=client)).event
    check(after.current_participants == 0, "the place is free again")

    done = update_event.sync_detailed(event.id, client=client, body=EditEvent(status=EventStatus.EVENT_COMPLETED))
    check(ok(200, EventResponse, done).event.status is EventStatus.EVENT_COMPLETED, "a completed event")


def payments(customer: Customer) -> None:
    visit = BookAppointment(
        customer_email=customer.email, service_type=ServiceType.CONSULTATION, date=DAY, time="15:00", duration=45
    )
    booked = ok(201, AppointmentResponse, book_appointment.sync_detailed(client=client, body=visit)).appointment
    paid = RecordPayment(provider="cash", external_id=f"python-{RUN}", amount=49.9, currency="ILS")
    payment = ok(201, PaymentResponse, record_payment.sync_detailed(client=client, body=paid)).payment
    check(payment.amount == 49.9 and payment.status is PaymentStatus.PAYMENT_SUCCEEDED, "the payment as sent")
    again = ok(200, PaymentResponse, record_payment.sync_detailed(client=client, body=paid)).payment
    check(again == payment, "told again: the same one")
    waiting = ok(200, PaymentList, list_payments.sync_detailed(client=client, needs_attention=True, limit=500))
    check(payment in waiting.payments, "it names no booking")
    edit = EditPayment(appointment_id=booked.id)
    matched = ok(200, PaymentResponse, update_payment.sync_detailed(payment.id, client=client, body=edit)).payment
    check(matched.appointment_id == booked.id and matched.attention is None, "matched with its booking")
    refund = RefundPayment(external_id=f"python-{RUN}-refund", amount=9.9)
    ok(201, PaymentResponse, record_refund.sync_detailed(payment.id, client=client, body=refund))
    after = ok(200, PaymentResponse, get_payment.sync_detailed(payment.id, client=client)).payment
    check(after.refunded == 9.9, "a part is given back")
    shown = ok(200, AppointmentResponse, get_appointment.sync_detailed(booked.id, client=client)).appointment
    check(shown.payment.paid == 49.9 and shown.payment.refunded == 9.9, "the appointment shows it")
    too_much = RefundPayment(external_id=f"python-{RUN}-more", amount=40.01)
    refused(409, ErrorCode.REFUND_TOO_LARGE, record_refund.sync_detailed(payment.id, client=client, body=too_much))


stranger = list_customers.sync_detailed(client=client_with("cg_live_wrong"))
refused(401, ErrorCode.AUTHENTICATION_FAILED, stranger)
# The plus sign is legal in an address: the client must encode it.
the_customer = customers(f"python+{RUN}@example.com")
appointments(the_customer)
money()
events(the_customer)
payments(the_customer)
print("python: the tour is done")
