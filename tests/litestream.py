#!/usr/bin/env python3
"""The machine is gone: under load, Litestream is stopped and started once, then both are killed. The replica is restored somewhere else.

    python3 tests/litestream.py CHATGROW LITESTREAM [ROUNDS] [INTERVAL]

CHATGROW and LITESTREAM are the paths of the two programs, and INTERVAL is how often Litestream looks and writes, such as 1s. Prints a row
for docs/reliability.md. Fails if the restored database is not whole, if anything is doubled or overlaps, or if something is lost that was
acknowledged before the last two intervals and two seconds. Needs Python 3.9 and no packages.
"""

import atexit
import collections
import datetime
import http.client
import itertools
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode, urlsplit

WRITERS = 8
DAY = datetime.datetime(2031, 1, 1)
Write = collections.namedtuple("Write", "key path body id at")  # without an answer, id and at are None


class Server:
    """A server on the database chatgrow.db of a folder. It prints its key only if the database is new."""

    def __init__(self, program, folder, key=None):
        env = dict(os.environ, HOST="127.0.0.1", PORT="0", DATABASE_URL=f"sqlite://{folder}/chatgrow.db", RATE_LIMIT_ENABLED="false",
                   LOG_LEVEL="warn")
        self.process = subprocess.Popen([program], env=env, cwd=folder, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.address, self.key = None, key
        for line in self.process.stdout:
            if line.strip().startswith("Docs"):
                self.address = urlsplit(line.split()[-1]).netloc
            if line.strip().startswith("API key"):
                self.key = line.split()[-1]
            if self.address and self.key:
                break

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=30)

    def call(self, connection, method, path, body=None, key=None):
        headers = {"X-API-Key": self.key, "Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        connection.request(method, "/api/webhooks" + path, body and json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    def all(self, things):
        """Every item of a list, page by page."""
        connection, found, query = self.connect(), [], {"limit": 500}
        while query.get("cursor", True):
            status, page = self.call(connection, "GET", f"/{things}?{urlencode(query)}")
            assert status == 200, page
            found += page[things]
            query["cursor"] = page["nextCursor"]
        return found


class Load:
    """Writers that create customers and book slots, of which neighbours overlap, until the server is gone."""

    slots = itertools.count()

    def __init__(self, server, name):
        self.server, self.name, self.writes = server, name, []
        self.threads = [threading.Thread(target=self.write, args=(n,)) for n in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self, writer):
        connection = self.server.connect()
        for number in itertools.count():
            key = f"{self.name}-{writer}-{number}"
            path, body = "/customers", {"email": f"{key}@example.com", "name": "Dana", "notes": key}
            if number % 4:
                # An hour, of which one begins every half an hour: about half of them are refused.
                start = DAY + datetime.timedelta(minutes=30 * next(self.slots))
                path, body = "/appointments", {"customerEmail": "dana@example.com", "date": f"{start:%Y-%m-%d}", "time": f"{start:%H:%M}",
                                               "serviceType": "consultation", "notes": key}
            try:
                status, answer = self.server.call(connection, "POST", path, body, key)
            except (OSError, http.client.HTTPException):
                self.writes.append(Write(key, path, body, None, None))
                return
            done = (answer[path[1:-1]]["id"], time.monotonic()) if status == 201 else (None, None)
            if status != 409:
                self.writes.append(Write(key, path, body, *done))

    def end(self):
        for thread in self.threads:
            thread.join()
        return self.writes


def replicate(program, folder, replica, interval):
    """Starts Litestream as docs/operations.md says, and waits for its first file."""
    # Without this, Litestream doesn't notice every gap in the WAL, and the replica is wrong from then on.
    with closing(sqlite3.connect(folder / "chatgrow.db", timeout=5)) as connection:
        while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != 0:
            time.sleep(0.1)
    (folder / "litestream.yml").write_text(f"""
logging: {{level: warn}}
dbs:
  - path: {folder}/chatgrow.db
    monitor-interval: {interval}
    replica: {{type: file, path: {replica}, sync-interval: {interval}}}
""")
    process = subprocess.Popen([program, "replicate", "-config", folder / "litestream.yml"])
    atexit.register(process.kill)
    while not list(replica.rglob("*.ltx")):
        assert process.poll() is None, "litestream ended"
        time.sleep(0.02)
    return process


def restore(chatgrow, litestream, replica, folder):
    folder.mkdir()
    database = folder / "chatgrow.db"
    subprocess.run([litestream, "restore", "-integrity-check", "full", "-o", database, f"file://{replica}"], check=True, capture_output=True)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    subprocess.run([chatgrow, "restored"], env=dict(os.environ, DATABASE_URL=f"sqlite://{database}"), check=True)


def audit(server, writes, cursor):
    """Compares what is there with the writes, and returns those acknowledged that are missing. Afterwards it repeats them all."""
    there = {thing["notes"]: thing["id"] for things in ("customers", "appointments") for thing in server.all(things) if thing["notes"]}
    appointments = sorted(server.all("appointments"), key=lambda a: a["localStart"])
    assert len(there) + 1 == len(server.all("customers")) + len(appointments), "something is doubled"
    assert all(a["localEnd"] <= b["localStart"] for a, b in zip(appointments, appointments[1:])), "appointments overlap"
    assert there.keys() <= {write.key for write in writes}, "something is there that nobody wrote"
    assert all(there.get(write.key, write.id) == write.id for write in writes if write.id), "an id has changed"
    lost = [write for write in writes if write.id and write.key not in there]
    connection = server.connect()
    status, answer = server.call(connection, "GET", f"/changes?after={cursor}")
    assert status == 410 and answer["error"] == "CURSOR_EXPIRED", answer
    # Lost writes are done once more, those that are there are answered from their records, those without an answer are either, or refused.
    for write in sorted(writes, key=lambda write: write.at or time.monotonic()):
        status, answer = server.call(connection, "POST", write.path, write.body, write.key)
        assert status == 201 or (status == 409 and not write.id), answer
        assert write.key not in there or answer[write.path[1:-1]]["id"] == there[write.key], "done twice"
    return lost


def main(chatgrow, litestream, rounds=20, interval="1s"):
    seconds = float(interval[:-2]) / 1000 if interval.endswith("ms") else float(interval[:-1])
    acknowledged, lost, ages = 0, [], []
    for number in range(int(rounds)):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "gone").mkdir()
            server = Server(chatgrow, folder / "gone")
            assert server.call(server.connect(), "POST", "/customers", {"email": "dana@example.com", "name": "Dana"})[0] == 201
            cursor = server.call(server.connect(), "GET", "/changes?after=now")[1]["nextCursor"]
            sidecar = replicate(litestream, folder / "gone", folder / "replica", interval)
            load = Load(server, f"round-{number}")
            time.sleep(random.uniform(1, 3))
            sidecar.send_signal(random.choice([signal.SIGKILL, signal.SIGTERM]))
            sidecar.wait()  # and the server goes on
            time.sleep(random.uniform(0, 3))
            sidecar = replicate(litestream, folder / "gone", folder / "replica", interval)
            time.sleep(random.uniform(2 * seconds + 1, 2 * seconds + 4))
            gone = time.monotonic()
            for process in random.sample([sidecar, server.process], 2):
                process.kill()
            writes = load.end()
            sidecar.wait(), server.process.wait()

            restore(chatgrow, litestream, folder / "replica", folder / "new")
            server = Server(chatgrow, folder / "new", server.key)
            missing = audit(server, writes, cursor)
            server.process.terminate()
            assert server.process.wait() == 0
            acknowledged += sum(write.id is not None for write in writes)
            lost.append(len(missing))
            ages.append(max((gone - write.at for write in missing), default=0))
            assert ages[-1] <= 2 * seconds + 2, f"lost: acknowledged {ages[-1]:.1f} s before the kill"
            print(f"round {number}: {len(writes)} writes, {lost[-1]} lost, the oldest {ages[-1]:.2f} s old", file=sys.stderr)
    lost, ages = (" / ".join(f"{round(of(numbers), 2):g}" for of in (min, statistics.median, max)) for numbers in (lost, ages))
    print(f"| {interval} | {rounds} | {acknowledged} | {lost} | {ages} s | 0 | 0 |")


if __name__ == "__main__":
    main(*map(os.path.abspath, sys.argv[1:3]), *sys.argv[3:])
