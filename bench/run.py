#!/usr/bin/env python3
"""Compares the server with what limits it, and writes docs/benchmarks.md.

Contestants take turns within each round (A B A B …), so that other load on the machine affects all of them. Every result is a ratio
within one round, given as the median of the rounds with the smallest and the largest. An unexpected answer ends the run. Needs
Python's standard library, wrk, and PostgreSQL's programs.
"""

import argparse
import atexit
import concurrent.futures
import dataclasses
import glob
import http.client
import json
import os
import pathlib
import platform
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import many

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
RELEASE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "release"
DOCUMENT = ROOT / "docs/benchmarks.md"
PLOT = ROOT / "docs/benchmarks.svg"

CONNECTIONS, THREADS = 32, 2
# As many connections to PostgreSQL as the server opens (DATABASE_CONNECTIONS).
POOL = 16
API = "/api/webhooks"
# Each kind of request, and its expected status.
EXPECTED = {
    "customer": 200,
    "events": 200,
    # A key that nobody has, and one that can't be a key.
    "unknown-key": 401,
    "mistyped-key": 401,
    "new-customer": 201,
    "booking": 201,
    "booking-with-key": 201,
    "payment": 201,
    "booking-on-a-resource": 201,
    "booking-by-service": 201,
    "availability": 200,
    "appointments": 200,
    "changes": 200,
    "search": 200,
    "mix": None,
}
# Kinds whose answers the bare server doesn't need from the start.
NOT_LEARNED = ("booking-with-key", "payment", "booking-on-a-resource", "booking-by-service", "availability",
               "appointments", "changes", "search", "mix")
UNKNOWN_KEY = "cg_live_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF10k1n8m"


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Database:
    """The database of a server, and what the requests need to know about it."""

    url: str
    key: str
    customers: int
    periods: int
    # For each sequence of numbers, the first one that no request has used yet.
    next: dict = field(default_factory=dict)
    # For each kind of request that needs it: ids, or a path (requests.lua).
    asked: dict = field(default_factory=dict)
    # A file with the keys of many accounts, if the requests go to all of them. Then customers are those of each account.
    keys: str = ""
    # The cluster, if the database is to be copied there.
    cluster: object = None

    def numbers(self, kind):
        """The sequence of unique numbers that a kind of request uses: slots or addresses."""
        return "addresses" if kind == "new-customer" else "slots"


@dataclass
class Sample:
    """One contestant's turn."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0
    # Processor seconds per request in the server's process.
    processor: float = 0.0


class Process:
    """A process that listens on 127.0.0.1."""

    def __init__(self, command, folder, environment=None, forgets=False):
        # Whether the process stores nothing, so that a request may be sent to it twice.
        self.forgets = forgets
        self.port = free_port()
        self.output = folder / "output"
        environment = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(self.port), **(environment or {})}
        started = time.monotonic()
        with open(self.output, "w") as output:
            self.child = subprocess.Popen(
                [str(part) for part in command(self.port)],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=subprocess.DEVNULL if environment.get("LOG_LEVEL") != "warn" else None,
            )
        atexit.register(self.child.kill)
        while not self.answers():
            if self.child.poll() is not None or time.monotonic() - started > 60:
                sys.exit(f"{command(self.port)[0]} does not start: {self.output.read_text()}")
            time.sleep(0.0005)
        self.started_in = time.monotonic() - started

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                # The bare server has no such path. It is ready once it answers at all.
                return connection.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 404")
        except OSError:
            return False

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) / 1024

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(60)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.answers = folder / "answers"
        self.answers.mkdir()
        self.rows = []
        self.facts = {"processor": []}

    # Contestants.

    def server(self, database, **environment):
        """The release binary with its defaults, except that the limits are never reached and only warnings are logged."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        defaults = {
            "DATABASE_URL": database.url,
            "RATE_LIMIT_MAX_REQUESTS": "1000000000",
            "RATE_LIMIT_AUTH_FAILURES_MAX": "1000000000",
            "LOG_LEVEL": "warn",
        }
        return Process(lambda _: [RELEASE / "chatgrow"], folder, {**defaults, **environment})

    def bare(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        command = [RELEASE / "contestants", "bare", "--answers", self.answers, "--port"]
        return Process(lambda port: [*command, port], folder, forgets=True)

    def new_key(self, url):
        """Starts a server on a new database, which creates the tables, an account and a key. Returns the key."""
        server = self.server(Database(url, "", 0, 0))
        server.stop()
        return re.search(r"cg_live_\w+", server.output.read_text()).group()

    def template(self, name, customers, appointments):
        """A filled SQLite database, in one file."""
        say(f"filling {name}: {appointments} appointments, {customers} customers")
        file = self.folder / f"{name}.db"
        key = self.new_key(f"sqlite://{file}")
        run(RELEASE / "contestants", "fill", "--database", file, "--customers", customers, "--appointments", appointments)
        # Otherwise the disk would still be busy with it while a turn waits for its own writes.
        os.sync()
        return Database(f"sqlite://{file}", key, customers, max(appointments, 100_000))

    def copy(self, template):
        """A copy of the template, with the same key."""
        if template.cluster:
            return dataclasses.replace(template, url=template.cluster.copy(template.url), next={})
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copyfile(template.url.removeprefix("sqlite://"), folder / "copy.db")
        with open(folder / "copy.db", "rb") as copied:
            os.fsync(copied.fileno())
        return dataclasses.replace(template, url=f"sqlite://{folder / 'copy.db'}", asked=dict(template.asked), next={})

    def remove(self, copy):
        if copy.cluster:
            copy.cluster.remove(copy.url)
        else:
            shutil.rmtree(pathlib.Path(copy.url.removeprefix("sqlite://")).parent)

    # Load.

    def load(self, process, database, kind, seconds=None):
        numbers = database.numbers(kind)
        environment = {
            "PATH": os.environ["PATH"],
            "BENCH_REQUESTS": kind,
            "BENCH_KEY": {"unknown-key": UNKNOWN_KEY, "mistyped-key": UNKNOWN_KEY[:-1]}.get(kind, database.key),
            "BENCH_CUSTOMERS": str(database.customers),
            "BENCH_PERIODS": str(database.periods),
            "BENCH_FIRST": str(0 if process.forgets else database.next.get(numbers, 0)),
            "BENCH_THREADS": str(THREADS),
            "BENCH_ASKED": database.asked.get(kind, ""),
            "BENCH_KEYS": database.keys,
        }
        before = process.processor_seconds()
        output = run(
            "wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds or self.options.seconds}s", "--timeout", "10s", "--latency",
            "-s", HERE / "requests.lua", f"http://127.0.0.1:{process.port}",
            env=environment,
        )
        told = json.loads(output.strip().splitlines()[-1])
        if not process.forgets:
            database.next[numbers] = told["next"]
            if database.next.get("slots", 0) > 6 * database.periods:
                sys.exit("there are no free slots left: take fewer rounds, or shorter ones")
        refused = told["requests"] if EXPECTED[kind] == 401 else 0
        if told["refused"] != refused or told["broken"] or not told["requests"]:
            sys.exit(f"{kind}: answers that were not expected:\n{output}")
        used = process.processor_seconds() - before
        return Sample(told["requests"] / told["seconds"], told["p50"], told["p99"], used / told["requests"])

    def probe(self, process, database, kind):
        """Sends one request of a kind, checks the status, and returns the body for the bare server."""
        path, key, body = {
            "customer": ("/customers/customer7@example.com", database.key, None),
            "events": ("/events?limit=50", database.key, None),
            "unknown-key": ("/customers", UNKNOWN_KEY, None),
            "mistyped-key": ("/customers", UNKNOWN_KEY[:-1], None),
            "new-customer": (
                "/customers",
                database.key,
                {"name": "New customer 0000000", "email": "probe@example.com", "phone": "050-7654321"},
            ),
            "booking": (
                "/appointments",
                database.key,
                {
                    "customerEmail": "customer7@example.com",
                    "date": "1999-01-01",
                    "time": "10:00",
                    "serviceType": "consultation",
                    "duration": 5,
                },
            ),
        }[kind]
        request = urllib.request.Request(
            f"http://127.0.0.1:{process.port}{API}{path}",
            data=body and json.dumps(body).encode(),
            headers={"X-API-Key": key, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as response:
                status, answer = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, answer = error.code, error.read()
        if status != EXPECTED[kind]:
            sys.exit(f"{kind}: {status} instead of {EXPECTED[kind]}: {answer.decode()}")
        return answer

    def learn(self, template):
        """Records the server's answers for the bare server."""
        database = self.copy(template)
        server = self.server(database)
        for kind in EXPECTED:
            if kind not in NOT_LEARNED:
                (self.answers / kind).write_bytes(self.probe(server, database, kind))
        server.stop()
        self.facts["bytes"] = ", ".join(f"{file.name} {file.stat().st_size}" for file in sorted(self.answers.iterdir()))

    def rounds(self, what, contestants, most=99):
        """Lets the contestants take turns, and returns their samples."""
        samples = {name: [] for name in contestants}
        for number in range(min(self.options.rounds, most)):
            for name, turn in contestants.items():
                samples[name].append(turn())
            shown = ", ".join(f"{name} {taken[-1].rate:,.0f}/s" for name, taken in samples.items())
            say(f"{what}, round {number + 1}: {shown}")
        return samples

    # Results.

    def result(self, subject, goal, values, detail):
        """A line of the table. A goal is ("≥", number), ("≤", number), or None."""
        row = Row(subject, goal, statistics.median(values), min(values), max(values), detail)
        self.rows.append(row)
        say(f"  {row.subject}: {row.median:.3g} ({row.low:.3g}–{row.high:.3g})")
        return row

    def rates(self, subject, goal, samples, ours, theirs):
        values = [one.rate / other.rate for one, other in zip(samples[ours], samples[theirs])]
        rate = lambda name: f"{statistics.median(sample.rate for sample in samples[name]):,.0f}/s"
        self.result(subject, goal, values, f"{ours}: {rate(ours)}; {theirs}: {rate(theirs)}")

    def latencies(self, subject, goal, samples, ours, theirs, which="p99"):
        values = [getattr(one, which) / getattr(other, which) for one, other in zip(samples[ours], samples[theirs])]
        middle = lambda name: f"{statistics.median(getattr(sample, which) for sample in samples[name]) * 1000:.2f} ms"
        self.result(subject, goal, values, f"{ours}: {middle(ours)}; {theirs}: {middle(theirs)}")

    def processor(self, store, kind, samples):
        used = statistics.median(sample.processor for sample in samples) * 1e6
        self.facts["processor"].append((store, kind, used))

    # The measurements.

    def reads(self, template):
        database = self.copy(template)
        bare, server, logging = self.bare(), self.server(database), self.server(database, LOG_LEVEL="info")
        for kind, subject, goal in [
            ("customer", "GET customer by e-mail", 0.60),
            ("events", "GET events (50)", 0.60),
            ("unknown-key", "401 for a key that is unknown", 0.90),
            ("mistyped-key", "401 for a key that is mistyped", 0.90),
        ]:
            contestants = {
                "bare": lambda: self.load(bare, database, kind),
                "server": lambda: self.load(server, database, kind),
            }
            if kind == "customer":
                contestants["with the log"] = lambda: self.load(logging, database, kind)
            self.load(bare, database, kind, 1)
            self.load(server, database, kind, 1)
            samples = self.rounds(f"SQLite, {subject}", contestants)
            self.rates(f"{subject}, SQLite : bare", ("≥", goal), samples, "server", "bare")
            self.processor("SQLite", subject, samples["server"])
            if kind == "customer":
                # stderr goes to /dev/null.
                self.rates("GET customer with the default log : bare", None, samples, "with the log", "bare")
            if EXPECTED[kind] == 200:
                self.latencies(f"p99 of {subject}, SQLite : bare", ("≤", 3), samples, "server", "bare")
        samples = self.rounds(
            "SQLite, mix",
            {
                "bare": lambda: self.load(bare, database, "mix"),
                "server": lambda: self.load(server, database, "mix"),
            },
            most=3,
        )
        self.rates("90 % GET customer, 10 % POST appointment, SQLite : bare", None, samples, "server", "bare")
        self.processor("SQLite", "90/10 mix", samples["server"])
        for process in (bare, server, logging):
            process.stop()

    def raw(self, template, rows, rows_per_commit, *options):
        database = self.copy(template)
        told = json.loads(
            run(
                RELEASE / "contestants", "raw-sqlite", "--database", database.url.removeprefix("sqlite://"), "--rows", rows,
                "--rows-per-commit", rows_per_commit, "--seconds", self.options.seconds, "--periods", database.periods, *options,
            )
        )
        shutil.rmtree(pathlib.Path(database.url.removeprefix("sqlite://")).parent)
        return Sample(told["requests"] / told["seconds"])

    def on_a_copy(self, template, kind):
        """Loads a new server on a new copy, so that every turn starts with the same number of rows."""
        database = self.copy(template)
        server = self.server(database)
        self.load(server, database, kind, 1)
        sample = self.load(server, database, kind)
        server.stop()
        self.remove(database)
        return sample

    def writes(self, template):
        bare = self.bare()
        for kind, subject, rows in [
            ("booking", "POST appointment", "appointments"),
            ("new-customer", "POST customer", "customers"),
        ]:
            self.load(bare, template, kind, 1)
            contestants = {
                "bare": lambda: self.load(bare, template, kind),
                "server": lambda: self.on_a_copy(template, kind),
                "128 rows a commit": lambda: self.raw(template, rows, 128),
                "one row a commit": lambda: self.raw(template, rows, 1),
                "128, with savepoints": lambda: self.raw(template, rows, 128, "--savepoints"),
            }
            if kind == "booking":
                contestants["with a key"] = lambda: self.on_a_copy(template, "booking-with-key")
                contestants["payment"] = lambda: self.on_a_copy(template, "payment")
            samples = self.rounds(f"SQLite, {subject}", contestants)
            self.rates(f"{subject}, SQLite : raw, 128 rows a commit", ("≥", 0.60), samples, "server", "128 rows a commit")
            self.rates(f"{subject}, SQLite : raw, one row a commit", ("≥", 3), samples, "server", "one row a commit")
            self.rates(f"{subject}, SQLite : raw, 128 rows with savepoints", None, samples, "server", "128, with savepoints")
            self.rates(f"{subject}, SQLite : bare", None, samples, "server", "bare")
            self.latencies(f"p99 of {subject}, SQLite : bare", ("≤", 6), samples, "server", "bare")
            self.processor("SQLite", subject, samples["server"])
            if kind == "booking":
                self.with_a_key("SQLite", samples)
                subject = "POST payment for an appointment, SQLite : POST appointment with a key"
                self.rates(subject, ("≥", 0.60), samples, "payment", "with a key")
                self.processor("SQLite", "POST payment for an appointment", samples["payment"])
        bare.stop()

    # Staff and rooms.

    def call(self, process, database, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{process.port}{API}{path}",
            method=method,
            data=body and json.dumps(body).encode(),
            headers={"X-API-Key": database.key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read())

    def resources(self, process, database, count, kind="staff"):
        create = lambda number: self.call(process, database, "POST", "/resources", {"name": f"{kind} {number}", "kind": kind})
        return [create(number)["resource"]["id"] for number in range(count)]

    def service(self, process, database, duration, *groups):
        body = {
            "name": "Massage", "serviceType": "treatment", "duration": duration,
            "needs": [{"resources": group} for group in groups],
        }
        return self.call(process, database, "POST", "/services", body)["service"]["id"]

    def furnish(self, process, database):
        """Twenty resources, and a service that takes any of five staff and any of three rooms."""
        database.asked["booking-on-a-resource"] = ",".join(self.resources(process, database, 20))
        staff, rooms = self.resources(process, database, 5), self.resources(process, database, 3, "room")
        database.asked["booking-by-service"] = self.service(process, database, 5, staff, rooms)
        return staff, rooms

    # In the second hour of each period, in which the free slots are, two of five staff and one of three rooms are taken.
    HALF_FULL = """INSERT INTO appointments
        (account_id, id, kind, resource_id, starts_at, ends_at, blocks_from, blocks_until, status, created_at, updated_at, version)
        SELECT (SELECT id FROM accounts), {id}, 'block', {resource}, {start}, {start} + 60, {start}, {start} + 60, 'confirmed',
            1600000000000, 1600000000000, 1
        FROM {numbers}"""

    def half_full(self, template, taken):
        database = sqlite3.connect(template.url.removeprefix("sqlite://"))
        for which, resource in enumerate(taken):
            database.execute(
                f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {template.periods}) "
                + self.HALF_FULL.format(
                    id=f"CAST(x'6000000{which + 3}' || randomblob(8) AS BLOB)", resource=f"x'{resource}'",
                    start="15778080 + i * 120 + 60", numbers="n",
                )
            )
        database.commit()
        database.close()

    def staff_and_rooms(self, middle):
        """Bookings of resources, on databases with as many appointments of the account's own schedule as elsewhere."""
        template = self.copy(middle)
        # The free slots of fewer periods, so that filling them doesn't take long.
        template.periods = 20_000
        server = self.server(template)
        staff, rooms = self.furnish(server, template)
        server.stop()
        self.half_full(template, [*staff[:2], rooms[0]])
        samples = self.rounds("SQLite, POST appointment on resources", {
            kind: lambda kind=kind: self.on_a_copy(template, kind)
            for kind in ("booking", "booking-on-a-resource", "booking-by-service")
        })
        self.on_resources("SQLite", samples)

    def on_resources(self, store, samples):
        for kind, subject, goal in [
            ("booking-on-a-resource", "POST appointment on one of 20 resources", 0.90),
            ("booking-by-service", "POST appointment by service: any of 5 staff and of 3 rooms", 0.35),
        ]:
            self.rates(f"{subject}, {store} : on none", ("≥", goal), samples, kind, "booking")
            self.processor(store, subject, samples[kind])

    # The search.

    FIRST_DAY, DAYS = "2030-06-02", 56

    def search(self, small):
        """The search in a business of twenty, with ten bookings a day of each of them for eight weeks."""
        template = self.copy(small)
        server = self.server(template)
        days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
        self.call(server, template, "PUT", "/schedule", {
            "timeZone": "Asia/Jerusalem", "slotStep": 15,
            "weekly": [{"day": day, "opens": "08:00", "closes": "18:00"} for day in days],
        })
        staff = self.resources(server, template, 20)
        few, all_of_them = self.service(server, template, 30, staff[:5]), self.service(server, template, 30, staff)
        server.stop()
        database = sqlite3.connect(template.url.removeprefix("sqlite://"))
        (midnight,) = database.execute(f"SELECT unixepoch('{self.FIRST_DAY}') / 60").fetchone()
        for which, resource in enumerate(staff):
            # Half an hour of each hour, from another minute for each resource.
            database.execute(
                f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {self.DAYS * 10}) "
                + self.HALF_FULL.format(
                    id="CAST(x'600000030000' || randomblob(6) AS BLOB)", resource=f"x'{resource}'",
                    start=f"{midnight} + i / 10 * 1440 + 480 + i % 10 * 60 + {which % 7 * 5}", numbers="n",
                ).replace("+ 60,", "+ 30,")
            )
        database.commit()
        database.close()
        path = lambda service, last, limit: f"/availability?from={self.FIRST_DAY}&to={last}&serviceId={service}&limit={limit}"
        two_weeks, eight_weeks = path(few, "2030-06-15", 50), path(all_of_them, "2030-07-27", 50)
        server = self.server(template)
        answer = self.call(server, template, "GET", two_weeks)
        if answer["count"] != 50:
            sys.exit(f"the search finds {answer['count']} slots")
        (self.answers / "availability").write_bytes(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode())
        bare = self.bare()
        asking = lambda process, asked: self.load(
            process, Database(template.url, template.key, 1, 1, asked={"availability": asked}), "availability"
        )
        contestants = {
            "bare": lambda: asking(bare, two_weeks),
            "two weeks": lambda: asking(server, two_weeks),
            "eight weeks": lambda: asking(server, eight_weeks),
        }
        for turn in contestants.values():
            turn()
        samples = self.rounds("SQLite, GET availability", contestants)
        self.rates("GET availability, 2 weeks, 5 staff, 50 slots, SQLite : bare", ("≥", 0.10), samples, "two weeks", "bare")
        self.rates("GET availability, 8 weeks, 20 staff, 50 slots, SQLite : 2 weeks, 5 staff", ("≥", 0.50), samples, "eight weeks", "two weeks")
        self.processor("SQLite", "GET availability, 2 weeks, 5 staff, 50 slots", samples["two weeks"])
        self.result("GET availability, all slots of 8 weeks, 20 staff, SQLite (ms of processor time)", ("≤", 20),
                    [self.whole_search(server, template, path(all_of_them, "2030-07-27", 500)) for _ in range(self.options.rounds)],
                    "in pages of 500")
        bare.stop()
        server.stop()

    def whole_search(self, server, database, path):
        """The processor time of a search from its first page to its last, in milliseconds."""
        times, found = 20, 0
        before = server.processor_seconds()
        for _ in range(times):
            cursor = ""
            while cursor is not None:
                page = self.call(server, database, "GET", path + (cursor and f"&cursor={cursor}"))
                found += page["count"]
                cursor = page["nextCursor"]
        if found < times * self.DAYS * 20:
            sys.exit(f"the search finds {found / times} slots in all")
        return (server.processor_seconds() - before) / times * 1000

    def with_a_key(self, store, samples):
        """The cost of an idempotency key."""
        self.rates(f"POST appointment with an Idempotency-Key, {store} : without", ("≥", 0.80), samples, "with a key", "server")
        self.processor(store, "POST appointment with an Idempotency-Key", samples["with a key"])

    def growth(self, small, large):
        databases = {"1 000": self.copy(small), "1 000 000": large}
        servers = {name: self.server(database) for name, database in databases.items()}
        for kind, subject in [("customer", "GET customer by e-mail"), ("events", "GET events (50)")]:
            turns = {
                name: lambda name=name: self.load(servers[name], databases[name], kind) for name in databases
            }
            for turn in turns.values():
                turn()
            samples = self.rounds(f"growth, {subject}", turns)
            self.rates(f"{subject} with 1 000 000 appointments : with 1 000", ("≥", 0.90), samples, "1 000 000", "1 000")
        servers["1 000"].stop()
        for kind, subject in [("booking", "POST appointment"), ("new-customer", "POST customer")]:
            self.load(servers["1 000 000"], large, kind, 1)
            samples = self.rounds(
                f"growth, {subject}",
                {
                    "1 000": lambda: self.on_a_copy(small, kind),
                    "1 000 000": lambda: self.load(servers["1 000 000"], large, kind),
                },
            )
            self.rates(f"{subject} with 1 000 000 appointments : with 1 000", ("≥", 0.90), samples, "1 000 000", "1 000")
        servers["1 000 000"].stop()

    def starts(self, large, subject="1 000 000 appointments, SQLite", goal=("≤", 100)):
        taken = []
        for _ in range(self.options.rounds + 1):
            server = self.server(large)
            taken.append(server.started_in * 1000)
            server.stop()
        # The first start has to recover the WAL of the load before.
        self.result(f"start to ready, {subject} (ms)", goal, taken[1:], "until /health/ready is 200")

    # Growth to millions of appointments of many accounts, on each store.

    def growth_of_many(self):
        (self.folder / "keys").write_text("".join(f"{many.key(account)}\n" for account in range(many.ACCOUNTS)))
        (self.folder / "one-key").write_text(many.key(7))
        sizes = (max(self.options.appointments // 100, 10_000), self.options.appointments)
        self.growth_on("SQLite", *[self.many_on_sqlite(size) for size in sizes])
        # What docs/scaling.md advises for a database of this size.
        quarter = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4 // 2**20
        advised = {"shared_buffers": f"{quarter}MB", "max_wal_size": "8GB", "checkpoint_timeout": "15min", "wal_compression": "lz4"}
        with Postgres(self.folder, **advised) as postgres:
            self.growth_on("PostgreSQL", *[self.many_on_postgres(postgres, size) for size in sizes])

    def with_accounts(self, url, appointments):
        self.new_key(url)
        say(f"filling {url}: {appointments} appointments of {many.ACCOUNTS} accounts")
        return Database(url, "", many.customers_of_each(appointments), appointments, keys=str(self.folder / "keys"))

    def many_on_sqlite(self, appointments):
        file = self.folder / f"many-{appointments}.db"
        made = self.with_accounts(f"sqlite://{file}", appointments)
        database = sqlite3.connect(file, isolation_level=None)
        # Not durable: an interrupted database is thrown away.
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -500000", "BEGIN"):
            database.execute(statement)
        for table, columns, rows in many.tables(appointments):
            places = ", ".join("?" for _ in columns.split(", "))
            database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")
        database.close()
        os.sync()
        return made

    def many_on_postgres(self, postgres, appointments):
        name = f"many_{appointments}"
        postgres.program("psql", "--quiet", "-c", f"CREATE DATABASE {name}", database="postgres")
        made = self.with_accounts(postgres.url(name), appointments)
        made.cluster = postgres
        # Row by row, the exclusion constraint takes most of the time. Made afterwards, it still inserts them one by one, in their order.
        slots = "CONSTRAINT appointments_no_overlap"
        made_by = postgres.ask("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'appointments_no_overlap'", name)
        postgres.ask(f"ALTER TABLE appointments DROP {slots}", name)
        for table, columns, rows in many.tables(appointments):
            # The rows break no rule, so no trigger has to look.
            postgres.feed(f"SET session_replication_role = replica; COPY {table} ({columns}) FROM STDIN", many.copy_text(rows), name)
        postgres.ask(f"SET maintenance_work_mem = '512MB'; ALTER TABLE appointments ADD {slots} {made_by}", name)
        postgres.ask("VACUUM ANALYZE", name)
        postgres.ask("CHECKPOINT", name)
        return made

    def growth_on(self, store, small, large):
        spaced = lambda number: f"{number:,}".replace(",", " ")
        title = f"{spaced(large.periods)} : {spaced(small.periods)} appointments, {store}"
        databases = {"small": small, "large": large}
        servers = {name: self.server(database) for name, database in databases.items()}
        for kind, subject in [
            ("customer", "GET customer by e-mail"), ("appointments", "GET appointments (50)"), ("changes", "GET changes (50)"),
            ("search", "GET customers, search in those of an account"),
        ]:
            turns = {name: lambda name=name: self.load(servers[name], databases[name], kind) for name in databases}
            for turn in turns.values():
                turn()
            samples = self.rounds(f"growth on {store}, {subject}", turns)
            self.rates(f"{subject}, {title}", None, samples, "large", "small")
        servers["small"].stop()
        # Each kind of bookings takes slots of its own: those at random the first of each period.
        month, busy = 300 * many.ACCOUNTS, 100_000
        for subject, goal, change in [
            ("POST appointment, any day", ("≥", 0.80), {}),
            ("POST appointment, one of 25 days", None, {"periods": month, "next": {"slots": month}}),
            ("POST appointment, one account", None, {"periods": busy, "next": {"slots": 2 * busy}, "keys": str(self.folder / "one-key")}),
        ]:
            from_small, to_large = [dataclasses.replace(database, **change) for database in (small, large)]
            self.load(servers["large"], to_large, "booking", 1)
            samples = self.rounds(
                f"growth on {store}, {subject}",
                {
                    "small": lambda: self.on_a_copy(from_small, "booking"),
                    "large": lambda: self.load(servers["large"], to_large, "booking"),
                },
            )
            self.rates(f"{subject}, {title}", goal, samples, "large", "small")
            self.latencies(f"p50 of {subject}, {title}", None, samples, "large", "small", "p50")
            self.latencies(f"p99 of {subject}, {title}", None, samples, "large", "small")
            self.processor(store, f"{subject}, {spaced(large.periods)} appointments", samples["large"])
            self.processor(store, f"{subject}, {spaced(small.periods)} appointments", samples["small"])
        servers["large"].stop()
        for database in databases.values():
            self.starts(database, f"{spaced(database.periods)} appointments, {store}", None)

    # Changes.

    WEBHOOKS = {"WEBHOOK_ALLOW_HTTP": "true", "WEBHOOK_ALLOW_CIDRS": "127.0.0.0/8"}

    def receivers(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        return Process(lambda port: [RELEASE / "contestants", "receivers", "--port", port], folder)

    def subscribe(self, server, database, receivers, path):
        """Returns the path of the new endpoint."""
        body = {"url": f"http://127.0.0.1:{receivers.port}{path}", "types": ["customer.created"]}
        return f"/webhook-endpoints/{self.call(server, database, 'POST', '/webhook-endpoints', body)['webhookEndpoint']['id']}"

    def delivery(self, small):
        """A reader of the feed, webhooks to a receiver that answers at once, and lists while they are sent."""
        database, receivers = self.copy(small), self.receivers()
        server = self.server(database, **self.WEBHOOKS)
        while database.next.get("addresses", 0) < 120_000:
            self.load(server, database, "new-customer", 1)
        readings = [self.whole_feed(server, database) for _ in range(self.options.rounds)]
        self.result("changes to one reader of the feed, SQLite (thousands a second)", ("≥", 50), readings, "in pages of 500")
        path = self.subscribe(server, database, receivers, "/good/1")
        samples, rates, rates_beside_load = {"alone": [], "while webhooks are sent": []}, [], []

        def sent_during(work):
            """How many thousand webhooks a second arrive during that work, if all are to be sent again."""
            self.call(server, database, "POST", f"{path}/replay", {"since": "2000-01-01T00:00:00Z"})
            before, started = self.webhooks(server), time.monotonic()
            work()
            return (self.webhooks(server) - before) / (time.monotonic() - started) / 1000

        for _ in range(self.options.rounds):
            self.call(server, database, "PATCH", path, {"active": False})
            self.until_nothing_is_sent(server)
            samples["alone"].append(self.load(server, database, "events"))
            self.call(server, database, "PATCH", path, {"active": True})
            rates.append(sent_during(lambda: time.sleep(self.options.seconds)))
            load = lambda: samples["while webhooks are sent"].append(self.load(server, database, "events"))
            rates_beside_load.append(sent_during(load))
        self.result("webhooks to one receiver, SQLite (thousands a second)", ("≥", 2), rates, "of changes that are there")
        self.rates("GET events (50) while webhooks are sent, SQLite : without", None, samples, "while webhooks are sent", "alone")
        self.result("webhooks beside GET events (50), SQLite (thousands a second)", None, rates_beside_load, "in the line before")
        server.stop()
        receivers.stop()
        self.bad_receivers(small)

    # Changes a second by each client.
    PACE = 125
    CLIENTS = 4

    def bad_receivers(self, small):
        """How fast webhooks come to good receivers among bad ones."""
        database, receivers = self.copy(small), self.receivers()
        server = self.server(database, **self.WEBHOOKS)
        for kind in ("good", "slow", "fails", "hangs"):
            for number in range(5):
                self.subscribe(server, database, receivers, f"/{kind}/{number}")
        by_each = 5 * self.options.seconds * self.PACE
        made = by_each * self.CLIENTS

        def client(which):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            started = time.monotonic()
            for number in range(by_each):
                time.sleep(max(0, started + number / self.PACE - time.monotonic()))
                body = json.dumps({"name": "Dana", "email": f"paced{which}-{number}@example.com"})
                headers = {"X-API-Key": database.key, "Content-Type": "application/json"}
                connection.request("POST", f"{API}/customers", body, headers)
                answer = connection.getresponse()
                if answer.status != 201:
                    sys.exit(f"POST /customers: {answer.status} {answer.read()}")
                answer.read()

        with concurrent.futures.ThreadPoolExecutor() as clients:
            started = time.monotonic()
            list(clients.map(client, range(self.CLIENTS)))
            rate = made / (time.monotonic() - started)
        time.sleep(2)
        with urllib.request.urlopen(f"http://127.0.0.1:{receivers.port}/ages") as response:
            ages = json.load(response)
        if ages["count"] < 5 * made:
            sys.exit(f"not all webhooks have arrived: {ages}")
        subject = "p99 from a change to 5 good receivers, beside 5 that hang, 5 that fail and 5 slow ones, SQLite (ms)"
        self.result(subject, ("≤", 1000), [ages["p99"]], f"{rate:.0f} changes a second; median {ages['p50']} ms, at most {ages['most']} ms")
        server.child.kill()
        receivers.child.kill()

    def whole_feed(self, server, database):
        """Reads all changes, over one connection. Returns how many thousands a second."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        count, cursor, started = 0, "", time.monotonic()
        while cursor is not None:
            connection.request("GET", f"{API}/changes?limit=500{cursor}", headers={"X-API-Key": database.key})
            page = connection.getresponse().read()
            # To read the whole page as JSON would measure Python.
            count += page.count(b'"chg_')
            cursor = None if b'"hasMore":false' in page else "&after=" + re.search(rb'"nextCursor":"([^"]+)"', page).group(1).decode()
        if count < 100_000:
            sys.exit(f"the feed has {count} changes")
        return count / (time.monotonic() - started) / 1000

    def until_nothing_is_sent(self, server):
        """A lane that is held goes on for some seconds after its endpoint is switched off."""
        before = None
        while before != (now := self.webhooks(server)):
            before = now
            time.sleep(0.5)

    def webhooks(self, server):
        """How many have arrived."""
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as response:
            found = re.findall(r'^chatgrow_webhook_attempts_total\{outcome="(\w+)"\} (\d+)', response.read().decode(), re.M)
        if any(int(count) for outcome, count in found if outcome != "succeeded"):
            sys.exit(f"not all webhooks have arrived: {found}")
        return sum(int(count) for _, count in found)

    def memory(self, template):
        """The memory of one process, from its start through every kind of load."""
        database = self.copy(template)
        server = self.server(database)
        time.sleep(1)
        self.result("resident memory, idle, SQLite (MB)", ("≤", 20), [server.memory("VmRSS")], "a second after the start")
        for kind in ("customer", "events", "booking", "new-customer"):
            self.load(server, database, kind)
        peak = server.memory("VmHWM")
        self.result("resident memory, peak under load, SQLite (MB)", ("≤", 60), [peak], "after each kind of load")
        server.stop()

    def postgres(self):
        with Postgres(self.folder) as postgres:
            url = postgres.url()
            key = self.new_key(url)
            customers, appointments = 10_000, 100_000
            say(f"filling PostgreSQL: {appointments} appointments")
            postgres.program("psql", "--quiet", "--file", HERE / "fill.sql", "-v", f"customers={customers}",
                             "-v", f"appointments={appointments}")
            database = Database(url, key, customers, appointments)
            server, bare = self.server(database), self.bare()
            local = self.server(database, RATE_LIMIT_SHARED="false")
            self.load(local, database, "customer", 1)
            for kind, subject, script, goal in [
                ("customer", "GET customer by e-mail", "customer", 0.80),
                ("booking", "POST appointment", "booking", 1.40),
            ]:
                self.load(server, database, kind, 1)
                postgres.pgbench(script, database, 1)
                contestants = {
                    "pgbench": lambda: Sample(postgres.pgbench(script, database, self.options.seconds)),
                    "server": lambda: self.load(server, database, kind),
                }
                if kind == "booking":
                    contestants["with a key"] = lambda: self.load(server, database, "booking-with-key")
                else:
                    contestants["local limits"] = lambda: self.load(local, database, kind)
                samples = self.rounds(f"PostgreSQL, {subject}", contestants)
                self.rates(f"{subject}, PostgreSQL : pgbench", ("≥", goal), samples, "server", "pgbench")
                self.processor("PostgreSQL", subject, samples["server"])
                if kind == "booking":
                    self.with_a_key("PostgreSQL", samples)
                else:
                    self.rates(f"{subject} with shared limits, PostgreSQL : local limits", ("≥", 0.95), samples, "server", "local limits")
            local.stop()
            staff, rooms = self.furnish(server, database)
            for which, resource in enumerate([*staff[:2], rooms[0]]):
                postgres.ask(self.HALF_FULL.format(
                    id=f"decode('6000000{which + 3}' || lpad(to_hex(i), 16, '0'), 'hex')", resource=f"decode('{resource}', 'hex')",
                    start="15778080 + i * 120 + 60", numbers=f"generate_series(0::bigint, {appointments - 1}) AS i",
                ))
            samples = self.rounds("PostgreSQL, POST appointment on resources", {
                kind: lambda kind=kind: self.load(server, database, kind)
                for kind in ("booking", "booking-on-a-resource", "booking-by-service")
            })
            self.on_resources("PostgreSQL", samples)
            for kind, subject in [
                ("events", "GET events (50)"),
                ("new-customer", "POST customer"),
                ("mix", "90 % GET customer, 10 % POST appointment"),
                ("unknown-key", "401 for a key that is unknown"),
            ]:
                samples = self.rounds(
                    f"PostgreSQL, {subject}",
                    {
                        "bare": lambda: self.load(bare, database, kind),
                        "server": lambda: self.load(server, database, kind),
                    },
                    # These have no goal.
                    most=3,
                )
                self.rates(f"{subject}, PostgreSQL : bare", None, samples, "server", "bare")
                self.processor("PostgreSQL", subject, samples["server"])
            server.stop()
            bare.stop()


class Postgres:
    """A PostgreSQL server in a temporary folder, with the durable settings of initdb, and these besides."""

    def __init__(self, folder, **settings):
        self.settings = settings
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        self.programs = postgres_programs()
        # PostgreSQL refuses to run as root.
        self.who = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            folder.chmod(0o711)
            self.who = {"user": "postgres", "group": user.pw_gid, "extra_groups": []}
        self.bookings = 0

    def administer(self, *command):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        # The server must not inherit a pipe that is read to its end.
        with open(self.folder.parent / "postgres.log", "w") as log:
            subprocess.run([str(part) for part in command], check=True, stdout=log, stderr=log, cwd="/", env=environment, **self.who)

    def __enter__(self):
        say("starting PostgreSQL")
        data = self.folder / "data"
        self.administer(
            self.programs / "initdb", "-D", data, "--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=trust"
        )
        settings = {"listen_addresses": "''", "unix_socket_directories": self.folder, **self.settings}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.administer(self.programs / "pg_ctl", "-D", data, "--wait", "-l", self.folder / "log", "-o", options, "start")
        self.program("psql", "--quiet", "-c", "CREATE DATABASE bench", database="postgres")
        return self

    def __exit__(self, *_):
        self.administer(self.programs / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")

    def url(self, database="bench"):
        return f"postgres://postgres@{str(self.folder).replace('/', '%2F')}/{database}"

    def program(self, name, *arguments, database="bench"):
        return run(self.programs / name, "-h", self.folder, "-U", "postgres", *arguments, database)

    def ask(self, query, database="bench"):
        return self.program("psql", "--quiet", "--tuples-only", "--no-align", "-c", query, database=database).strip()

    def feed(self, query, lines, database):
        command = [self.programs / "psql", "-h", self.folder, "-U", "postgres", "--quiet", "-v", "ON_ERROR_STOP=1", "-c", query, database]
        with subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, text=True) as fed:
            fed.stdin.writelines(lines)
        if fed.returncode != 0:
            sys.exit(f"{query} failed")

    def copy(self, url):
        """Makes a copy of a database that nobody uses. Returns its URL."""
        name = url.rsplit("/", 1)[1]
        self.ask(f"CREATE DATABASE {name}_copy TEMPLATE {name}", "postgres")
        # Otherwise the disk would still be busy with it.
        self.ask("CHECKPOINT", "postgres")
        return self.url(f"{name}_copy")

    def remove(self, url):
        self.ask(f"DROP DATABASE {url.rsplit('/', 1)[1]}", "postgres")

    def appointments(self):
        return int(self.ask("SELECT count(*) FROM appointments"))

    def pgbench(self, script, database, seconds):
        # The server books the first six slots of each period, pgbench the last six.
        first = 6 * database.periods + self.bookings
        account = self.ask("SELECT id FROM accounts")
        before = self.appointments()
        output = self.program(
            "pgbench", "--no-vacuum", "-M", "prepared", "-c", POOL, "-j", THREADS, "-T", seconds,
            "-f", HERE / f"{script}.pgbench", "-D", f"account={account}", "-D", f"customers={database.customers}",
            "-D", f"periods={database.periods}", "-D", "n=-1", "-D", f"first={first}",
        )
        done = int(re.search(r"transactions actually processed: (\d+)", output).group(1))
        if not re.search(r"number of failed transactions: 0 ", output):
            sys.exit(f"pgbench failed:\n{output}")
        if script == "booking":
            # ON CONFLICT hides bookings of a taken slot.
            booked = self.appointments() - before
            if booked != done:
                sys.exit(f"pgbench booked {booked} slots in {done} transactions")
            self.bookings += 4 * done
        return float(re.search(r"tps = ([\d.]+)", output).group(1))


def postgres_programs():
    """The folder with PostgreSQL's programs. On Debian they are not on the path."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
    for folder in folders + os.environ["PATH"].split(os.pathsep):
        if all(os.access(os.path.join(folder, name), os.X_OK) for name in ("initdb", "pg_ctl", "pgbench", "psql")):
            return pathlib.Path(folder)
    return None


@dataclass
class Row:
    subject: str
    goal: tuple
    median: float
    low: float
    high: float
    detail: str = field(default="")

    def met(self):
        sign, number = self.goal
        return self.median >= number if sign == "≥" else self.median <= number

    def shown(self):
        number = lambda value: f"{value:.2f}" if value < 10 else f"{value:.1f}"
        goal = f"{self.goal[0]} {self.goal[1]:.2f}" if self.goal and self.goal[1] < 1 else self.goal and f"{self.goal[0]} {self.goal[1]}"
        verdict = "" if not self.goal else "met" if self.met() else "**missed**"
        return [self.subject, goal or "", number(self.median), f"{number(self.low)}–{number(self.high)}", verdict, self.detail]


# The document.


def machine(folder):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) / 2**20
    kind = run("stat", "--file-system", "--format=%T", folder).strip()
    with tempfile.TemporaryFile(dir=folder) as file:
        started = time.monotonic()
        for _ in range(200):
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
        sync = (time.monotonic() - started) / 200
    commit = run("git", "-C", ROOT, "rev-parse", "--short=12", "HEAD").strip()
    changed = run("git", "-C", ROOT, "status", "--porcelain", "--", "crates", "bench", "Cargo.lock", "Cargo.toml", "migrations")
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout.split("[")[0].strip()
    return [
        ("processor", f"{cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores"),
        ("memory", f"{memory:.0f} GB"),
        ("kernel", f"{platform.system()} {platform.release().split('-')[0]}"),
        ("file system", f"{kind}; a write of 4 KiB is on the disk after {sync * 1e6:.0f} µs"),
        ("commit", f"`{commit}`{' and changes that are not committed' if changed else ''}"),
        ("versions", ", ".join([
            run("rustc", "-V").split(" (")[0].strip(), wrk, run(postgres_programs() / "postgres", "-V").strip(),
        ])),
        ("date", time.strftime("%Y-%m-%d", time.gmtime())),
    ]


def table(header, lines):
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *lines]])


def document(bench, facts):
    old = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    # Keep what is written by hand.
    kept = re.search(r"<!-- by hand -->\n(.*?)<!-- /by hand -->", old, re.S)
    kept = kept.group(1) if kept else "\nNothing yet.\n\n"
    template = (HERE / "benchmarks.template.md").read_text()
    seconds = f"{bench.options.rounds} rounds of {bench.options.seconds} s"
    parts = {
        "machine": table(["", ""], facts),
        "results": table(
            ["What : of what", "Goal", "Median", "Range", "", "Medians of both"], [row.shown() for row in bench.rows]
        ),
        "processor": table(
            ["Store", "Request", "µs"],
            [[store, kind, f"{used:.0f}"] for store, kind, used in bench.facts["processor"]],
        ),
        "rounds": seconds,
        "connections": str(CONNECTIONS),
        "bytes": bench.facts["bytes"],
        "by hand": f"<!-- by hand -->\n{kept}<!-- /by hand -->",
    }
    return re.sub(r"\{\{(.*?)\}\}", lambda name: parts[name.group(1)], template)


def plot(rows):
    """A chart with a bar per result, in multiples of its goal on a logarithmic scale. Right of the line is good."""
    from math import log2

    rows = [row for row in rows if row.goal]
    # A ratio that should be small is inverted.
    share = lambda row, value: value / row.goal[1] if row.goal[0] == "≥" else row.goal[1] / value
    left, width, step, top = 430, 520, 26, 60
    height = top + step * len(rows) + 40
    low, high = 1 / 16, 16
    x = lambda value: left + width * (log2(min(max(value, low), high)) - log2(low)) / (log2(high) - log2(low))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{left}" y="22" font-size="15">Results in multiples of their goals; whiskers span the rounds</text>',
    ]
    bottom = top + step * len(rows)
    for mark in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16):
        name = f"{mark:g}×" if mark >= 1 else f"1/{round(1 / mark)}"
        line = "#222" if mark == 1 else "#ddd"
        out.append(f'<line x1="{x(mark):.1f}" y1="{top - 8}" x2="{x(mark):.1f}" y2="{bottom}" stroke="{line}"/>')
        out.append(f'<text x="{x(mark):.1f}" y="{top - 14}" text-anchor="middle">{"goal" if mark == 1 else name}</text>')
    for number, row in enumerate(rows):
        y = top + step * number
        middle, ends = share(row, row.median), sorted((share(row, row.low), share(row, row.high)))
        colour = "#2a7f62" if row.met() else "#c0392b"
        start, end = sorted((x(1), x(middle)))
        out += [
            f'<text x="{left - 10}" y="{y + 16}" text-anchor="end">{row.subject}</text>',
            f'<rect x="{start:.1f}" y="{y + 5}" width="{max(end - start, 1):.1f}" height="14" fill="{colour}"/>',
            f'<line x1="{x(ends[0]):.1f}" y1="{y + 12}" x2="{x(ends[1]):.1f}" y2="{y + 12}" stroke="black"/>',
            *(f'<line x1="{x(at):.1f}" y1="{y + 8}" x2="{x(at):.1f}" y2="{y + 16}" stroke="black"/>' for at in ends),
            f'<text x="{left + width + 8}" y="{y + 16}">{row.shown()[2]} ({row.shown()[1]})</text>',
        ]
    return "\n".join([*out, "</svg>\n"])


def check():
    missing = [package for package, there in [
        ("wrk", shutil.which("wrk")),
        ("postgresql (with pgbench; in some distributions postgresql-contrib)", postgres_programs()),
    ] if not there]
    if missing:
        sys.exit("needed and not installed, by the names of Debian's packages: " + ", ".join(missing))
    for name in ("chatgrow", "contestants"):
        if not (RELEASE / name).exists():
            sys.exit(f"{RELEASE / name} is missing: run it by `just bench`, which builds it")


def main():
    parser = argparse.ArgumentParser(description="Measures the server against what limits it.")
    parser.add_argument("mode", nargs="?", choices=["full", "quick"], default="full", help="quick writes no document")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("BENCH_SECONDS", 0)), help="of a turn")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=["reads", "writes", "scheduling", "delivery", "growth", "memory", "postgres"], help="writes no document")
    parser.add_argument("--appointments", type=int, default=10_000_000, help="that growth goes to, if only growth is measured")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    options = parser.parse_args()
    quick = options.mode == "quick"
    options.seconds = options.seconds or (1 if quick else 2)
    options.rounds = options.rounds or (2 if quick else 5)
    wanted = lambda part: not options.only or part in options.only
    check()
    started = time.monotonic()
    # Not /tmp: it is often in memory, where a durable write costs nothing.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chatgrow-bench-", dir=os.environ.get("BENCH_FOLDER", "/var/tmp")))
    try:
        facts = machine(folder)
        bench = Bench(options, folder)
        small = bench.template("small", 1_000, 1_000)
        middle = bench.template("middle", 10_000, 100_000)
        bench.learn(middle)
        if wanted("memory"):
            bench.memory(middle)
        if wanted("reads"):
            bench.reads(middle)
        if wanted("writes"):
            bench.writes(middle)
        if wanted("scheduling"):
            bench.staff_and_rooms(middle)
            bench.search(small)
        if wanted("delivery"):
            bench.delivery(small)
        if wanted("growth"):
            large = bench.template("large", 100_000, 1_000_000)
            bench.growth(small, large)
            bench.starts(large)
        # It takes an hour, so it has to be asked for.
        if options.only == ["growth"] and not quick:
            bench.growth_of_many()
        if wanted("postgres"):
            bench.postgres()
    finally:
        if options.keep:
            say(f"the databases are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    text = document(bench, facts)
    print(text)
    if not quick and not options.only:
        DOCUMENT.write_text(text)
        PLOT.write_text(plot(bench.rows))
    say(f"done in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
