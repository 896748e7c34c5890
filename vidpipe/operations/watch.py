"""What nobody writes down by itself: processes that fell silent, disks that fill."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import datetime, timedelta

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.notice_tables import ProcessRow
from vidpipe.catalog.notices import Notice
from vidpipe.catalog.processes import (
    COORDINATOR,
    FAILING,
    PROCESSOR,
    WORKER,
    processor_name,
    silent_since,
)
from vidpipe.catalog.tables import now
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.settings import Settings

#: Days after which nobody waits any more for a process that was not heard of.
_FORGOTTEN = timedelta(days=7)
_SILENT = {WORKER: "worker.silent", COORDINATOR: "coordinator.silent"}


def watch(catalog: Catalog, settings: Settings) -> None:
    """Look once; safe beside the same in other processes, of which one tells.

    Args:
        catalog: where it is written down.
        settings: of the disks, and of how long silence may last.
    """
    _watch_processes(catalog, settings)
    _watch_disks(catalog, settings)


def _watch_processes(catalog: Catalog, settings: Settings) -> None:
    at = now()
    silent = at - timedelta(seconds=settings.notify.silent_after_s)
    processes = catalog.processes.all()
    living = {processor_name(p) for p in processes if p.role == PROCESSOR and p.at >= silent}
    for condition in catalog.conditions.all():
        if condition.kind == FAILING and condition.subject not in living:
            catalog.conditions.over(FAILING, condition.subject, "it is gone")
    for process in processes:
        # A processor is a worker, too, and missed as one.
        if process.role == PROCESSOR and process.at < silent:
            catalog.processes.lost(process, None)
    for role, kind in _SILENT.items():
        last = silent_since(processes, role)
        if role == COORDINATOR and living and (last is None or last < silent):
            # What waits for it does not: see `vidpipe.library.coordination`.
            catalog.conditions.over(kind, role, "a service processes in its place")
        elif last is None:
            # All ended as they were told to.
            catalog.conditions.over(kind, role, "it was stopped")
        elif last >= silent:
            catalog.conditions.over(kind, role, f"{role}: heard of at {last:%H:%M:%S} UTC")
            _lose(catalog, [p for p in processes if p.role == role and p.at < silent])
        elif last >= at - _FORGOTTEN:
            newest = max((p for p in processes if p.role == role), key=lambda p: p.at)
            _say_silent(catalog, settings, kind, role, newest)
        else:
            for process in processes:
                if process.role == role:
                    catalog.processes.lost(process, None)


def _say_silent(
    catalog: Catalog, settings: Settings, kind: str, role: str, newest: ProcessRow
) -> None:
    notice = Notice(
        kind,
        f"the last heartbeat came at {_moment(newest.at)} from {_named(newest)}",
        subject=role,
        name=newest.host,
    )
    catalog.conditions.holds(notice, remind_s=3600 * settings.notify.remind_h)


def _lose(catalog: Catalog, gone: Sequence[ProcessRow]) -> None:
    """Of several one is gone, and did not end as one that was told to."""
    for process in gone:
        notice = Notice(
            "process.lost",
            f"its last heartbeat came at {_moment(process.at)}; it began at "
            f"{_moment(process.began_at)}",
            subject=process.process_id,
            name=_named(process),
        )
        catalog.processes.lost(process, notice)


def _watch_disks(catalog: Catalog, settings: Settings) -> None:
    host = platform.node()[:200]
    short = low_disk_space(settings)
    if short is None:
        catalog.conditions.over("disk.low", host, "there is room again")
        return
    notice = Notice("disk.low", short, subject=host, name=host)
    catalog.conditions.holds(notice, remind_s=3600 * settings.notify.remind_h)


def _named(process: ProcessRow) -> str:
    return f"{process.role} {process.pid} on {process.host}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
