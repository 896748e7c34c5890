"""Write the dashboards and the rules."""

from __future__ import annotations

import sys

from deploy.dashboards import written


def main() -> int:
    """Write them."""
    for path, content in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
