"""Subscribers of a live stream, many in one process: raw non-blocking sockets, one epoll.

Each event comes with the kernel's time of its arrival (SO_TIMESTAMPNS), so that a reader that is slow, as this one is in
Python, does not look like a server that is late.
"""
import collections, select, socket, struct, time

SO_TIMESTAMPNS = 35
# `over`: the run had ended when this was written.
Event = collections.namedtuple("Event", "id name at over")


class Subscriber:
    """One connection: bytes in, events out. `seen` holds the first bytes of each event id, shared by all that must agree."""

    def __init__(self, port, run, seen, narrow=False):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if narrow:
            # On the loopback the kernel would hold 2.5 MB for a reader that does not read. With the smallest buffer that it
            # takes, and small segments, it is less than 50 KB, and the server feels it.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        # Closed after the answer, so that its end is an end of the connection, too.
        self.socket.send(f"GET /traffic/stream/{run} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n".encode())
        self.seen, self.buffer, self.text = seen, bytearray(), b""
        self.status = self.error = None
        self.events, self.differing, self.unstamped = [], 0, 0
        # The last chunk of the body, and the end of the connection.
        self.terminated = self.ended = False

    def read(self):
        """Reads what is there."""
        while not self.ended:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(1 << 18, 256)
            except BlockingIOError:
                return
            except OSError as error:
                self.error, self.ended = error, True
                return
            if not data:
                self.ended = True
                return
            self.buffer += data
            self.parse(self.stamp(ancillary))

    def stamp(self, ancillary):
        if not ancillary:
            self.unstamped += 1
            return time.time()
        seconds, nanos = struct.unpack("qq", ancillary[0][2][:16])
        return seconds + nanos / 1e9

    def parse(self, at):
        if self.status is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.status = int(self.buffer[9:12])
            del self.buffer[: end + 4]
        while (line := self.buffer.find(b"\r\n")) >= 0:
            size = int(self.buffer[:line], 16)
            if len(self.buffer) < line + 2 + size + 2:
                return
            self.text += bytes(self.buffer[line + 2 : line + 2 + size])
            del self.buffer[: line + 2 + size + 2]
            if size == 0:
                self.terminated = True
            while b"\n\n" in self.text:
                event, self.text = self.text.split(b"\n\n", 1)
                if event.startswith(b"id: "):
                    self.note(event, at)

    def note(self, event, at):
        number, name, _ = event.split(b"\n", 2)
        number = int(number[4:])
        if self.seen.setdefault(number, event) != event:
            self.differing += 1
        over = b'"status":"running"' not in event and b'"status":"starting"' not in event
        self.events.append(Event(number, name[7:].decode(), at, over))

    def done(self):
        return sum(event.name == "done" for event in self.events)


class Subscribers:
    """All of them, on one epoll."""

    def __init__(self):
        self.poll, self.open, self.all, self.seen = select.epoll(), {}, [], {}

    def add(self, port, run, reads=True):
        subscriber = Subscriber(port, run, self.seen, narrow=not reads)
        self.all.append(subscriber)
        if reads:
            self.watch(subscriber)
        return subscriber

    def watch(self, subscriber):
        self.open[subscriber.socket.fileno()] = subscriber
        self.poll.register(subscriber.socket, select.EPOLLIN)

    def pump(self, until, stop=lambda: False):
        """Reads until that moment (of the monotonic clock), until all have ended, or until `stop` says so."""
        while self.open and not stop() and (left := until - time.monotonic()) > 0:
            for number, _ in self.poll.poll(min(left, 0.05)):
                subscriber = self.open[number]
                subscriber.read()
                if subscriber.ended:
                    self.poll.unregister(number)
                    del self.open[number]
                    subscriber.socket.close()

    def close(self):
        for subscriber in self.all:
            subscriber.socket.close()
        self.poll.close()
