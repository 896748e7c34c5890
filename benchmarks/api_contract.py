"""The API and its document, for as long as one likes: what the tests do in short.

    python -m benchmarks.api_contract HOME [--examples 100] [--walks 100]

HOME is the home of a library in which something was processed; it is copied, and the copy is
what requests change.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import schemathesis

from vidpipe.api.app import service
from vidpipe_tests.api.conftest import served
from vidpipe_tests.api.test_contract import look, walk


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--walks", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(options.home, home)
        app = service(served(home))
        api = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
        wrong = look(api, options.examples)
        for name, error in wrong.items():
            print(f"{name}:\n{error}\n")
        walk(api, options.walks, steps=20)
    operations = sum(1 for _ in api.get_all_operations())
    print(f"{operations} operations, {options.examples} examples of each, right and wrong; ")
    print(f"{options.walks} walks of 20 steps: {len(wrong)} operations failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
