#!/usr/bin/env python3
"""What a visit costs: the browser's half against that of Leptos' starter, Lighthouse, a reload, and making the HTML.

size        The WebAssembly that a first visit to / loads, all files of it, as precompressed (brotli, quality 11), against
            that of benches/start-axum (router, meta, one page with a counter), built in the same run by the same tools with
            the same profile. KB are 1,000 bytes.
visits      First visit and reload of / in a fresh profile of Chromium: requests, and bytes over the wire as Chromium counts
            them. A reload may load no file of the page again.
tabs        The dashboard left open: bytes of a minute without a run, and of a run of a minute that it watches, as bytes per
            hour; while it watches, Chromium slows its main thread four times, and tasks over 50 ms are noted.
lighthouse  Lighthouse on /, mobile as it throttles by default, the median of three by each score.
ssr         benches/web.rs: pages per second against the same bytes from memory.

Against the release server on the loopback, with a database of its own. Arguments choose parts. Loopback only; ends by itself.
"""
import argparse, glob, json, os, platform, re, statistics, subprocess, sys, tomllib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "proofs"))
from checks import Checks, bounded
from release_server import ROOT, TARGET, Server

STARTER = os.path.join(ROOT, "benches", "start-axum")
STARTER_TARGET = os.path.join(os.path.abspath(TARGET), "start-axum")
SITE = os.path.join(ROOT, "target", "site")
PARTS = ("size", "visits", "tabs", "lighthouse", "ssr")
MOST_BYTES = 350_000
MOST_BYTES_PER_HOUR = {"idle": 5_000_000, "watching": 60_000_000}
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
# What both are made of: the same versions, or the comparison says nothing.
SAME = ("leptos", "leptos_meta", "leptos_router", "tachys", "reactive_graph", "wasm-bindgen", "console_error_panic_hook")


def run(command, **options):
    return subprocess.run(command, check=True, text=True, **options)


def ask_browser(task, server, *more):
    command = ["node", os.path.join(ROOT, "benches", "web.mjs"), task, f"http://127.0.0.1:{server.port}", options.chromium, *more]
    return json.loads(run(command, stdout=subprocess.PIPE).stdout)


def toml(*path):
    with open(os.path.join(*path), "rb") as file:
        return tomllib.load(file)


def versions(folder):
    return {package["name"]: package["version"] for package in toml(folder, "Cargo.lock")["package"] if package["name"] in SAME}


def build_starter():
    """Its WebAssembly, by the way that scripts/build goes; the size of the compressed file."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEPTOS_")}
    build = ["cargo", "leptos", "build", "--release", "--frontend-only", "--precompress"]
    built = subprocess.run(build, cwd=STARTER, env=environment | {"CARGO_TARGET_DIR": STARTER_TARGET}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if built.returncode:
        raise SystemExit(f"the starter could not be built\n{built.stdout[-4000:]}")
    [file] = glob.glob(os.path.join(STARTER, "target", "site", "pkg", "*.wasm.br"))
    return os.path.getsize(file)


def size(checks, results):
    profiles = [{name: toml(folder, "Cargo.toml")["profile"][name] for name in ("release", "wasm-release")} for folder in (ROOT, STARTER)]
    checks("the starter has our profile for WebAssembly", profiles[0] == profiles[1])
    checks(f"the starter has our versions: {versions(ROOT)}", versions(ROOT) == versions(STARTER) and len(versions(ROOT)) == len(SAME))
    print("       building the starter; the first time takes some minutes", flush=True)
    starter = build_starter()
    loaded = sorted({file["path"] for visit in results["visits"] for file in visit["first"] if file["path"].endswith(".wasm")})
    ours = sum(os.path.getsize(os.path.join(SITE, path.lstrip("/") + ".br")) for path in loaded)
    wire = max(sum(file["bytes"] for file in visit["first"] if file["path"].endswith(".wasm")) for visit in results["visits"])
    results |= {"wasm_files": loaded, "wasm_bytes": ours, "starter_wasm_bytes": starter, "wasm_wire_bytes": wire}
    print(f"       a first visit loads {len(loaded)} WebAssembly file(s), {ours:,} bytes in brotli ({wire:,} over the wire with heads); the starter's has {starter:,}")
    checks(f"what the browser loaded is the compressed file, {ours:,} bytes and its head", loaded and ours <= wire <= ours + 2_000 * len(loaded))
    print(f"       WebAssembly is {ours / starter:.2f} times the starter's")
    checks(f"WebAssembly is {ours / 1000:.1f} KB: at most {MOST_BYTES / 1000:.0f}", ours <= MOST_BYTES)


def is_asset(file):
    return file["path"].startswith("/pkg/") or os.path.splitext(file["path"])[1] in (".svg", ".txt")


def visits(checks, results):
    for number, visit in enumerate(results["visits"], 1):
        first, reload = ([file for file in visit[name] if file["wire"]] for name in ("first", "reload"))
        assets, again = [file for file in first if is_asset(file)], [file for file in reload if is_asset(file)]
        total = lambda files: f"{len(files)} requests, {sum(file['bytes'] for file in files):,} bytes"
        print(f"       visit {number}: first {total(first)} (files of the page: {total(assets)}); reload {total(reload)} (files of the page: {total(again)})")
        if number == 1:
            for file in first:
                print(f"         {file['bytes']:>9,}  {file['encoding'] or '-':<4} {file['path']}")
        package = [file for file in assets if file["path"].startswith("/pkg/")]
        checks.tally("first visits load each file once", len({file["path"] for file in assets}) == len(assets), [file["path"] for file in assets])
        checks.tally("first visits load script, WebAssembly and style sheet in brotli", {os.path.splitext(file["path"])[1] for file in package} >= {".css", ".js", ".wasm"} and all(file["encoding"] == "br" for file in package), package)
        checks.tally("reloads ask for the page and load no file again", any(file["path"] == "/" for file in reload) and not again, again)
        checks.tally("visits without a complaint of the browser", not visit["complaints"], visit["complaints"])
    checks.settle()


def tabs(checks, results, server):
    found = results["tabs"] = ask_browser("tabs", server)
    for name, most in MOST_BYTES_PER_HOUR.items():
        checks(f"a tab that is {name} costs {found[name] / 1e6:.2f} MB per hour: at most {most / 1e6:.0f}", 0 < found[name] <= most)
    checks(f"while it watches, no task of the slowed main thread takes over 50 ms: {found['longTasks']}", not found["longTasks"])


def lighthouse(checks, results, server):
    found = results["lighthouse"] = ask_browser("lighthouse", server, options.tools)
    print(f"       Lighthouse {found[0]['version']}, {found[0]['browser']}, mobile; benchmark index {', '.join(format(one['benchmark'], '.0f') for one in found)}")
    for one in found:
        print(f"       FCP {one['fcp']:.2f} s, LCP {one['lcp']:.2f} s, speed index {one['speedIndex']:.2f} s, TBT {one['tbt']:.0f} ms, CLS {one['cls']:.3f}: {one['scores']}")
    for audit in {audit["id"]: audit for one in found for audit in one["failed"]}.values():
        print(f"       not perfect: {audit['id']} ({audit['score']:.2f}): {audit['title']} {audit.get('displayValue') or ''} {audit['where'] or ''}")
    for name, least in LEAST.items():
        scores = [one["scores"][name] for one in found]
        checks(f"Lighthouse {name}: {statistics.median(scores):.0f} of {scores}, at least {least}", statistics.median(scores) >= least)


def main(folder):
    checks, results = Checks(), {"machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    with Server(folder) as server:
        if {"size", "visits"} & set(options.parts):
            results["visits"] = ask_browser("visits", server)
        if "tabs" in options.parts:
            tabs(checks, results, server)
        if "lighthouse" in options.parts:
            lighthouse(checks, results, server)
    if "visits" in options.parts:
        visits(checks, results)
    if "size" in options.parts:
        size(checks, results)
    if "ssr" in options.parts:
        made = subprocess.run(["cargo", "bench", "--quiet", "--features", "ssr", "--bench", "web"], cwd=ROOT, text=True, stdout=subprocess.PIPE)
        print(made.stdout, end="")
        found = re.search(r"pages per second, .*: ([\d.]+) \(bound", made.stdout)
        results["ssr_ratio"] = float(found[1]) if found else None
        checks("making the dashboard's HTML keeps its bound (above)", made.returncode == 0 and found)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)
    return checks.exit_code()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all of them by default")
parser.add_argument("--chromium", required=True, help="the browser")
parser.add_argument("--tools", required=True, help="where npm installed Lighthouse")
parser.add_argument("--json", help="also write everything that was found here")
options = parser.parse_args()
options.parts = options.parts or list(PARTS)
if unknown := set(options.parts) - set(PARTS):
    parser.error(f"no such part: {', '.join(sorted(unknown))}")
sys.exit(bounded(main, 3600))
