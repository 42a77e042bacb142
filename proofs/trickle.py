"""Clients that are slow: they send a byte, or a whole request, now and then."""
import contextlib, select, socket, threading, time


class Trickle:
    """Connections that send a byte (or with `whole` all of `then`) per interval, from a thread; notes when the server
    ends each of them. With `renew` it opens others in their place."""

    def __init__(self, port, count, at_once, then, interval, source="127.0.0.1", renew=False, whole=False):
        self.port, self.count, self.source, self.renew = port, count, source, renew
        self.at_once, self.then, self.whole, self.interval, self.over = at_once, then, whole, interval, threading.Event()
        self.open, self.lives, self.answers = {}, [], []
        self.poll, self.began = select.epoll(), time.monotonic()
        self.fill()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def fill(self):
        for _ in range(self.count - len(self.open)):
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=5, source_address=(self.source, 0))
            connection.setblocking(False)
            # One that the server has closed already is found out when it is read.
            with contextlib.suppress(ConnectionError):
                connection.send(self.at_once)
            self.open[connection.fileno()] = [connection, time.monotonic(), 0]
            self.poll.register(connection, select.EPOLLIN)

    def run(self):
        # A twentieth of the connections at a time, so that this program stays awake for what it measures.
        while not self.over.is_set() and (self.open or self.renew):
            began = time.monotonic()
            if self.renew:
                self.fill()
            turns = [list(self.open)[i::20] for i in range(20)]
            for i, turn in enumerate(turns):
                for number in turn:
                    self.push(number)
                self.listen(began + (i + 1) * self.interval / 20)

    def push(self, number):
        if number in self.open:
            connection, _, sent = self.open[number]
            try:
                connection.send(self.then if self.whole else self.then[sent : sent + 1] or b"a")
                self.open[number][2] += 1
            except BlockingIOError:
                pass
            except OSError:
                self.end(number)

    def listen(self, until):
        while True:
            for number, _ in self.poll.poll(max(0, until - time.monotonic())):
                with contextlib.suppress(BlockingIOError):
                    try:
                        data = self.open[number][0].recv(4096)
                    except ConnectionError:
                        data = b""
                    if data:
                        self.answers.append(data[9:12])
                    else:
                        self.end(number)
            if time.monotonic() >= until or self.over.is_set():
                return

    def end(self, number):
        connection, began, _ = self.open.pop(number)
        self.lives.append(time.monotonic() - began)
        self.poll.unregister(connection)
        connection.close()

    def close(self):
        self.over.set()
        self.thread.join()
        for connection, _, _ in self.open.values():
            connection.close()
        self.poll.close()
