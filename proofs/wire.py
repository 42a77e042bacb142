"""The cap on the wire: a two-minute run at full rate, counted by the kernel's own timestamps.

Starts a stress run at 20 requests per second, and captures every packet to the server's port on the loopback interface
(needs root).
"""
import contextlib, re, socket, struct, threading, time

from checks import percentile
from database import most_in_a_second, reading
from release_server import Server

SO_TIMESTAMPNS = 35
PACKET_OUTGOING = 4
SIMULATED = re.compile(rb"(GET|POST|PATCH) /api/v1/")


@contextlib.contextmanager
def capture(port):
    """Notes the kernel's time of each TCP segment that begins a simulated request."""
    arrivals, stop = [], threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as sniffer:
        sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        sniffer.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sniffer.bind(("lo", 0))
        sniffer.settimeout(0.5)
        thread = threading.Thread(target=listen, args=(sniffer, port, arrivals, stop), daemon=True)
        thread.start()
        try:
            yield arrivals
        finally:
            stop.set()
            thread.join()


def listen(sniffer, port, arrivals, stop):
    while not stop.is_set():
        try:
            packet, ancillary, _, address = sniffer.recvmsg(65535, 1024)
        except TimeoutError:
            continue
        # The interface shows each packet twice. 6 is TCP.
        if address[2] == PACKET_OUTGOING or packet[23] != 6:
            continue
        tcp = 14 + (packet[14] & 15) * 4
        if struct.unpack("!H", packet[tcp + 2 : tcp + 4])[0] != port:
            continue
        payload = packet[tcp + (packet[tcp + 12] >> 4) * 4 :]
        if SIMULATED.match(payload) and b"x-traffic-run:" in payload:
            seconds, nanos = struct.unpack("qq", ancillary[0][2][:16])
            arrivals.append(seconds + nanos / 1e9)


def scheduling_delays(server, since):
    """Of the requests that were due `since` seconds after the start or later: how many ms each left after it was due."""
    with reading(server) as connection:
        rows = connection.execute("SELECT sent - due FROM ledger WHERE due >= ?", (since * 1_000_000,))
        return [delay / 1000 for (delay,) in rows]


def add_options(parser):
    parser.add_argument("duration", type=int, nargs="?", default=120, help="seconds (default: 120)")


def seconds(options):
    return options.duration + 60


def prove(folder, options, checks):
    with Server(folder) as server:
        with capture(server.port) as arrivals:
            run = server.start(duration=options.duration)
            time.sleep(options.duration + 2)
            job = server.closed(run, 30)
        delays = scheduling_delays(server, options.duration - 60)
    arrivals.sort()
    stats, audit = job["stats"], job["stats"]["audit"]
    checks(f"requests on the wire: {len(arrivals)}, sent by the run: {stats['sent']}", len(arrivals) == stats["sent"] > 0)
    most = most_in_a_second(arrivals)
    checks(f"most in any sliding second, by the kernel's timestamps: {most}", most <= 20)
    rate = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
    checks(f"rate (n - 1) / (last - first): {rate:.4f} per second", 19.75 <= rate <= 19.82)
    checks(f"missed: {stats['missed']} of {stats['planned']}", stats["missed"] == 0)
    delay = percentile(delays, 99)
    checks(f"scheduling delay p99 of the last 60 s: {delay:.3f} ms", delay <= 3)
    checks(f"audit {audit['outcome']}, cap kept: {audit['capKept']} ({audit['mostInAnySecond']} seen by the server)", audit["outcome"] == "verified" and audit["capKept"])
