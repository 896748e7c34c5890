"""Which videos are stale, over the whole library."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from vidpipe.errors import VidpipeError
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.planning import Plan, plan

#: Planning is mostly waiting for the store: several videos at once.
_AT_ONCE = 8


def plans(
    engine: Engine, *, channel: str | None = None, only: Collection[str] = ()
) -> tuple[list[Plan], dict[str, str]]:
    """The plan of every finished video, and why some have none, by video id.

    Videos that were never finished are not planned: they are requested already.
    """
    chosen = [
        v.video_id
        for v in engine.catalog.videos(channel)
        if v.state == "accepted" and v.finished_at is not None and (not only or v.video_id in only)
    ]
    unplanned: dict[str, str] = {}

    def one(video_id: str) -> Plan | None:
        try:
            return plan(engine, video_id)
        except VidpipeError as error:
            unplanned[video_id] = str(error)
            return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [p for p in pool.map(one, chosen) if p is not None]
    return found, unplanned
