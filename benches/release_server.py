"""The release server under test, started on a free port with a database of its own, and the checks made on it.

Each proof runs as `prove(main, seconds)`: bounded in time, and whatever it started is ended and removed, also after
Ctrl-C or SIGTERM.
"""
import contextlib, http.client, json, os, signal, socket, subprocess, sys, tempfile, time

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


class Checks:
    """Prints each check as it is made; `tally` counts those that are made many times."""

    def __init__(self):
        self.results, self.tallies = {}, {}

    def __call__(self, text, good):
        self.results[text] = bool(good)
        print("ok    " if good else "FAILED", text, flush=True)

    def tally(self, name, good, detail=""):
        made = self.tallies.setdefault(name, [0, 0])
        made[0] += bool(good)
        made[1] += 1
        if not good and made[1] - made[0] <= 5:
            print(f"       not so: {name}: {detail}", flush=True)

    def settle(self):
        """Turns the tallies into checks. One that was never made is none that was kept."""
        for name, (good, made) in self.tallies.items():
            self(f"{good} of {made}: {name}", made and good == made)
        self.tallies = {}

    def exit_code(self):
        self.settle()
        return 0 if self.results and all(self.results.values()) else 1


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


def percentile(values, p):
    """Nearest rank."""
    values = sorted(values)
    return values[max(0, -(-p * len(values) // 100) - 1)]


def prove(main, seconds):
    """Runs `main(folder)` in a temporary folder and exits with what it gives."""

    def end(number, _frame):
        raise SystemExit(f"not done within {seconds} s" if number == signal.SIGALRM else 128 + number)

    signal.signal(signal.SIGALRM, end)
    signal.signal(signal.SIGTERM, end)
    signal.alarm(seconds)
    if not os.access(BINARY, os.X_OK):
        raise SystemExit(f"there is no {BINARY}; `make build` makes it")
    try:
        with tempfile.TemporaryDirectory(prefix="traffic-proof-") as folder:
            code = main(folder)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
