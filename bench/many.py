"""The rows of a database with many accounts, each with its customers and its history.

Appointment i belongs to account i % ACCOUNTS, as bookings of many businesses come in turns. Its slot follows the rule of src/slots.rs within its
account. Ids begin with the time, as those of the server do, so rows lie on the disk as they would if the server had written them.
"""

import hashlib
import json
import struct
import time
import zlib

ACCOUNTS = 1_000
# A thousand accounts with twenty appointments a day each make ten million of them in this time. Changes are kept for thirty days of it.
DAYS, KEPT = 500, 30

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FIRST_MINUTE, PERIOD = 15_778_080, 120


def base62(data, width):
    number, digits = int.from_bytes(data, "big"), ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def key(account):
    """The API key of an account. Its form is that of crates/domain/src/access/plain_api_key.rs."""
    secret = "cg_live_" + base62(hashlib.sha256(b"bench %d" % account).digest(), 43)
    return secret + base62(struct.pack(">I", zlib.crc32(secret.encode())), 6)


def customers_of_each(appointments):
    """Ten appointments for each customer."""
    return max(appointments // ACCOUNTS // 10, 1)


def tables(appointments):
    """For each table its name, its columns and its rows, in an order in which what is referred to comes first."""
    customers = customers_of_each(appointments)
    end = int(time.time()) - 3600
    first = end - DAYS * 86_400
    owner = lambda account: struct.pack(">IQ", first - 86_400, account)
    customer_id = lambda account, number: struct.pack(">IQ", first - 80_000 + number, account << 32 | number)
    # A multiplication by an odd number takes no value twice.
    made_at = lambda i: first * 1000 + i * DAYS * 86_400_000 // appointments
    appointment_id = lambda i: struct.pack(">IQ", made_at(i) // 1000, i * 0x9E3779B97F4A7C15 % 2**64)
    # Bookings come some days ahead of their slots, not in the order of these.
    mixed = min(100, appointments // ACCOUNTS)

    def slot(i):
        period = i // ACCOUNTS
        return FIRST_MINUTE + (period - period % mixed + period % mixed * 37 % mixed) * PERIOD

    def appointment_rows():
        for i in range(appointments):
            account, start, made = i % ACCOUNTS, slot(i), made_at(i)
            yield (
                owner(account), appointment_id(i), "appointment", customer_id(account, i * 7 // ACCOUNTS % customers), start, start + 60, start,
                start + 60, "treatment", "Prefers the room at the window; asked to be reminded." if i % 3 == 0 else None,
                "cancelled" if i % 13 == 0 else "confirmed", made, made, 1,
            )

    def change_rows():
        for number, i in enumerate(range(appointments - appointments * KEPT // DAYS, appointments)):
            account, start = i % ACCOUNTS, slot(i)
            about = customer_id(account, i * 7 // ACCOUNTS % customers)
            # As large as what the server writes.
            shown = json.dumps({
                "id": appointment_id(i).hex(), "customerId": about.hex(), "date": "2026-11-29", "time": "10:00", "duration": 60, "padding": "x" * 340,
            })
            # Every fourth appointment is edited once.
            for version in (1, 2) if i % 4 == 0 else (1,):
                yield (
                    owner(account), 0, struct.pack(">IQ", made_at(i) // 1000, number << 2 | version),
                    "appointment.created" if version == 1 else "appointment.updated", made_at(i), appointment_id(i), version, about, "api_key",
                    owner(account), "0f3c5d7e9a1b2c3d-42", shown, shown if version > 1 else None,
                )

    yield "accounts", "id, slug, name, created_at", (
        (owner(account), f"business-{account}", f"Business {account}", first * 1000) for account in range(ACCOUNTS)
    )
    yield "api_keys", "account_id, id, name, digest, created_at, updated_at", (
        (owner(account), owner(account), "bench", hashlib.sha256(key(account).encode()).digest(), first * 1000, first * 1000)
        for account in range(ACCOUNTS)
    )
    yield "customers", "account_id, id, name, email, email_key, phone, notes, created_at, updated_at, version", (
        (
            owner(account), customer_id(account, number), f"Dana Levi-Cohen {number}", f"customer{number}@example.com",
            f"customer{number}@example.com", f"050-{number:07}",
            "Comes with her daughter. Allergic to lavender, see the file." if number % 10 == 0 else None, first * 1000, first * 1000, 1,
        )
        for number in range(customers) for account in range(ACCOUNTS)
    )
    yield (
        "appointments",
        "account_id, id, kind, customer_id, starts_at, ends_at, blocks_from, blocks_until, service_type, notes, status, created_at, "
        "updated_at, version",
        appointment_rows(),
    )
    yield (
        "changes",
        "account_id, epoch, id, kind, made_at, subject_id, version, customer_id, actor_kind, actor_id, request_id, object, previous",
        change_rows(),
    )


def copy_text(rows):
    """The lines of PostgreSQL's COPY. No text has a tab or a backslash."""
    for row in rows:
        yield "\t".join(["\\\\x" + value.hex() if type(value) is bytes else "\\N" if value is None else str(value) for value in row]) + "\n"
