"""S3 and SQS on one port, over the wire, with faults on demand.

    python -m benchmarks.s3_server PORT FAULTS [OBJECTS]

While the file FAULTS exists, every request is answered as its text says: `503`, or
`hang`. With OBJECTS, the bucket `scale` holds so many videos, and is listed by us: moto sorts
all of a bucket for every page, which S3 does not.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

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


class Listed:
    """Answers listings of the bucket `scale`; everything else is the inner server's."""

    def __init__(self, inner: Any, keys: list[str]) -> None:
        self.inner = inner
        self.keys = sorted(keys)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = {k: v[0] for k, v in parse_qs(environ["QUERY_STRING"]).items()}
        if environ["PATH_INFO"].strip("/") != "scale" or asked.get("list-type") != "2":
            return self.inner(environ, start_response)
        prefix = asked.get("prefix", "")
        after = asked.get("continuation-token") or asked.get("start-after", "")
        first = max(bisect_left(self.keys, prefix), bisect_right(self.keys, after) if after else 0)
        size = min(int(asked.get("max-keys", 1000)), 1000)
        page = [k for k in self.keys[first : first + size] if k.startswith(prefix)]
        more = len(page) == size and first + size < len(self.keys)
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        items = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f'<ETag>"{abs(hash(key)):032x}"</ETag><Size>1</Size></Contents>'
            for key in page
        )
        start_response("200 OK", [("Content-Type", "application/xml")])
        return [
            '<?xml version="1.0"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>scale</Name><IsTruncated>{str(more).lower()}</IsTruncated>{token}{items}"
            "</ListBucketResult>".encode()
        ]


def main() -> None:
    """Serve until killed."""
    port, faults = int(sys.argv[1]), Path(sys.argv[2])
    app: Any = DomainDispatcherApplication(create_backend_app)
    if len(sys.argv) > 3:
        count = int(sys.argv[3])
        app = Listed(app, [f"channel{k % 10}/talk-{k:06d}.mp4" for k in range(count)])
    run_simple("127.0.0.1", port, Faulty(app, faults), threaded=True)


if __name__ == "__main__":
    main()
