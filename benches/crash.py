#!/usr/bin/env python3
"""kill -9 at random moments of a run, again and again, on one database: what the next start makes of it.

Each round starts the server, looks at what became of the run that died in the round before, starts a new run, and kills the
server 0.05 to 4 s later. In one round of five a further server dies within its first 20 ms, in the middle of the recovery.
The dead database is examined as a copy, with its write-ahead log in place, so that the server does the recovery and not
this program.

Before that, clients that cut off their own start after 0 to 1.2 ms, 1,000 times (`--aborted-starts`): none may leave a run
that nobody drives. After it, a run whose result meets a locked database: it waits, says so, and is stored.
"""
import argparse, json, os, random, shutil, socket, sqlite3, statistics, time, uuid

from release_server import SETTINGS, Checks, Server, pass_time, prove, request_bytes

SOONEST, LATEST = 0.05, 4
# The writers keep a row for 250 ms before they write it. A crash may cost that, an unfinished write, and what is in flight.
LOST_SECONDS = 1
ENDS = """
WITH ends AS (
    SELECT seq, fate FROM ledger WHERE run = :run
    UNION ALL
    SELECT seq, CAST(min(status) AS TEXT) FROM recorded_requests
    WHERE run = :run AND seq NOT IN (SELECT seq FROM ledger WHERE run = :run) GROUP BY seq
)
SELECT count(*), coalesce(sum(fate <> 'cancelled'), 0), coalesce(sum(fate LIKE '2__'), 0) FROM ends
"""


def expected_totals(connection, run):
    """What the recovery has to make of a run's rows: sent = all that either side knows of; an end = what the client noted,
    but for cancelled ones, else what the server recorded; 2xx is ok."""
    sent, ended, ok = connection.execute(ENDS, {"run": uuid.UUID(run).bytes}).fetchone()
    return {"sent": sent, "totalRequests": ended, "successfulRequests": ok, "failedRequests": ended - ok}


class Dead:
    """What a killed server left: looked at in a copy."""

    def __init__(self, server, run, sent):
        self.run, self.sent = run, sent
        place = os.path.join(server.folder, "dead")
        os.mkdir(place)
        try:
            for end in ("", "-wal"):
                shutil.copy(server.database + end, os.path.join(place, "proof.db" + end))
            self.log_bytes = os.path.getsize(os.path.join(place, "proof.db-wal"))
            connection = sqlite3.connect(os.path.join(place, "proof.db"))
            self.integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
            self.totals = expected_totals(connection, run)
            self.rows = connection.execute("SELECT count(*) FROM recorded_requests WHERE run = ?", (uuid.UUID(run).bytes,)).fetchone()[0]
            self.users = connection.execute("SELECT count(*) FROM users WHERE run IS NOT NULL").fetchone()[0]
            connection.close()
        finally:
            shutil.rmtree(place)


def read_only(server):
    return sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)


def people(server):
    """Every user, as it stands in the database."""
    connection = read_only(server)
    try:
        return connection.execute("SELECT id, name, email, created_at, updated_at, run FROM users ORDER BY id").fetchall()
    finally:
        connection.close()


def most_in_a_second(server):
    connection = read_only(server)
    times = [at for (at,) in connection.execute("SELECT arrived_at FROM recorded_requests WHERE run IS NOT NULL ORDER BY arrived_at")]
    connection.close()
    first = most = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1_000_000:
            first += 1
        most = max(most, last - first + 1)
    return most, len(times)


def examine(server, dead, users, checks):
    """What the restarted server says of the run that died."""
    job = server.job(dead.run)
    state = (job["status"], job.get("reason"), job["closed"])
    checks.tally("the run that died is error/interrupted and closed", state == ("error", "interrupted", True), state)
    left = people(server)
    checks.tally("no user of a run is left, and the others are as they were", left == users, f"{len(left)} users, {sum(row[5] is not None for row in left)} of runs")
    if options.totals:
        shown = {name: job["stats"][name] for name in dead.totals}
        good = shown == dead.totals and shown["sent"] >= dead.rows
        checks.tally("its totals are those of its rows", good, f"shown {shown}, rows {dead.totals}, recorded {dead.rows}")
        stats = job["stats"]
        whole = stats["planned"] == stats["sent"] + stats["missed"] + stats["notReached"] and stats["sent"] == stats["totalRequests"] + stats["cancelled"]
        sums = {name: stats[name] for name in ("planned", "sent", "missed", "notReached", "totalRequests", "cancelled")}
        checks.tally("planned = sent + missed + not reached, sent = total + cancelled", whole, sums)


def life(folder, checks, dead, users, chance):
    """One start, and its end by kill -9."""
    if dead and chance.random() < 0.2:
        with Server(folder, patience=0):
            time.sleep(chance.uniform(0, 0.02))
    with Server(folder) as server:
        if dead:
            examine(server, dead, users, checks)
        status, text = server.request("POST", "/traffic/start", SETTINGS)
        checks.tally("a new run is accepted at once", status == 201, f"{status} {text}")
        if status != 201:
            raise SystemExit(checks.exit_code() or 1)
        run = json.loads(text)["jobId"]
        time.sleep(chance.uniform(SOONEST, LATEST))
        sent = server.job(run)["stats"]["sent"]
        server.kill()
        dead = Dead(server, run, sent)
        checks.tally("the dead database is whole, with its write-ahead log", dead.integrity == "ok" and dead.log_bytes > 0, f"{dead.integrity}, {dead.log_bytes} bytes of log")
        return dead, server.up_after


def aborted_starts(folder, checks, chance):
    """Starts that their own clients cut off. A start that was heard becomes a run that can be stopped and is closed."""
    begun = 0
    with Server(folder) as server:
        request = request_bytes(server.port, "/traffic/start", SETTINGS)
        for number in range(options.aborted_starts):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(request)
                pass_time(chance.uniform(0, 0.0012))
            # Refused because of the run that was begun, or a run of its own: either is named.
            status, text = server.request("POST", "/traffic/start", SETTINGS)
            run = json.loads(text).get("jobId")
            begun += status == 409
            checks.tally("after a start that was cut off, the next is accepted or names the run", status in (201, 409) and run, f"{status} {text}")
            server.request("POST", f"/traffic/stop/{run}")
            job = server.closed(run, patience=10)
            checks.tally("whichever run there is can be stopped and is closed", job["closed"], job)
            if not job["closed"]:
                raise SystemExit(checks.exit_code() or 1)
        connection = read_only(server)
        unclosed = connection.execute("SELECT count(*) FROM runs WHERE closed = 0").fetchone()[0]
        connection.close()
    checks.settle()
    checks(f"{begun} of {options.aborted_starts} starts that were cut off had begun; runs that are open: {unclosed}", begun > 0 and unclosed == 0)


def locked_database(folder, checks):
    """The database is locked while a run is closed, for longer than any single attempt to store it."""
    with Server(folder) as server:
        run = server.start(duration=60, maxRps=2)
        time.sleep(2)
        holder = sqlite3.connect(server.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        server.request("POST", f"/traffic/stop/{run}")
        deadline = time.monotonic() + 90
        while not (job := server.job(run)).get("unstored") and time.monotonic() < deadline:
            time.sleep(0.2)
        checks(f"a result that meets a locked database waits: {job['status']}, closed: {job['closed']}", job.get("unstored") is True and not job["closed"])
        time.sleep(20)
        status, text = server.request("POST", "/traffic/start", SETTINGS)
        checks(f"a start says so: {status}", status == 409 and "finished, not stored yet" in text)
        holder.rollback()
        holder.close()
        job = server.closed(run, patience=15)
        checks(f"and it is stored when the lock is gone: {job['status']}, closed: {job['closed']}", job["closed"])
        checks("the next run starts", server.closed(server.start(duration=5))["status"] == "completed")


def main(folder):
    checks, chance, began = Checks(), random.Random(options.seed), time.monotonic()
    print(f"seed {options.seed}", flush=True)
    for part in ("aborted", "locked"):
        os.mkdir(os.path.join(folder, part))
    aborted_starts(os.path.join(folder, "aborted"), checks, chance)
    with Server(folder) as server:
        ours = {"name": "Not of a run", "email": "somebody@example.com"}
        checks("a user of ours is created", server.request("POST", "/api/v1/users", ours)[0] == 201)
        users = people(server)
        checks(f"{len(users)} users before", len(users) == 51)
    dead, ups, lost, of_runs = None, [], [], 0
    for number in range(options.rounds):
        dead, up_after = life(folder, checks, dead, users, chance)
        ups.append(up_after)
        lost.append(dead.sent - dead.totals["sent"])
        of_runs += dead.users > 0
        if (number + 1) % 10 == 0:
            print(f"       {number + 1} rounds in {time.monotonic() - began:.0f} s", flush=True)
    with Server(folder) as server:
        examine(server, dead, users, checks)
        most, requests = most_in_a_second(server)
        connection = read_only(server)
        runs, unclosed = connection.execute("SELECT count(*), sum(closed = 0) FROM runs").fetchone()
        connection.close()
        code, _ = server.terminate()
    checks.settle()
    checks(f"{runs} runs in the database, {unclosed} of them not closed", (runs, unclosed) == (options.rounds, 0))
    checks(f"most in any second over all deaths: {most} of {requests} recorded requests", most <= 20 and requests > 0)
    checks(f"{of_runs} of the deaths left users of a run behind, so there was something to remove", of_runs > 0 or options.rounds < 5)
    checks(f"a death costs the accounts a median of {statistics.median(lost)} requests, at most {max(lost)} (allowed: {20 * LOST_SECONDS})", max(lost) <= 20 * LOST_SECONDS)
    checks(f"up again after a median of {1000 * statistics.median(ups):.0f} ms, at most {1000 * max(ups):.0f} ms", max(ups) <= 2)
    checks(f"and it ends as usual: exit code {code}", code == 0)
    if options.locked:
        locked_database(os.path.join(folder, "locked"), checks)
    print(f"{options.rounds} rounds in {time.monotonic() - began:.0f} s, seed {options.seed}")
    return checks.exit_code()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("rounds", type=int, nargs="?", default=100)
parser.add_argument("--seed", type=int, default=random.randrange(2**32))
parser.add_argument("--totals", action=argparse.BooleanOptionalAction, default=True, help="compare the totals of a run that died with its rows")
parser.add_argument("--aborted-starts", type=int, default=1000, help="starts that their own client cuts off")
parser.add_argument("--locked", action=argparse.BooleanOptionalAction, default=True, help="a result that meets a locked database")
options = parser.parse_args()
if options.rounds < 1:
    parser.error("at least one round")
if options.aborted_starts < 1:
    parser.error("at least one start")
prove(main, 240 + 8 * options.rounds + options.aborted_starts)
