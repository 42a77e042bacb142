"""Too many slow clients, and a database that another process holds: what still works, and what comes back.

(a) 400 connections that send one byte of a head per second; (b) 600 of them, more than one peer may hold; (c) the
database locked for 3 s in mid-run; (d) locked for 30 s; (e) Stop while 300 bodies trickle into the users API. (f) places
of live streams that are never read, and (g) those of bodies that trickle, are free again within half a minute; (h) a disk
that is full in mid-run and has room again later (needs root).
One peer (127.0.0.9, so Linux only) against the others: (i) 520 sockets that ask a little every 4 s; (j) 300 bodies that
trickle; (k) both, and 300 heads that trickle. Beside each of them a run loses nothing, healthz and Stop are as quick as ever.
"""
import contextlib, json, os, resource, socket, subprocess, sys, tempfile, time

from checks import percentile
from database import locked, one, reading
from release_server import Server
from subscribers import Subscribers
from trickle import Trickle

HEAD_TIMEOUT, PATIENCE = 10, 30
OTHER = "127.0.0.9"
# How many connections one peer may hold, and how many bodies it may be sending.
OF_ONE_PEER, BODIES = 448, 64
GET = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: "
BODY = b"POST /api/v1/users HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 16000\r\n\r\n"


def ask(server, path, seconds, every=0.1, timeout=5):
    """Asks again and again: how many answers were 200, how many were asked for, and the seconds each took."""
    end, good, took = time.monotonic() + seconds, 0, []
    while (began := time.monotonic()) < end:
        status, lasted = server.timed("GET", path, timeout)
        good += status == 200
        took.append(lasted)
        time.sleep(max(0, began + every - time.monotonic()))
    return good, len(took), took


def slow_heads(server, checks):
    with contextlib.closing(Trickle(server.port, 400, HEAD[:1], HEAD[1:], 1)) as slow:
        good, asked, took = ask(server, "/healthz", 15)
        checks(f"(a) 400 slow heads: {good} of {asked} times healthz within 200 ms, p99 {1000 * percentile(took, 99):.1f} ms, at most {1000 * max(took):.1f} ms", good == asked > 100 and max(took) <= 0.2)
        longest = max(slow.lives, default=0)
        checks(f"(a) {len(slow.lives)} of 400 are closed by the server, after {min(slow.lives, default=0):.1f} to {longest:.1f} s", len(slow.lives) == 400 and longest <= HEAD_TIMEOUT + 1.5)


def too_many(server, checks):
    with contextlib.closing(Trickle(server.port, 600, HEAD[:1], HEAD[1:], 1)) as slow:
        good, asked, took = ask(server, "/healthz", 15)
        checks(f"(b) 600 slow heads: {good} of {asked} times healthz within 200 ms, p99 {1000 * percentile(took, 99):.1f} ms, at most {1000 * max(took):.1f} ms", good == asked > 100 and max(took) <= 0.2)
        early = sum(life < HEAD_TIMEOUT - 1 for life in slow.lives)
        checks(f"(b) {early} of them had to make room before their {HEAD_TIMEOUT} s were over, all are closed: {len(slow.lives) == 600}", early >= 600 - OF_ONE_PEER and len(slow.lives) == 600)


def outcome(job):
    """What its audit found."""
    return (job["stats"].get("audit") or {}).get("outcome")


def short_lock(server, checks):
    run = server.start(duration=12)
    time.sleep(4)
    with locked(server, "BEGIN EXCLUSIVE"):
        time.sleep(3)
    job = server.closed(run, 40)
    stats, audit = job["stats"], job["stats"].get("audit") or {}
    checks(f"(c) locked for 3 s: the run is {job['status']}, {stats['sent']} sent, {stats['failedRequests']} failed, {stats['missed']} missed, response max {stats['response']['ok']['max'] or 0:.0f} ms", job["status"] == "completed")
    # Otherwise the lock was not felt, and nothing is proven.
    checks("(c) some answer had to wait for the lock", max(stats["response"][kind]["max"] or 0 for kind in ("ok", "failed")) >= 2000)
    checks(f"(c) audit {audit.get('outcome')}, {audit.get('recorded')} rows recorded, dropped {audit.get('dropped')} and {audit.get('ledgerDropped')} of the ledger", audit.get("outcome") == "verified" and audit["dropped"] == audit["ledgerDropped"] == 0)


def long_lock(server, checks):
    run = server.start(duration=20)
    time.sleep(3)
    asked, ended, began = {"/": [], "/healthz": []}, None, time.monotonic()
    with locked(server, "BEGIN EXCLUSIVE"):
        while (now := time.monotonic()) < began + 30:
            for path, answers in asked.items():
                answers.append(server.timed("GET", path, timeout=5))
            with contextlib.suppress(OSError):
                if ended is None and server.job(run)["status"] not in ("starting", "running"):
                    ended = time.monotonic() - began
            time.sleep(max(0, now + 0.25 - time.monotonic()))
    for path, answers in asked.items():
        good, slowest = sum(status == 200 for status, _ in answers), max(seconds for _, seconds in answers)
        checks(f"(d) locked for 30 s: {path} is 200 in {good} of {len(answers)}, at most {1000 * slowest:.0f} ms", good == len(answers) > 10)
    job = server.closed(run, 40)
    when = f"ended {ended:.1f} s after the lock" if ended else "ended after the lock was gone"
    checks(f"(d) the run {when}, is {job['status']}/{job.get('reason')}, closed: {job['closed']}, {time.monotonic() - began - 30:.1f} s after the lock was gone", (job["status"], job.get("reason"), job["closed"]) == ("error", "storage", True))
    audit = job["stats"].get("audit") or {}
    print(f"       its audit: {audit.get('outcome')}, {audit.get('sent')} sent, {audit.get('recorded')} recorded, {audit.get('dropped')} dropped, {audit.get('ledgerDropped')} of the ledger")
    with reading(server) as connection:
        status, closed = one(connection, "SELECT status, closed FROM runs ORDER BY start_time DESC LIMIT 1")
    checks(f"(d) the database has it as {status}, closed: {bool(closed)}", (status, closed) == ("error", 1))
    again = server.closed(server.start(patience=20, duration=5))
    checks(f"(d) a new run works: {again['status']}, audit {outcome(again)}", (again["status"], outcome(again)) == ("completed", "verified"))


def stops(server):
    """Starts a run and stops it, five times: the longest that a stop took, and whether all did what they should."""
    took, good = [], []
    for _ in range(5):
        run = server.start(patience=10)
        time.sleep(1.6)
        code, seconds = server.timed("POST", f"/traffic/stop/{run}")
        took.append(seconds)
        good.append(code == 200 and server.job(run)["status"] == "cancelled")
        closed = server.closed(run, 10)
        good.append(closed["closed"] and closed["stats"]["sent"] > 0)
    return max(took), all(good)


def stop_while_busy(server, checks):
    with contextlib.closing(Trickle(server.port, 300, BODY + b'{"name":"', b"", 1)) as slow:
        time.sleep(1)
        status, text = server.request("GET", "/api/v1/users")
        refused = slow.answers.count(b"503")
        checks(f"(e) 300 slow bodies: {refused} of them were refused, and the users API answers {status}", status == 200 and refused == 300 - BODIES)
        took, good = stops(server)
        checks(f"(e) five stops took at most {1000 * took:.1f} ms, each was cancelled and closed: {good}", took <= 0.5 and good)


def free_again(server, path, patience=PATIENCE):
    """Seconds until a path that is refused for want of a place answers again, or None."""
    began = time.monotonic()
    while time.monotonic() < began + patience:
        # A stream has no end yet: that it begins is enough.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode())
            if connection.recv(64)[9:12] == b"200":
                return time.monotonic() - began
        time.sleep(0.25)
    return None


def after(value):
    return f"not within {PATIENCE} s" if value is None else f"after {value:.1f} s"


def unread_streams(server, checks):
    run = server.start(scenario="error-injection", duration=30)
    with contextlib.closing(Subscribers()) as crowd:
        for _ in range(64):
            crowd.add(server.port, run, reads=False)
        time.sleep(1)
        status = server.timed("GET", f"/traffic/stream/{run}", timeout=2)[0]
        checks(f"(f) 64 streams that are never read: one more is answered {status}", status == 503)
        closed = server.closed(run, 45)["closed"]
        back = free_again(server, f"/traffic/stream/{run}")
        checks(f"(f) the run is closed: {closed}, and a place is free {after(back)}", closed and back is not None)


def slow_bodies(server, checks):
    with contextlib.closing(Trickle(server.port, 300, BODY + b'{"name":"', b"", 1)) as slow:
        began, status, times = time.monotonic(), 503, 0
        time.sleep(1)
        while status == 503 and time.monotonic() < began + PATIENCE:
            status, _ = server.request("POST", "/api/v1/users", {"name": "Ada", "email": "ada@example.com"})
            times += status == 503
            time.sleep(0.25)
        checks(f"(g) 300 bodies that trickle: one more is refused {times} times, and answered {status} after {time.monotonic() - began:.1f} s", times > 0 and status == 201)
        checks(f"(g) {slow.answers.count(b'408')} of them were too slow", slow.answers.count(b"408") == BODIES)


def beside(server, checks, part, words, *crowds):
    """What one peer does, and how the others fare meanwhile."""
    with contextlib.ExitStack() as stack:
        for count, at_once, then, interval, whole in crowds:
            crowd = Trickle(server.port, count, at_once, then, interval, OTHER, True, whole)
            stack.enter_context(contextlib.closing(crowd))
        run = server.start(duration=12)
        good, asked, took = ask(server, "/healthz", 14)
        checks(f"({part}) {words}: {good} of {asked} times healthz to another, p99 {1000 * percentile(took, 99):.1f} ms, at most {1000 * max(took):.1f} ms", good == asked > 100 and max(took) <= 0.2)
        job = server.closed(run)
        stats = job["stats"]
        checks(f"({part}) a run beside it: {job['status']}, {stats['sent']} sent, {stats['failedRequests']} failed, {stats['missed']} missed", job["status"] == "completed" and stats["failedRequests"] == 0 < stats["sent"])
        took, good = stops(server)
        checks(f"({part}) five stops beside it took at most {1000 * took:.1f} ms, each was cancelled and closed: {good}", took <= 0.2 and good)


IDLE = (520, GET, GET, 4, True)
SLOW_BODIES = (300, BODY + b"{", b"", 1, False)
SLOW_HEADS = (300, HEAD[:1], HEAD[1:], 1, False)


def idle_sockets(server, checks):
    beside(server, checks, "i", "520 sockets of one peer that ask a little", IDLE)


def bodies_of_one(server, checks):
    beside(server, checks, "j", "300 bodies of one peer that trickle", SLOW_BODIES)


def all_of_one(server, checks):
    beside(server, checks, "k", "all of it, and 300 heads that trickle", IDLE, SLOW_BODIES, SLOW_HEADS)


def fill(path):
    """Writes until the disk is full."""
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as ballast:
        while ballast.write(bytes(4096)):
            pass


def full_disk(server, checks):
    run, ballast = server.start(), os.path.join(server.folder, "ballast")
    time.sleep(3)
    fill(ballast)
    began, up = time.monotonic(), []
    while (job := server.job(run))["status"] in ("starting", "running") and time.monotonic() < began + 30:
        up += [server.timed("GET", path)[0] for path in ("/", "/healthz", f"/runs/{run}")]
        time.sleep(0.25)
    checks(f"(h) disk full: the run is {job['status']}/{job.get('reason')} after {time.monotonic() - began:.1f} s", (job["status"], job.get("reason")) == ("error", "storage"))
    checks(f"(h) pages and healthz were 200 in {up.count(200)} of {len(up)}", len(up) > 10 and set(up) == {200})
    status, text = server.request("POST", "/api/v1/users", {"name": "Ada", "email": "ada@example.com"})
    checks(f"(h) a write is answered {status}: {json.loads(text)['detail']}", status == 503)
    os.remove(ballast)
    job = server.closed(run, 60)
    audit = job["stats"].get("audit") or {}
    checks(f"(h) with room again it is closed: {job['closed']}, as {job['status']}/{job.get('reason')}, audit {audit.get('outcome')}, dropped {audit.get('dropped')} and {audit.get('ledgerDropped')} of the ledger", job["closed"] and job.get("reason") == "storage" and audit.get("outcome") == ("incomplete" if audit["dropped"] + audit["ledgerDropped"] else "verified"))
    again = server.closed(server.start(patience=20, duration=5))
    checks(f"(h) a new run works: {again['status']}, audit {outcome(again)}", (again["status"], outcome(again)) == ("completed", "verified"))
    with reading(server) as connection:
        checks("(h) integrity_check is ok", one(connection, "PRAGMA integrity_check") == "ok")


@contextlib.contextmanager
def small_disk(place, wanted):
    """A disk of 8 MB at `place`, for the part that fills it (needs root). A real file system: on a tmpfs that is full,
    the memory that SQLite shares between its connections could not grow either, and that kills."""
    image = place + ".img"
    if wanted:
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try:
        yield
    finally:
        if wanted:
            subprocess.run(["umount", "--lazy", place], check=True)
            os.remove(image)


PARTS = {"a": slow_heads, "b": too_many, "c": short_lock, "d": long_lock, "e": stop_while_busy, "f": unread_streams, "g": slow_bodies, "h": full_disk, "i": idle_sockets, "j": bodies_of_one, "k": all_of_one}


def add_options(parser):
    # Not by `choices`, which Python before 3.12 does not take for a list that may be empty.
    parser.add_argument("parts", nargs="*", metavar="PART", help="a to k (default: all)")


def seconds(_):
    return 720


def prove(folder, options, checks):
    if unknown := set(options.parts) - set(PARTS):
        raise SystemExit(f"there is no part {', '.join(sorted(unknown))}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096 if hard == resource.RLIM_INFINITY else min(hard, 4096), hard))
    sys.setswitchinterval(0.0005)
    for part in options.parts or PARTS:
        # A server of its own for each, so that one says nothing about the other.
        with tempfile.TemporaryDirectory(dir=folder) as place, small_disk(place, part == "h"), Server(place) as server:
            PARTS[part](server, checks)
            alive = server.process.poll() is None
            code, took = server.terminate()
            checks(f"({part}) the server ends as usual: exit code {code} after {took:.2f} s", alive and code == 0 and took <= 5)
