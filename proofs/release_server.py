"""The release server under test, started on a free port with a database of its own."""
import contextlib, http.client, json, os, socket, subprocess, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
# PROOF_BINARY: another build of it, to try a proof.
BINARY = os.environ.get("PROOF_BINARY", os.path.join(TARGET, "release", "traffic-simulator"))
SETTINGS = {"scenario": "stress", "duration": 60, "maxRps": 20, "endpoints": "all"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One process of the server. `with Server(folder)` leaves none behind."""

    def __init__(self, folder, *flags, patience=15):
        self.folder, self.database, self.port = folder, os.path.join(folder, "proof.db"), free_port()
        self.log = os.path.join(folder, "server.log")
        command = [BINARY, "--addr", f"127.0.0.1:{self.port}", "--database-url", f"sqlite://{self.database}", *flags]
        # The settings of whoever starts the proof are not the subject.
        environment = {name: value for name, value in os.environ.items() if name not in ("ADMIN_TOKEN", "MAX_RPS", "MAX_STREAMS", "MAX_CONNECTIONS")}
        with open(self.log, "a") as log:
            # In a session of its own: Ctrl-C is for the proof, which then ends the server.
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment | {"RUST_LOG": "warn"}, stderr=log, start_new_session=True)
        began = time.monotonic()
        while patience:
            with contextlib.suppress(OSError):
                if self.request("GET", "/healthz", timeout=2)[0] == 200:
                    break
            if self.process.poll() is not None or time.monotonic() - began > patience:
                self.kill()
                raise SystemExit(f"the server does not answer (exit code {self.process.returncode})\n{self.last_words()}")
            time.sleep(0.005)
        self.up_after = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self, patience=10):
        """SIGTERM; the exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            code = None
        return code, time.monotonic() - began

    def last_words(self, lines=12):
        with open(self.log) as log:
            return "".join(log.readlines()[-lines:])

    def request(self, method, path, body=None, timeout=10):
        """Status and text of one answer, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            data = json.dumps(body) if body is not None else None
            connection.request(method, path, data, {"content-type": "application/json", "connection": "close"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except http.client.HTTPException as error:
            raise OSError(f"no proper answer: {error!r}") from error
        finally:
            connection.close()

    def timed(self, method, path, timeout=10):
        """Status (or None when there was no answer in time) and the seconds that it took."""
        began = time.monotonic()
        try:
            status = self.request(method, path, timeout=timeout)[0]
        except OSError:
            status = None
        return status, time.monotonic() - began

    def start(self, patience=0, **changes):
        """Starts a run and gives its id. While another one is being closed (409), asks again for `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            status, text = self.request("POST", "/traffic/start", SETTINGS | changes)
            if status == 201:
                return json.loads(text)["jobId"]
            if status not in (409, 503) or time.monotonic() > deadline:
                raise SystemExit(f"a start was answered {status}: {text}\n{self.last_words()}")
            time.sleep(0.05)

    def job(self, run):
        return json.loads(self.request("GET", f"/traffic/status/{run}")[1])

    def closed(self, run, patience=60):
        """The job once it is closed, or as it is after `patience` seconds."""
        deadline = time.monotonic() + patience
        while not (job := self.job(run))["closed"] and time.monotonic() < deadline:
            time.sleep(0.1)
        return job

    def cpu(self):
        """utime + stime, in seconds."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self):
        """Resident memory, in KiB."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def request_bytes(port, path, body):
    """A POST with a JSON body as it goes over the wire."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def pass_time(seconds):
    """Waits a part of a millisecond: a sleep would take longer."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
