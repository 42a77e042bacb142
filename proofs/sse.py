"""What the viewers of one run cost: 1, 100 and 1,000 subscribers of its live stream, a fresh server for each.

A stress run of 30 s at 20 requests per second. Measured from outside: CPU time and resident memory of the server from
/proc over 20 steady seconds, and how far apart one tick reaches its first and its last subscriber, by the kernel's time of
arrival. All subscribers must get the same bytes for the same event id (one serialisation per tick), with no id left out,
one `done`, and an orderly end.

Then 100 subscribers of which half never read, until the buffers of their connections are full: memory stays bounded, the
other half gets each frame in time, and the server cuts the connections that were full for 20 s. Frames of 1 KB take 22 s to
fill them, larger ones less.
"""
import hashlib, json, os, platform, resource, tempfile, time

from checks import percentile
from release_server import TARGET, Server
from subscribers import Subscribers

DURATION, DEAF_DURATION = 30, 47
# So long after the end of the run those who never read are left alone: time enough to cut them.
DEAF_AFTERWARDS = 15
# Seconds after the start: memory is taken for the first time, and then subscribers come.
BEFORE = 3
# The steady part: so long, and it ends so much before the run does.
STEADY, REST = 20, 2
LIMITS = ("--max-streams", "1200", "--max-connections", "1400")
KIB_EACH = 24
# A tick is 500 ms; one that comes later than this was not in time.
IN_TIME = 0.75
TICK = 0.5


def measure(folder, count, deaf=0):
    """One run with `count` subscribers, of which the last `deaf` do not read before the run has ended."""
    # The same scenario for all, so that what grows with the run itself is the same.
    duration = DEAF_DURATION if deaf else DURATION
    with tempfile.TemporaryDirectory(dir=folder) as place, Server(place, *LIMITS) as server:
        began, crowd = time.monotonic(), Subscribers()
        run = server.start(duration=duration, scenario="stress")
        time.sleep(BEFORE)
        before = server.rss()
        readers = [crowd.add(server.port, run) for _ in range(count - deaf)]
        silent = [crowd.add(server.port, run, reads=False) for _ in range(deaf)]
        crowd.pump(began + duration - REST - STEADY)
        cpu, at, start_rss, delivered = server.cpu(), time.monotonic(), server.rss(), frames(readers)
        crowd.pump(began + duration - REST - STEADY / 2)
        # Those who never read may be cut before the end of the steady part.
        rss = server.rss()
        crowd.pump(began + duration - REST)
        cpu, seconds, rss, delivered = server.cpu() - cpu, time.monotonic() - at, max(rss, server.rss()), frames(readers) - delivered
        crowd.pump(began + duration + 15)
        job = server.closed(run, 15)
        if silent:
            time.sleep(max(0, began + duration + DEAF_AFTERWARDS - time.monotonic()))
        for subscriber in silent:
            crowd.watch(subscriber)
        crowd.pump(time.monotonic() + 10)
        crowd.close()
        return {
            "subscribers": count, "deaf": deaf, "cpu_percent": 100 * cpu / seconds, "cpu_seconds": cpu,
            "frames": delivered, "rss_before_kib": before, "rss_steady_from_kib": start_rss, "rss_kib": rss,
            "added_kib": rss - before, "job": job, "crowd": crowd, "readers": readers, "silent": silent,
        }


def frames(subscribers):
    return sum(len(subscriber.events) for subscriber in subscribers)


def skews(readers):
    """Of each tick that all of them got: ms from its first to its last arrival."""
    arrivals = {}
    for reader in readers:
        for event in reader.events:
            arrivals.setdefault(event.id, []).append(event.at)
    # The first frame of a subscriber is sent when it comes, not at a tick.
    first = max(reader.events[0].id for reader in readers if reader.events)
    return [1000 * (max(times) - min(times)) for number, times in arrivals.items() if number > first and len(times) == len(readers)]


def gaps(reader):
    """Seconds between ticks, without the first frame (sent when it came) and what the end of the run adds."""
    times = [event.at for event in reader.events if not event.over][1:]
    return [b - a for a, b in zip(times, times[1:])]


def left_out(subscriber, over=False):
    """Ids that a subscriber did not get while the run was under way; or those that the frames of its end replaced. The
    end is told at once, and its frame may overtake the tick of the same moment."""
    pairs = zip(subscriber.events, subscriber.events[1:])
    return sum(b.id - a.id - 1 for a, b in pairs if b.over == over)


def judge(found, checks):
    """The promises that hold for any number of subscribers."""
    crowd, readers, name = found.pop("crowd"), found.pop("readers"), f"{found['subscribers']} subscribers"
    if found["deaf"]:
        name += f", {found['deaf']} of them never read"
    silent, job = found.pop("silent"), found.pop("job")
    spread, ticks = skews(readers), {event.id for reader in readers for event in reader.events}
    found |= {
        "frame_bytes": sum(map(len, crowd.seen.values())) // max(1, len(crowd.seen)), "ticks": len(ticks),
        "skew_p50_ms": percentile(spread, 50), "skew_p99_ms": percentile(spread, 99),
        "largest_gap_s": max(max(gaps(reader)) for reader in readers),
        "unstamped": sum(reader.unstamped for reader in readers),
        "frames_hash": hashlib.sha256(b"".join(crowd.seen[number] for number in sorted(crowd.seen))).hexdigest(),
    }
    print(f"\n{name}: CPU {found['cpu_percent']:.2f} %, RSS {found['rss_before_kib']} KiB before, {found['rss_kib']} KiB with them, "
          f"{found['frames']} frames of {found['frame_bytes']} bytes in {STEADY} s, "
          f"skew p50 {found['skew_p50_ms']:.2f} ms, p99 {found['skew_p99_ms']:.2f} ms", flush=True)
    same = sum(reader.differing for reader in crowd.all)
    checks(f"{name}: byte-identical frames for each of {len(crowd.seen)} ids: {same} differ, sha256 {found['frames_hash'][:16]}", same == 0 and len(crowd.seen) > 2 * STEADY)
    missing = sum(left_out(reader) for reader in readers)
    order = all(a.id < b.id for reader in readers for a, b in zip(reader.events, reader.events[1:]))
    replaced = sum(left_out(reader, over=True) for reader in readers)
    checks(f"{name}: ids grow by 1 per tick: {missing} left out ({replaced} replaced by the end of the run)", missing == 0 and order and replaced <= 2 * len(readers))
    least, most = (STEADY / TICK - 1) * len(readers), (STEADY / TICK + 1) * len(readers)
    checks(f"{name}: a tick every {1000 * TICK:.0f} ms: {found['frames']} frames in {STEADY} s, largest gap {1000 * found['largest_gap_s']:.0f} ms", least <= found["frames"] <= most and found["largest_gap_s"] <= IN_TIME)
    ends = sum(s.done() == 1 and s.events[-1].name == "done" and s.terminated and s.ended and s.error is None for s in readers)
    checks(f"{name}: one done, then the end of body and connection: {ends} of {len(readers)}", ends == len(readers))
    audit = job["stats"].get("audit") or {}
    checks(f"{name}: the run is {job['status']}, sent {job['stats']['sent']}, missed {job['stats']['missed']}, audit {audit.get('outcome')}", (job["status"], audit.get("outcome")) == ("completed", "verified"))
    if silent:
        got = sum(len(subscriber.events) for subscriber in silent)
        cut = sum(subscriber.ended and subscriber.done() == 0 for subscriber in silent)
        ends = sum(subscriber.done() == 1 for subscriber in silent)
        found |= {"deaf_frames": got, "deaf_cut": cut}
        # Otherwise the buffers were never full, and nothing is proved about them.
        checks(f"{name}: of {found['ticks']} frames {got / len(silent):.0f} were in the buffers of each of these", got < len(silent) * found["ticks"] * 0.75)
        # The server cuts a connection whose buffers were full for 20 s: its place is needed.
        checks(f"{name}: {cut} of these were cut by the server, {ends} found the done", cut == len(silent))


def add_options(parser):
    parser.add_argument("counts", type=int, nargs="*", default=[1, 100, 1000], help="how many subscribers (default: 1 100 1000)")
    parser.add_argument("--json", default=os.path.join(TARGET, "bench-sse.json"))


def seconds(options):
    return 60 * (len(options.counts) + 2)


def compare(rows, checks):
    """What one more subscriber costs, and what those cost who never read. Gives the KiB of one."""
    plain, half_deaf = {row["subscribers"]: row for row in rows if not row["deaf"]}, rows[-1]
    few, many = min(plain), max(plain)
    middle = 100 if 100 in plain else few
    print()
    for count in sorted(plain)[1:]:
        row = plain[count]
        row["cpu_us_per_frame"] = 1e6 * (row["cpu_seconds"] - plain[few]["cpu_seconds"]) / (row["frames"] - plain[few]["frames"])
        print(f"{count} subscribers: {row['cpu_us_per_frame']:.1f} µs of CPU per delivered frame, beyond {few}")
    slope = (plain[many]["added_kib"] - plain[middle]["added_kib"]) / (many - middle) if many > middle else None
    if many > middle:
        checks(f"memory from {middle} to {many} subscribers: {slope:.2f} KiB each, at most {KIB_EACH}", slope <= KIB_EACH)
    growth = half_deaf["rss_kib"] - half_deaf["rss_steady_from_kib"]
    usual = plain[middle]["rss_kib"] - plain[middle]["rss_steady_from_kib"]
    # hyper queues up to 16 frames of a connection before it asks for no more; all connections share their bytes.
    bound = usual + half_deaf["deaf"] * KIB_EACH
    checks(f"half never read: memory grew by {growth} KiB in {STEADY} s, by {usual} KiB when all read, at most {bound}", growth <= bound)
    return slope


def prove(folder, options, checks):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The server inherits it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard != resource.RLIM_INFINITY else 8192, hard))
    rows = []
    for count, deaf in [(count, 0) for count in options.counts] + [(100, 50)]:
        found = measure(folder, count, deaf)
        judge(found, checks)
        rows.append(found)
    slope = compare(rows, checks)
    checks.settle()
    os.makedirs(os.path.dirname(options.json), exist_ok=True)
    with open(options.json, "w") as file:
        host = {"system": platform.platform(), "processors": os.cpu_count(), "load": os.getloadavg()}
        json.dump({"host": host, "rows": rows, "kib_per_subscriber": slope, "checks": dict(checks.results)}, file, indent=2)
    print(f"written to {os.path.relpath(options.json)}")
