#!/usr/bin/env python3
"""How evenly requests leave, measured where they arrive: ours against oha, hey and locust.

A recording server notes the kernel's receive timestamp (SO_TIMESTAMPNS) of every request and answers at once. Each tool
sends to it for 20 s at 5, 10 and 20 requests per second, in shuffled order, in several rounds; a control (a bare thread
that sleeps to absolute deadlines) runs in each round, and a round whose control is late is discarded. Medians over the
rounds. Before that, ours alone under trouble: both cores busy, a stop and start every 3 s, SIGSTOP for 300 ms, a kill and
restart, a target that stalls for a second, and two minutes of rest. At last ours and oha at 10 per second beside ten open
dashboards of our server: those that are open beside ours watch its run.

Rate = (n - 1) / (last - first). Loopback only; ends by itself.
"""
import argparse, json, os, platform, random, shutil, signal, socket, statistics, struct, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

from dashboards import Dashboards

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "traffic-simulator")
SO_TIMESTAMPNS = 35
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Recorder:
    """Notes when requests arrive, by the kernel's clock."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        # On the listener: accepted connections inherit it, so that their first request is stamped, too.
        self.listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.unstamped = 0
        self.port = self.listener.getsockname()[1]
        self.times, self.stalled = [], threading.Event()
        self.stalled.set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        buffer = b""
        try:
            while True:
                data, ancillary, _, _ = connection.recvmsg(65536, 512)
                if not data:
                    return
                if not self.stalled.is_set():
                    self.stalled.wait()
                if not buffer:
                    began = self.stamp(ancillary)
                buffer += data
                while b"\r\n\r\n" in buffer:
                    head, rest = buffer.split(b"\r\n\r\n", 1)
                    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                    if len(rest) < length:
                        break
                    buffer = rest[length:]
                    self.times.append(began)
                    connection.sendall(ANSWER)
        except OSError:
            pass
        finally:
            connection.close()

    def stamp(self, ancillary):
        """The kernel's time of arrival; where it gives none, ours, and that is counted."""
        if not ancillary:
            self.unstamped += 1
            return time.time()
        seconds, nanos = struct.unpack("qq", ancillary[0][2][:16])
        return seconds + nanos / 1e9

    def stall(self, seconds):
        self.stalled.clear()
        time.sleep(seconds)
        self.stalled.set()

    def take(self):
        times, self.times = sorted(self.times), []
        return times


class Ours:
    """The release server, with its generator pointed at the recorder."""

    def __init__(self, recorder):
        self.recorder, self.folder = recorder, tempfile.mkdtemp()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.launch()

    def launch(self):
        environment = dict(os.environ, LEPTOS_SITE_ADDR=f"127.0.0.1:{self.port}", DATABASE_URL=f"sqlite://{self.folder}/bench.db", RUST_LOG="error")
        self.process = subprocess.Popen([BINARY, "--development-target", f"127.0.0.1:{self.recorder.port}"], cwd=ROOT, env=environment)
        deadline = time.time() + 10
        while time.time() < deadline:
            try:
                return self.call("/healthz")
            except OSError:
                time.sleep(0.02)
        raise SystemExit("our server does not answer")

    def call(self, path, body=None, method=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method, headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            text = response.read()
            return json.loads(text) if text.startswith(b"{") else text

    def start(self, rate, seconds):
        deadline = time.time() + 10
        while True:
            try:
                body = {"scenario": "normal", "duration": seconds, "maxRps": rate, "endpoints": ["list"]}
                return self.call("/traffic/start", body)["jobId"]
            except urllib.error.HTTPError as error:
                if error.code != 409 or time.time() > deadline:
                    raise
                time.sleep(0.02)

    def closed(self, run):
        while not (job := self.call(f"/traffic/status/{run}"))["closed"]:
            time.sleep(0.1)
        return job

    def stop(self, run):
        self.call(f"/traffic/stop/{run}", method="POST")

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def percentile(values, p):
    values = sorted(values)
    return values[max(0, -(-p * len(values) // 100) - 1)]


def most_in_a_second(times):
    first = most = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def measure(times, rate):
    """The even part of a run: spread of the gaps, error of the rate against the plan."""
    if len(times) < 3:
        return None
    gaps = [1000 * (b - a) for a, b in zip(times, times[1:])]
    seen = (len(times) - 1) / (times[-1] - times[0])
    return {
        "requests": len(times),
        "rate": seen,
        "error_percent": 100 * (seen - rate) / rate,
        "spread_p95_p5_ms": percentile(gaps, 95) - percentile(gaps, 5),
        "spread_p99_p1_ms": percentile(gaps, 99) - percentile(gaps, 1),
        "most_in_a_second": most_in_a_second(times),
    }


def control(seconds=5, interval=0.05):
    """p99 lateness, in ms, of a thread that sleeps to absolute deadlines."""
    late, start = [], time.monotonic()
    for k in range(1, int(seconds / interval)):
        due = start + k * interval
        time.sleep(max(0, due - time.monotonic()))
        late.append(1000 * (time.monotonic() - due))
    return percentile(late, 99)


def locustfile(folder, rate):
    path = os.path.join(folder, f"rate{rate}.py")
    with open(path, "w") as file:
        file.write(
            "from locust import FastHttpUser, constant_throughput, task\n"
            f"class User(FastHttpUser):\n    wait_time = constant_throughput({rate})\n"
            "    @task\n    def users(self):\n        self.client.get('/api/v1/users')\n"
        )
    return path


def command(tool, path, url, rate, seconds, folder):
    return {
        "oha": [path, "-q", str(rate), "-z", f"{seconds}s", "-c", "4", "--no-tui", f"{url}/api/v1/users"],
        "hey": [path, "-c", "1", "-q", str(rate), "-z", f"{seconds}s", f"{url}/api/v1/users"],
        "locust": [path, "--headless", "-u", "1", "-r", "1", "-t", f"{seconds}s", "--host", url, "-f", locustfile(folder, rate), "--only-summary", "--loglevel", "ERROR"],
    }[tool]


def compare(tools, rounds, seconds, recorder, ours):
    results, discarded, controls = {}, 0, []
    url, folder = f"http://127.0.0.1:{recorder.port}", tempfile.mkdtemp()
    while len(controls) < rounds and discarded < rounds:
        lateness = control()
        print(f"round {len(controls) + 1}: control p99 late by {lateness:.3f} ms", flush=True)
        if lateness > 2:
            discarded += 1
            continue
        controls.append(lateness)
        order = [(tool, rate) for tool in ["ours", *tools] for rate in (5, 10, 20)]
        random.shuffle(order)
        for tool, rate in order:
            time.sleep(1.1)
            recorder.take()
            if tool == "ours":
                ours.closed(ours.start(rate, seconds))
            else:
                subprocess.run(command(tool, tools[tool], url, rate, seconds, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds + 30)
            result = measure(recorder.take(), rate)
            if result:
                results.setdefault((tool, rate), []).append(result)
                print(f"  {tool:7} {rate:2}/s: rate {result['rate']:8.4f}  p95-p5 {result['spread_p95_p5_ms']:7.3f} ms  most {result['most_in_a_second']}", flush=True)
    medians = {key: {name: statistics.median(run[name] for run in runs) for name in runs[0]} | {"worst_second": max(run["most_in_a_second"] for run in runs)} for key, runs in results.items()}
    return medians, controls, discarded


def beside_dashboards(oha, rounds, seconds, recorder, ours):
    """The median spread of the gaps at 10 per second, of ours and of oha, while ten dashboards are open."""
    url, folder, spreads = f"http://127.0.0.1:{recorder.port}", tempfile.mkdtemp(), {"ours": [], "oha": []}
    with Dashboards(ours.port) as dashboards:
        for _ in range(rounds):
            for tool in random.sample(sorted(spreads), 2):
                time.sleep(2)
                recorder.take()
                before = dashboards.answers
                if tool == "ours":
                    dashboards.watched = ours.start(10, seconds)
                    ours.closed(dashboards.watched)
                    dashboards.watched = None
                else:
                    subprocess.run(command("oha", oha, url, 10, seconds, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds + 30)
                spreads[tool].append(measure(recorder.take(), 10)["spread_p95_p5_ms"])
                print(f"  {tool:7} beside ten dashboards: p95-p5 {spreads[tool][-1]:7.3f} ms; they had {dashboards.answers - before} answers and events", flush=True)
    return {tool: statistics.median(found) for tool, found in spreads.items()}


def busy(seconds):
    return [subprocess.Popen([sys.executable, "-c", f"import time\nend = time.time() + {seconds}\nwhile time.time() < end: pass"]) for _ in range(os.cpu_count())]


def trouble(recorder, ours, rest_seconds):
    """Ours alone: what the receiver sees when something goes wrong."""
    found = {}

    def note(name, job=None):
        times = recorder.take()
        found[name] = measure(times, 20) | ({"missed": job["stats"]["missed"], "status": job["status"], "response_p99_ms": job["stats"]["response"]["ok"]["p99"], "scheduling_delay_p99_ms": job["stats"]["schedulingDelayP99"]} if job else {})
        print(f"  {name}: {json.dumps(found[name])}", flush=True)

    time.sleep(1.1)
    recorder.take()
    burners = busy(24)
    job = ours.closed(ours.start(20, 20))
    [burner.wait() for burner in burners]
    note("both cores busy", job)

    for _ in range(8):
        run = ours.start(20, 20)
        time.sleep(3)
        ours.stop(run)
    ours.closed(run)
    note("a stop and start every 3 s")

    run = ours.start(20, 20)
    for _ in range(4):
        time.sleep(4)
        ours.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        ours.process.send_signal(signal.SIGCONT)
    note("SIGSTOP for 300 ms, four times", ours.closed(run))

    for _ in range(4):
        run = ours.start(20, 20)
        time.sleep(3)
        ours.process.kill()
        ours.process.wait()
        ours.launch()
    run = ours.start(20, 5)
    note("a kill and restart, four times", ours.closed(run))

    run = ours.start(20, 20)
    time.sleep(8)
    recorder.stall(1)
    note("the target stalls for 1 s", ours.closed(run))

    run = ours.start(20, rest_seconds)
    note(f"{rest_seconds} s at rest", ours.closed(run))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rest", type=int, default=120, help="seconds of the last, quiet run")
    parser.add_argument("--json", default=os.path.join(ROOT, "target", "bench-pacing.json"))
    parser.add_argument("--oha")
    parser.add_argument("--hey")
    parser.add_argument("--locust")
    options = parser.parse_args()
    tools = {name: path for name in ("oha", "hey", "locust") if (path := getattr(options, name))}
    recorder = Recorder()
    ours = Ours(recorder)
    try:
        found = trouble(recorder, ours, options.rest)
        medians, controls, discarded = compare(tools, options.rounds, options.seconds, recorder, ours)
        if ("ours", 10) not in medians:
            raise SystemExit(f"this machine is too busy to measure on: {discarded} rounds discarded, because the control was late")
        beside = beside_dashboards(tools["oha"], options.rounds, options.seconds, recorder, ours) if "oha" in tools else None
    finally:
        ours.end()

    print(f"\n{'':8} {'asked':>5} {'rate':>9} {'error %':>9} {'p95-p5 ms':>10} {'p99-p1 ms':>10} {'worst second':>13}")
    for (tool, rate), row in sorted(medians.items(), key=lambda item: (item[0][1], item[0][0])):
        print(f"{tool:8} {rate:5} {row['rate']:9.4f} {row['error_percent']:9.4f} {row['spread_p95_p5_ms']:10.3f} {row['spread_p99_p1_ms']:10.3f} {row['worst_second']:13}")
    print(f"requests without a timestamp of the kernel: {recorder.unstamped}")
    print(f"rounds kept {len(controls)}, discarded {discarded}; control p99 lateness {', '.join(f'{late:.3f}' for late in controls)} ms")

    at10, at20, rest = medians[("ours", 10)], medians[("ours", 20)], found[f"{options.rest} s at rest"]
    stalled = found["the target stalls for 1 s"]
    checks = [
        ("error of the rate at 10/s at most 0.05 %", abs(at10["error_percent"]) <= 0.05),
        ("rate at 20/s from 19.75 to 19.82", 19.75 <= at20["rate"] <= 19.82),
        ("never more than 20 in a second, compared runs", all(row["worst_second"] <= 20 for (tool, _), row in medians.items() if tool == "ours")),
        *((f"never more than 20 in a second: {name}", row["most_in_a_second"] <= 20) for name, row in found.items()),
        ("at rest: none missed, scheduling delay p99 at most 2 ms", rest["missed"] == 0 and rest["scheduling_delay_p99_ms"] <= 2),
        ("a stall of 1 s shows: response p99 at least 0.75 s, and missed slots", stalled["response_p99_ms"] >= 750 and stalled["missed"] > 0),
    ]
    if ("oha", 10) in medians:
        ratio = at10["spread_p95_p5_ms"] / medians[("oha", 10)]["spread_p95_p5_ms"]
        checks.insert(0, (f"spread of the gaps at 10/s at most a quarter of oha's: {ratio:.3f}", ratio <= 0.25))
    if beside:
        ratio = beside["ours"] / beside["oha"]
        checks.append((f"beside ten dashboards, spread of the gaps at 10/s at most 0.30 of oha's: {ratio:.3f}", ratio <= 0.30))
    for text, good in checks:
        print("ok  " if good else "FAIL", text)
    os.makedirs(os.path.dirname(options.json), exist_ok=True)
    with open(options.json, "w") as file:
        host = {"system": platform.platform(), "processors": os.cpu_count(), "load": os.getloadavg()}
        rows = [{"tool": tool, "asked": rate, **row} for (tool, rate), row in medians.items()]
        json.dump({"host": host, "controls_p99_ms": controls, "discarded": discarded, "medians": rows, "trouble": found, "beside_dashboards": beside, "checks": dict(checks)}, file, indent=2)
    print(f"written to {os.path.relpath(options.json)}")
    return 0 if all(good for _, good in checks) else 1


sys.exit(main())
