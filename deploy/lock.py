"""Which version of everything goes into the image: `make lock` writes deploy/constraints.txt.

Reads the report of `pip install --dry-run --report -` and prints one line a package.
"""

from __future__ import annotations

import json
import sys

_HEAD = """\
# Versions of the image's packages, for Python 3.11 on Linux. Written by `make lock`.
"""


def lock(report: dict[str, object]) -> str:
    """The lines of a constraints file, without vidpipe itself."""
    items = report["install"]
    assert isinstance(items, list)
    pins = {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in items}
    pins.pop("vidpipe", None)
    return _HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


if __name__ == "__main__":
    sys.stdout.write(lock(json.load(sys.stdin)))
