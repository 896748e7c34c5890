"""How long the command takes to start: `import vidpipe.cli`, each time in a fresh process.

User time is told beside wall time: it depends less on what else the machine does.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time

#: What is asked of it: a command answers at once where it takes no longer.
_WANTED_S = 0.4


def measured(statement: str) -> tuple[float, float]:
    """(wall, user) seconds of one interpreter that runs a statement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    wall = time.perf_counter() - began
    return wall, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main() -> None:
    """Print the medians of both, for nothing and for the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    for name, statement in (("python", "pass"), ("import vidpipe.cli", "import vidpipe.cli")):
        times = [measured(statement) for _ in range(runs)]
        wall, user = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:<20} wall {wall:.3f} s, user {user:.3f} s (median of {runs})")
    print(f"wanted: at most {_WANTED_S} s")


if __name__ == "__main__":
    main()
