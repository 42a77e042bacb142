"""Clients that ask a server as the visible tabs of browsers do that have its dashboard open."""
import gzip, http.client, json, threading


class Dashboards:
    """Opens so many dashboards. While a run is `watched`, each of them follows its stream and fetches its details, too."""

    def __init__(self, port, count=10):
        self.port, self.watched, self.answers, self.ended = port, None, 0, threading.Event()
        self.threads = [threading.Thread(target=self.tab, daemon=True) for _ in range(count)]
        self.threads += [threading.Thread(target=self.stream, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def get(self, connection, path):
        connection.request("GET", path, headers={"accept-encoding": "gzip"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status}")
        self.answers += 1
        return json.loads(gzip.decompress(body) if response.headers["content-encoding"] == "gzip" else body)

    def tab(self):
        """Once a second the numbers of the board, which come only if they have changed, and the details of the run."""
        connection, known = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10), ""
        while not self.ended.wait(1):
            known = f"&known={self.get(connection, f'/fn/dashboard/board?range=1m{known}')['version']}"
            if run := self.watched:
                self.get(connection, f"/fn/traffic/details?job_id={run}")
        connection.close()

    def stream(self):
        """The live stream of the run, until its end."""
        while not self.ended.wait(0.1):
            if not (run := self.watched):
                continue
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("GET", f"/traffic/stream/{run}", headers={"accept": "text/event-stream"})
            response = connection.getresponse()
            while response.readline():
                self.answers += 1
            connection.close()
            while self.watched == run and not self.ended.wait(0.1):
                pass
