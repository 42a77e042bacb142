"""Each scenario for half a minute, compared with what was announced; and the CPU time of a watched run.

Announced total = planned; planned = sent + missed + not reached; audit verified; the dashboard right; the shape second by
second within one request of the plan's own curve; the share of errors within four standard deviations; and the CPU time of
the server over a stress run of 60 s with one viewer of the live stream and one dashboard that asks for its figures every
second.
"""
import math, threading, time, urllib.request

from release_server import Server

DURATION, RATE = 30, 20
CEILING = RATE / 1.01
# ceil(C·D − ½), and for Peak with L = C·D·(1 − C / 4R)
STEADY = math.ceil(CEILING * DURATION - 0.5)
PEAK = math.ceil(CEILING * DURATION * (1 - CEILING / (4 * RATE)) - 0.5)
ANNOUNCED = {"normal": STEADY, "peak": PEAK, "error-injection": STEADY, "latency-degradation": None, "stress": STEADY}


def area(scenario, until):
    """Requests wanted by `until`: the area under the rate curve."""
    if scenario != "peak":
        return CEILING * until
    slope, step, total, t = 4 * RATE / DURATION, 0.001, 0.0, 0.0
    while t < until:
        total += step * min(CEILING, slope * min(t, DURATION - t))
        t += step
    return total


def accounts(server, scenario, announced, checks):
    stats = server.closed(server.start(scenario=scenario, duration=DURATION, seed=7), DURATION + 15)["stats"]
    audit, dashboard = stats["audit"], stats["dashboardCheck"]
    checks(f"{scenario}: announced {announced or 'by the seed'}, planned {stats['planned']}", announced in (None, stats["planned"]))
    checks(f"{scenario}: {stats['planned']} = {stats['sent']} sent + {stats['missed']} missed + {stats['notReached']} not reached", stats["planned"] == stats["sent"] + stats["missed"] + stats["notReached"])
    checks(f"{scenario}: audit {audit['outcome']}; at most {audit['mostInAnySecond']} in any second", audit["outcome"] == "verified" and audit["capKept"])
    checks(f"{scenario}: dashboard {dashboard['outcome']}; it says {dashboard['requests']} requests, p95 {dashboard['p95']} ms, exactly {dashboard['exactP95']} ms", dashboard["outcome"] == "right")
    return stats


def shape(scenario, stats, checks):
    worst = max(abs(sent - (area(scenario, second + 1) - area(scenario, second))) for second, sent in enumerate(stats["sentPerSecond"]))
    checks(f"{scenario}: {worst:.2f} requests from the curve in the worst second", worst <= 1)


def errors(stats, checks):
    share, n = stats["failedRequests"] / stats["totalRequests"], stats["totalRequests"]
    calls = sum(call["ok"] + call["failed"] for call in stats["calls"] if call["call"] == "error")
    sigma = math.sqrt(calls * 0.25) / n
    checks(f"{calls} calls of the error endpoint, {3 * stats['sent'] // 10} expected", calls == 3 * stats["sent"] // 10)
    checks(f"share of errors {100 * share:.2f} %, expected {100 * calls / 2 / n:.2f} ± {400 * sigma:.2f}", abs(share - calls / 2 / n) <= 4 * sigma)


def cost(server, checks):
    """The CPU time of a run with one viewer and one dashboard."""
    run = server.start(duration=60)

    def view():
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/traffic/stream/{run}", timeout=120) as stream:
            for _ in stream:
                pass

    threading.Thread(target=view, daemon=True).start()
    spent, began, boards = server.cpu(), time.monotonic(), []
    while time.monotonic() - began < 60:
        boards.append(server.request("GET", "/fn/dashboard/board")[0])
        time.sleep(1)
    share = (server.cpu() - spent) / (time.monotonic() - began)
    checks(f"the dashboard answered 200 in {boards.count(200)} of {len(boards)}", len(boards) > 30 and set(boards) == {200})
    checks(f"CPU over a 60 s stress run with one viewer: {100 * share:.2f} % of a core", share < 0.05)
    server.closed(run)


def add_options(_):
    pass


def seconds(_):
    return 480


def prove(folder, _, checks):
    with Server(folder) as server:
        for scenario, announced in ANNOUNCED.items():
            stats = accounts(server, scenario, announced, checks)
            if scenario != "latency-degradation":
                shape(scenario, stats, checks)
            if scenario == "error-injection":
                errors(stats, checks)
        cost(server, checks)
