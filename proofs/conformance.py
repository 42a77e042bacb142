"""Schemathesis against the release server: all checks, on what /api/openapi.json describes.

The stream is left out, because it ends with its run only. /api/v1/users/error is called on its own, without the check
for server errors: those are what it is for.
"""
import os, re, subprocess

from release_server import ROOT, Server

# What `make api-conformance` asks for; half an hour.
THOROUGH = ["500", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]
ERROR_PATH = "/api/v1/users/error"


def schemathesis():
    with open(os.path.join(ROOT, "scripts", "versions")) as versions:
        version = re.search(r"^SCHEMATHESIS_VERSION=(\S+)", versions.read(), re.M).group(1)
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "traffic-simulator")
    program = os.path.join(cache, "tools", f"schemathesis-{version}", "bin", "schemathesis")
    if not os.path.exists(program):
        raise SystemExit("no schemathesis; run scripts/setup --test")
    return program


def checked(program, folder, address, name, examples, options, seed, checks):
    command = [program, "run", address, "--max-examples", examples, "--seed", seed, "--generation-database", "none",
               "--no-color", "--continue-on-failure", "--warnings", "off", *options]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | {"NO_PROXY": "*"})
    counted = re.findall(r"^.*generated.*$", run.stdout, re.M)
    checks(f"{name}, seed {seed}: {counted[-1].strip() if counted else 'nothing was generated'}", run.returncode == 0 and counted)
    if run.returncode != 0:
        print(run.stdout[-12000:], run.stderr[-2000:])


def add_options(parser):
    parser.add_argument("examples", nargs="?", default="15", help="how many for each operation and phase (default: 15)")
    parser.add_argument("seeds", nargs="*", metavar="SEED", default=["1"], help="(default: 1)")


def seconds(_):
    return 3600


def prove(folder, options, checks):
    program = schemathesis()
    with Server(folder) as server:
        address = f"http://127.0.0.1:{server.port}/api/openapi.json"
        parts = {
            "the API": ["--exclude-path-regex", f"stream|{ERROR_PATH}"],
            ERROR_PATH: ["--exclude-checks", "not_a_server_error", "--include-path", ERROR_PATH],
        }
        for seed in options.seeds:
            for name, more in parts.items():
                checked(program, folder, address, name, options.examples, more, seed, checks)
        status, took = server.timed("GET", "/healthz")
        checks(f"the server is alive afterwards: {status} after {1000 * took:.0f} ms", status == 200)
