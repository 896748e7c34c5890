"""S3 and SQS on one port, over the wire, with faults on demand.

    python -m benchmarks.s3_server PORT FAULTS [OBJECTS]

While the file FAULTS exists, every request is answered as its text says: `503`, or
`hang`. With OBJECTS, the bucket `scale` holds so many videos.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


class Faulty:
    """Lets requests through, unless the file says otherwise."""

    def __init__(self, inner: Any, faults: Path) -> None:
        self.inner = inner
        self.faults = faults

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            fault = self.faults.read_text().strip()
        except FileNotFoundError:
            return self.inner(environ, start_response)
        if fault == "hang":
            while self.faults.exists():
                time.sleep(0.2)
        start_response("503 Slow Down", [("Content-Type", "application/xml")])
        return [b"<Error><Code>SlowDown</Code><Message>injected</Message></Error>"]


def fill(count: int) -> None:
    """Many small videos in the bucket `scale`, without asking for each over the wire."""
    from moto.s3.models import s3_backends

    backend = s3_backends["123456789012"]["aws"]
    backend.create_bucket("scale", "us-east-1")
    for k in range(count):
        backend.put_object("scale", f"channel{k % 10}/talk-{k:06d}.mp4", b"x")


def main() -> None:
    """Serve until killed."""
    port, faults = int(sys.argv[1]), Path(sys.argv[2])
    if len(sys.argv) > 3:
        fill(int(sys.argv[3]))
    app = Faulty(DomainDispatcherApplication(create_backend_app), faults)
    run_simple("127.0.0.1", port, app, threaded=True)


if __name__ == "__main__":
    main()
