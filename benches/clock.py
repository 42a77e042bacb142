#!/usr/bin/env python3
"""A wall clock that is set: what a run's verdict, the stored rows, the memory and the request log make of it.

libfaketime moves the wall clock of a release server, by a file that it reads each time; the steady clock goes on as it
is. Each step is tried in mid-run, between two runs, at the start, and between a kill in mid-run and the next start.
"""
import argparse, contextlib, functools, glob, json, os, sqlite3, tempfile, time

from release_server import Checks, Server, prove

DAY = 86_400
# How far the clock is off before the step, and how far after it, in seconds; `None` is 1970.
STEPS = {"back-1h": (0, -3600), "ahead-1h": (0, 3600), "ahead-40d": (0, 40 * DAY), "from-1970": (None, 0)}
# More than this is no server at rest with a run of half a minute. It is the peak of a process, in KiB.
MOST_MEMORY = 200_000
DURATION = 6


@functools.cache
def library():
    """libfaketime in its version for programs with threads, or what to do when it is not there."""
    for pattern in ("/usr/lib/*/faketime", "/usr/lib*/faketime", "/usr/local/lib/faketime"):
        for found in glob.glob(os.path.join(pattern, "libfaketimeMT.so.1")):
            return found
    raise SystemExit("clock-proof: libfaketime is missing; install it (Debian, Ubuntu: apt-get install faketime; Fedora: dnf install libfaketime)")


class Clock:
    """The wall clock of the servers in a folder."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "clock")
        self.off = 0
        self.set(0)

    def set(self, off):
        """So many seconds from the real one; `None` is 1970, a minute after its begin."""
        self.off = 60 - int(time.time()) if off is None else off
        with open(self.file + ".new", "w") as file:
            file.write(f"{self.off:+d}\n")
        os.replace(self.file + ".new", self.file)

    def now(self):
        return time.time() + self.off

    def environment(self):
        return {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": self.file,
            "FAKETIME_NO_CACHE": "1",
            # Or timers would be shifted, too: only the wall clock is to move.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


@contextlib.contextmanager
def serving(folder, clock):
    """A server whose wall clock is `clock`."""
    before = {name: os.environ.get(name) for name in clock.environment()}
    os.environ.update(clock.environment())
    try:
        server = Server(folder)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    with server:
        yield server


def outcome(stats, part):
    return (stats.get(part) or {}).get("outcome")


def rows(server):
    """How many requests, roll-ups and runs are stored."""
    connection = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)
    try:
        tables = ("recorded_requests", "rollups", "runs", "ledger")
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    finally:
        connection.close()


def peak(server):
    """The most memory that the process ever had, in KiB."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def log(server, query=""):
    return json.loads(server.request("GET", f"/fn/metrics/log{query}")[1])["Found"]


def newest_first(server, clock, checks, name):
    """A request of now is the first on the first page of the log, within the second that a row may take."""
    server.request("GET", "/api/v1/users/error?errorRate=0")
    deadline, first = time.monotonic() + 3, {}
    while time.monotonic() < deadline and not (first.get("route") == "/api/v1/users/error" and abs(first["at"] / 1e6 - clock.now()) < 5):
        time.sleep(0.1)
        first = (log(server)["requests"] or [{}])[0]
    at = first.get("at", 0) / 1e6 - clock.now()
    checks(f"{name}: the newest request is the first of the log, {at:+.1f} s from now", first.get("route") == "/api/v1/users/error" and abs(at) < 5)


def healthy(server, checks, name, before):
    kib, after = peak(server), rows(server)
    checks(f"{name}: the peak of memory is {kib / 1024:.0f} MiB", kib <= MOST_MEMORY)
    lost = {table: after[table] - count for table, count in before.items() if after[table] < count}
    checks(f"{name}: nothing is removed ({after['recorded_requests']} requests, {after['rollups']} roll-ups, {after['runs']} runs)", not lost)
    return after


def verdict(server, checks, name, run):
    job = server.closed(run, 30)
    stats = job["stats"]
    said = (job["status"], job["closed"], outcome(stats, "audit"), outcome(stats, "dashboardCheck"))
    checks(f"{name}: the run is {', '.join(map(str, said))}, {stats['sent']} sent", said == ("completed", True, "verified", "right") and stats["sent"] > 0)
    lasted = (job["endTime"] or 0) - job["startTime"]
    checks(f"{name}: it ended {lasted / 1000:.1f} s after its start", 0 <= lasted <= (DURATION + 5) * 1000)


def mid_run(folder, clock, step, checks):
    name, (before, after) = f"{step} in mid-run", STEPS[step]
    clock.set(before)
    with serving(folder, clock) as server:
        stored = rows(server)
        run = server.start(duration=DURATION)
        time.sleep(DURATION / 2 + 1)
        clock.set(after)
        verdict(server, checks, name, run)
        newest_first(server, clock, checks, name)
        healthy(server, checks, name, stored)
        checks(f"{name}: the server ends as usual", server.terminate()[0] == 0)


def between_runs(folder, clock, step, checks):
    name, (before, after) = f"{step} between runs", STEPS[step]
    clock.set(before)
    with serving(folder, clock) as server:
        verdict(server, checks, f"{name}, the first", server.start(duration=DURATION))
        stored = rows(server)
        clock.set(after)
        verdict(server, checks, f"{name}, the second", server.start(patience=5, duration=DURATION))
        newest_first(server, clock, checks, name)
        if clock.off < (before or 0):
            future, said = log(server)["future"], "in the future, because the clock was ahead" in server.request("GET", "/requests")[1]
            checks(f"{name}: {future} requests are of the future, and the log says so: {said}", said and 0 < future <= stored["recorded_requests"])
        healthy(server, checks, name, stored)
        checks(f"{name}: the server ends as usual", server.terminate()[0] == 0)


def at_start(folder, clock, step, checks):
    name, (before, after) = f"{step} between two starts", STEPS[step]
    clock.set(before)
    with serving(folder, clock) as server:
        verdict(server, checks, f"{name}, before", server.start(duration=DURATION))
        stored = rows(server)
        server.terminate()
    clock.set(after)
    with serving(folder, clock) as server:
        stored = healthy(server, checks, f"{name}, at once", stored)
        verdict(server, checks, f"{name}, after", server.start(duration=DURATION))
        newest_first(server, clock, checks, name)
        # The first look for what is too old would have come by now, but for the rest after a start.
        healthy(server, checks, name, stored)
        server.terminate()


def recovery(folder, clock, step, checks):
    name, (before, after) = f"{step} in the recovery of a killed run", STEPS[step]
    clock.set(before)
    with serving(folder, clock) as server:
        stored = rows(server)
        run = server.start(duration=60)
        time.sleep(3)
        server.kill()
    # Rows of the client that were not written in time are taken from the server's: here, all of them.
    connection = sqlite3.connect(server.database)
    connection.execute("DELETE FROM ledger")
    stored["ledger"] = 0
    connection.commit()
    connection.close()
    clock.set(after)
    with serving(folder, clock) as server:
        job = server.job(run)
        state = (job["status"], job.get("reason"), job["closed"])
        checks(f"{name}: it is {', '.join(map(str, state))}, {job['stats']['sent']} sent", state == ("error", "interrupted", True) and job["stats"]["sent"] > 0)
        lasted = (job["endTime"] or 0) - job["startTime"]
        checks(f"{name}: it ended {lasted / 1000:.1f} s after its start", 0 <= lasted <= 66_000)
        healthy(server, checks, name, stored)
        newest_first(server, clock, checks, name)
        verdict(server, checks, f"{name}, the next run", server.start(duration=DURATION))
        server.terminate()


def recovery_over_a_step(folder, clock, step, checks):
    """The clock is set in mid-run, and only then the process is killed: rows of one run are of both times."""
    name, (before, after) = f"{step} in a run that is killed later", STEPS[step]
    clock.set(before)
    with serving(folder, clock) as server:
        stored = rows(server)
        run = server.start(duration=60)
        time.sleep(3)
        clock.set(after)
        time.sleep(2)
        server.kill()
    connection = sqlite3.connect(server.database)
    connection.execute("DELETE FROM ledger")
    stored["ledger"] = 0
    connection.commit()
    connection.close()
    with serving(folder, clock) as server:
        job = server.job(run)
        lasted = (job["endTime"] or 0) - job["startTime"]
        checks(f"{name}: it is {job['status']}, {job['stats']['sent']} sent, {lasted / 1000:.1f} s long", job["closed"] and job["stats"]["sent"] > 0 and 0 <= lasted <= 66_000)
        healthy(server, checks, name, stored)
        server.terminate()


def pruning(folder, clock, step, checks):
    """What goes once a server has been up for ten minutes: what is too old by both clocks, and nothing else."""
    name, (before, after) = f"{step}, and twelve minutes", STEPS[step]
    clock.set(before)
    with serving(folder, clock) as server:
        verdict(server, checks, f"{name}, before", server.start(duration=DURATION))
        server.terminate()
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM recorded_requests").fetchone()
        connection.execute("INSERT INTO recorded_requests SELECT id, arrived_at - ?, method, route, status, duration_us, origin, run, seq FROM recorded_requests", (10 * DAY * 1_000_000,))
        connection.commit()
    clock.set(after)
    with serving(folder, clock) as server:
        stored = rows(server)
        checks(f"{name}: {stored['recorded_requests']} requests, {count} of them ten days old", stored["recorded_requests"] == 2 * count > 0)
        time.sleep(540)
        healthy(server, checks, f"{name}, after nine", stored)
        time.sleep(180)
        left = rows(server)
        checks(f"{name}: {left['recorded_requests']} requests, {left['rollups']} roll-ups and {left['runs']} runs are left", left == stored | {"recorded_requests": count})
        server.terminate()


MOMENTS = {"mid-run": mid_run, "between-runs": between_runs, "start": at_start, "recovery": recovery, "recovery-over-a-step": recovery_over_a_step, "pruning": pruning}
# Twelve minutes for each step are only for those who ask for them.
USUAL = [moment for moment in MOMENTS if moment != "pruning"]


def main(folder):
    library()
    checks, began = Checks(), time.monotonic()
    for step in options.steps:
        for moment in options.moments:
            # A server of its own for each, so that one says nothing about the other.
            with tempfile.TemporaryDirectory(dir=folder) as place:
                MOMENTS[moment](place, Clock(place), step, checks)
    print(f"{len(options.steps)} steps at {len(options.moments)} moments in {time.monotonic() - began:.0f} s")
    return checks.exit_code()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS), metavar="STEP", help=f"of {', '.join(STEPS)}")
parser.add_argument("--moments", nargs="+", choices=MOMENTS, default=USUAL, metavar="MOMENT", help=f"of {', '.join(MOMENTS)}")
options = parser.parse_args()
prove(main, 900 + 800 * len(options.steps) * ("pruning" in options.moments))
