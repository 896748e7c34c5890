"""The order of the queue, also for runs that no sensor of ours asked for.

Named in dagster.yaml as the run coordinator. Runs launched from the UI or by a backfill
lack a sensor's tags: here the channel is read from the partition key and the priority
from the catalog, so that limits and fairness hold for them too.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from dagster import QueuedRunCoordinator, SubmitRunContext

from resources.tags import BACKFILL, BACKFILL_PRIORITY, CAUSE, CHANNEL, PARTITION, PRIORITY
from vidpipe.errors import VidpipeError
from vidpipe.observability import events
from vidpipe.storage.keys import channel_of

if TYPE_CHECKING:
    from vidpipe.catalog.catalog import Catalog

#: The webserver loads this module from several threads on its first page, and SQLAlchemy's
#: ORM does not bear being imported twice at once: it is imported when it is needed, by one.
_IMPORTING = threading.Lock()


class ChannelRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue, with every run of a video tagged with its channel and priority."""

    def submit_run(self, context: SubmitRunContext) -> Any:
        run = context.dagster_run
        tags = tags_for(run.tags)
        if tags:
            self._instance.add_run_tags(run.run_id, tags)
        return super().submit_run(context)


def tags_for(tags: Any) -> dict[str, str]:
    """What a run with these tags lacks."""
    key = tags.get(PARTITION, "")
    if "--" not in key:
        return {}
    found = {CHANNEL: channel_of(key)}
    if PRIORITY not in tags:
        base = BACKFILL_PRIORITY if BACKFILL in tags else 0
        found[PRIORITY] = str(base + _priority(key))
    if CAUSE not in tags:
        found[CAUSE] = "backfill" if BACKFILL in tags else "manual"
    return {name: value for name, value in found.items() if tags.get(name) != value}


def _priority(video_id: str) -> int:
    """What its sidecar asked for; 0 while the catalog cannot be read: the run matters more."""
    try:
        with _IMPORTING:
            catalog = _catalog()
        video = catalog.video(video_id)
    except VidpipeError as error:
        events.warning("run_priority_unread", video_id=video_id, message=str(error))
        return 0
    return video.priority if video is not None else 0


@functools.cache
def _catalog() -> Catalog:
    from vidpipe.catalog.catalog import Catalog
    from vidpipe.settings import load_settings

    return Catalog(load_settings().database_url.get_secret_value())
