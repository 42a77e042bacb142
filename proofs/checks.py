"""Checks that are printed as they are made, and the bounds in which a proof runs."""
import signal, tempfile


class Checks:
    """Prints each check as it is made; `tally` counts those that are made many times."""

    def __init__(self):
        self.results, self.tallies = [], {}

    def __call__(self, text, good):
        self.results.append((text, bool(good)))
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

    def summary(self):
        kept = sum(good for _, good in self.results)
        return f"all {kept} checks hold" if kept == len(self.results) else f"{len(self.results) - kept} of {len(self.results)} checks FAILED"

    def exit_code(self):
        self.settle()
        return 0 if self.results and all(good for _, good in self.results) else 1


def percentile(values, p):
    """Nearest rank."""
    values = sorted(values)
    return values[max(0, -(-p * len(values) // 100) - 1)]


def bounded(main, seconds):
    """Runs `main(folder)` in a temporary folder, for so many seconds at most. Whatever `main` has started in a `with` is
    ended also after Ctrl-C, SIGTERM, or the end of the time."""

    def end(number, _frame):
        raise SystemExit(f"not done within {seconds} s" if number == signal.SIGALRM else 128 + number)

    signal.signal(signal.SIGALRM, end)
    signal.signal(signal.SIGTERM, end)
    signal.alarm(seconds)
    try:
        with tempfile.TemporaryDirectory(prefix="traffic-proof-") as folder:
            return main(folder)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
