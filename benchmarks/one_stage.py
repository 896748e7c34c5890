"""Run one stage in a process of its own and print what it took, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings


def main() -> None:
    """Arguments: video id, stage."""
    video_id, name = sys.argv[1:3]
    engine = Engine(load_settings())
    order = engine.order(video_id)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    result = engine.run_stage(name, video_id, order)
    print(
        json.dumps(
            {
                "stage": name,
                "wall_s": time.monotonic() - started,
                "reused": result.reused,
                "imports_mib": before / 1024,
                "self_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "child_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
