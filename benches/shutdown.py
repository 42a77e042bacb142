#!/usr/bin/env python3
"""SIGTERM in mid-run with open streams, again and again: an orderly end within five seconds, with nothing lost.

Each round starts the server on the same database, starts a run with five subscribers of its live stream, and sends SIGTERM
1.2 to 4 s later. Then two harder ends: with clients that hold their connections open, and a second SIGTERM while the first
one waits for a database that another process has locked. Then starts within 3 ms of the SIGTERM, 1,000 times (`--starts`): each
is refused, or closed when the server has ended. Last, a database that stays locked: the server ends with code 1 and one line,
and the next start closes the run.
"""
import argparse, contextlib, json, os, random, signal, socket, sqlite3, statistics, subprocess, time, uuid

from release_server import SETTINGS, Checks, Server, pass_time, prove, request_bytes
from subscribers import Subscribers

STREAMS, SOONEST, LATEST, PATIENCE = 5, 1.2, 4, 5


def stored(server, run):
    """The run as the database holds it, and how many rows were recorded for it."""
    connection = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)
    try:
        job = json.loads(connection.execute("SELECT job FROM runs WHERE id = ?", (uuid.UUID(run).bytes,)).fetchone()[0])
        rows = connection.execute("SELECT count(*) FROM recorded_requests WHERE run = ?", (uuid.UUID(run).bytes,)).fetchone()[0]
        users = connection.execute("SELECT count(*) FROM users WHERE run IS NOT NULL").fetchone()[0]
        return job, rows, users
    finally:
        connection.close()


def go_down(server, crowd):
    """SIGTERM: the exit code (None: still there) and the seconds it took, while the subscribers read."""
    began = time.monotonic()
    server.process.terminate()
    crowd.pump(began + PATIENCE + 3, stop=lambda: server.process.poll() is not None)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.process.wait(max(0.01, began + PATIENCE + 3 - time.monotonic()))
    took = time.monotonic() - began
    # What is still in the kernel.
    crowd.pump(time.monotonic() + 1)
    return server.process.poll(), took


def orderly(subscriber):
    """Exactly one `done`, last; then the last chunk, then the end of the connection."""
    last = subscriber.events[-1].name if subscriber.events else None
    return subscriber.done() == 1 and last == "done" and subscriber.terminated and subscriber.ended and subscriber.error is None


def judge_run(server, run, checks, prefix=""):
    job, rows, users = stored(server, run)
    stats = job["stats"]
    audit = stats.get("audit") or {}
    state = (job["status"], job.get("reason"), job["closed"])
    checks.tally(f"{prefix}the run is stored as error/shutdown and closed", state == ("error", "shutdown", True), state)
    checks.tally(f"{prefix}its audit is verified", audit.get("outcome") == "verified" and stats["sent"] > 0, audit)
    checks.tally(f"{prefix}as many rows as requests sent", rows == stats["sent"], f"{rows} rows, {stats['sent']} sent")
    checks.tally(f"{prefix}no user of a run is left", users == 0, users)


def one_round(folder, chance, checks):
    with Server(folder) as server, contextlib.closing(Subscribers()) as crowd:
        run = server.start()
        for _ in range(STREAMS):
            crowd.add(server.port, run)
        crowd.pump(time.monotonic() + chance.uniform(SOONEST, LATEST))
        code, took = go_down(server, crowd)
        checks.tally(f"exit code 0 within {PATIENCE} s", code == 0 and took <= PATIENCE, f"code {code} after {took:.2f} s\n{server.last_words()}")
        for subscriber in crowd.all:
            ends = f"events {[event.name for event in subscriber.events[-3:]]}, last chunk {subscriber.terminated}, end {subscriber.ended}, {subscriber.error}"
            checks.tally("streams that got their done and an orderly end", orderly(subscriber), ends)
        checks.tally("the log is folded into the one file", not os.path.exists(server.database + "-wal"))
        judge_run(server, run, checks)
        return took


def stubborn_clients(folder, checks):
    """Clients that hold on: a subscriber that never reads, half a head, half a body, an idle connection."""
    with Server(folder) as server, contextlib.closing(Subscribers()) as crowd:
        run, name = server.start(), "stubborn clients: "
        silent = crowd.add(server.port, run, reads=False)
        reader = crowd.add(server.port, run)
        half = b"POST /api/v1/users HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        for connection, data in zip(held, (b"GET / HT", half, b"")):
            connection.sendall(data)
        crowd.pump(time.monotonic() + 3)
        code, took = go_down(server, crowd)
        for connection in held:
            connection.close()
        checks(f"{name}exit code {code} after {took:.2f} s", code == 0 and took <= PATIENCE)
        checks(f"{name}the subscriber that reads has an orderly end", orderly(reader))
        crowd.watch(silent)
        judge_run(server, run, checks, name)
        checks.settle()


def second_signal(folder, checks):
    """The first SIGTERM has to wait for the database; the second one does not wait."""
    with Server(folder) as server:
        run = server.start()
        time.sleep(2)
        holder = sqlite3.connect(server.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        server.process.terminate()
        time.sleep(0.7)
        waits = server.process.poll() is None
        checks(f"a first SIGTERM waits for a locked database: {'waits' if waits else f'exit code {server.process.returncode}'}", waits)
        code, took = server.terminate()
        checks(f"a second SIGTERM ends at once: exit code {code} after {1000 * took:.0f} ms", code == 130 and took <= 0.5)
        holder.rollback()
        holder.close()
    with Server(folder) as server:
        job = server.job(run)
        state = f"{job['status']}/{job.get('reason')}"
        checks(f"the next start finds that run: {state}, closed: {job['closed']}", state == "error/interrupted" and job["closed"])
        status = server.closed(server.start(duration=5))["status"]
        checks(f"and runs as usual: {status}", status == "completed")


def start_at_the_stop(folder, chance, checks):
    """A start and SIGTERM within 3 ms of each other: 201 (accepted), another status, or none."""
    with Server(folder) as server:
        request = request_bytes(server.port, "/traffic/start", SETTINGS)
        apart = chance.uniform(-0.003, 0.003)
        answer = b""
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            steps = [lambda: client.sendall(request), lambda: os.kill(server.process.pid, signal.SIGTERM)]
            first, second = steps if apart >= 0 else reversed(steps)
            first()
            pass_time(abs(apart))
            with contextlib.suppress(OSError):
                second()
                answer = client.recv(65536)
        try:
            code = server.process.wait(PATIENCE + 3)
        except subprocess.TimeoutExpired:
            code = None
        status = int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else None
        connection = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)
        unclosed = connection.execute("SELECT count(*) FROM runs WHERE closed = 0").fetchone()[0]
        connection.close()
        checks.tally("a start in the moment of the stop leaves exit code 0 and no open run", code == 0 and unclosed == 0, f"code {code}, {unclosed} open, answered {status}, {1000 * apart:.2f} ms apart")
        return status


def starts_at_the_stop(folder, chance, checks):
    answers = [start_at_the_stop(folder, chance, checks) for _ in range(options.starts)]
    checks.settle()
    counts = ", ".join(f"{answers.count(status)} {status or 'without an answer'}" for status in sorted(set(answers), key=str))
    checks(f"starts in the moment of the stop were answered: {counts}", 201 in answers or options.starts < 20)


def locked_to_the_end(folder, checks):
    """The database stays locked: the server gives up in words, and the next start closes the run."""
    with Server(folder) as server:
        run = server.start()
        time.sleep(2)
        holder = sqlite3.connect(server.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        code, took = server.terminate(patience=15)
        words = server.last_words(1).strip()
        holder.rollback()
        holder.close()
        checks(f"a database that stays locked: exit code {code} after {took:.1f} s", code == 1 and took <= 9)
        checks(f"with one line: {words}", words.startswith("traffic-simulator: ") and "the next start closes it" in words)
    with Server(folder) as server:
        job = server.job(run)
        checks(f"the next start finds that run: {job['status']}/{job.get('reason')}, closed: {job['closed']}", job["status"] == "error" and job["closed"])


def main(folder):
    checks, chance, began = Checks(), random.Random(options.seed), time.monotonic()
    print(f"seed {options.seed}", flush=True)
    took = [one_round(folder, chance, checks) for _ in range(options.rounds)]
    checks.settle()
    checks(f"down after a median of {1000 * statistics.median(took):.0f} ms, at most {1000 * max(took):.0f} ms", max(took) <= PATIENCE)
    stubborn_clients(folder, checks)
    second_signal(folder, checks)
    starts_at_the_stop(folder, chance, checks)
    locked_to_the_end(folder, checks)
    code = checks.exit_code()
    print(f"{options.rounds} rounds in {time.monotonic() - began:.0f} s, seed {options.seed}")
    return code


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("rounds", type=int, nargs="?", default=25)
parser.add_argument("--seed", type=int, default=random.randrange(2**32))
parser.add_argument("--starts", type=int, default=1000, help="starts within 3 ms of the SIGTERM")
options = parser.parse_args()
if options.rounds < 1:
    parser.error("at least one round")
if options.starts < 1:
    parser.error("at least one start")
prove(main, 180 + 15 * options.rounds + 2 * options.starts)
