"""Who takes what is due: a Dagster daemon where one is alive, else the service, where it processes.

Both on one home are safe. A daemon says that it is there before it takes anything, and leaves its
first tick to the processors that were there before; from then on they leave what is due to it, and
take over when it has been silent for as long as counts as gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vidpipe.catalog.notice_tables import ProcessRow
from vidpipe.catalog.processes import (
    COORDINATOR,
    FAILING,
    PROCESSOR,
    Presence,
    processor_name,
    silent_since,
)
from vidpipe.catalog.tables import now
from vidpipe.library.awake import slept_s
from vidpipe.pipeline.engine import Engine

#: Seconds after which work that nobody takes is spoken of.
UNTAKEN_S = 60.0
#: What to do where nobody takes it.
NOBODY = "start `vidpipe studio`, `vidpipe serve --process`, or a Dagster daemon"
#: Where somebody is there, and cannot.
FAILS = (
    "Nothing is processed: the service's processes end before they take anything, and are tried "
    "again within minutes. Its log says why; so does `vidpipe process`"
)
#: Why an orchestrator takes nothing in its first tick.
AFTER_SERVICES = "services were processing until now: they leave what is due to the next tick"
#: Seconds without a heartbeat after which a processor counts as gone: several of its beats.
_GONE_S = 60.0


@dataclass(frozen=True)
class Takers:
    """Who takes what is due.

    Attributes:
        daemon_at: when an orchestrator was last heard of; None: there was none yet.
        daemon: whether one is alive.
        processor_at: when a service that processes was last heard of; None: none is there.
        processor: whether one is alive.
    """

    daemon_at: datetime | None
    daemon: bool
    processor_at: datetime | None
    processor: bool

    @property
    def anybody(self) -> bool:
        """Whether what is due is taken."""
        return self.daemon or self.processor


def takers(engine: Engine, processes: Sequence[ProcessRow] | None = None) -> Takers:
    """Who takes what is due now, by the heartbeats that were written down."""
    rows = list(engine.catalog.processes.all() if processes is None else processes)
    at = now()
    daemon, processor = silent_since(rows, COORDINATOR), silent_since(rows, PROCESSOR)
    # While this machine slept it heard nobody.
    asleep_s = slept_s()
    silent = at - timedelta(seconds=engine.settings.notify.silent_after_s + asleep_s)
    gone = at - timedelta(seconds=_GONE_S + asleep_s)
    return Takers(
        daemon_at=daemon,
        daemon=daemon is not None and daemon >= silent,
        processor_at=processor,
        processor=processor is not None and processor >= gone,
    )


def is_coordinated(engine: Engine) -> bool:
    """Whether an orchestrator is alive, which takes what is due."""
    return takers(engine).daemon


def coordinate(engine: Engine, *, begins: bool = False) -> bool:
    """Say that an orchestrator is here, which takes what is due; whether it may do so at once.

    False: services were processing until now. They take nothing any more, and what one of them
    was about to take this moment is seen as taken when this is asked again.

    Args:
        engine: of the library.
        begins: of whoever begins runs; others do not say it before that one has.
    """
    before = takers(engine)
    joins = before.processor and not before.daemon
    if begins or not joins:
        Presence(engine.catalog, COORDINATOR, alone=True).beat()
    return not joins


@dataclass(frozen=True)
class Untaken:
    """Work that is due and that nobody takes.

    Attributes:
        since: when the oldest of it became due.
        count: how much there is.
    """

    since: datetime
    count: int


def untaken(engine: Engine, found: Takers | None = None) -> Untaken | None:
    """What has been due for longer than a minute while nobody is there to take it."""
    if (found or takers(engine)).anybody:
        return None
    since, count = engine.catalog.overview.due(engine.settings.drop_settle_s)
    if since is None or since > now() - timedelta(seconds=UNTAKEN_S):
        return None
    return Untaken(since, count)


def is_failing(engine: Engine) -> bool:
    """Whether no service that processes can take anything: its processes end before they do."""
    at = now() - timedelta(seconds=_GONE_S)
    rows = [p for p in engine.catalog.processes.all() if p.role == PROCESSOR and p.at >= at]
    failing = {c.subject for c in engine.catalog.conditions.all() if c.kind == FAILING}
    return bool(failing) and all(processor_name(row) in failing for row in rows)


@dataclass(frozen=True)
class Processing:
    """Whether what is due is taken, and by whom.

    Attributes:
        ok: nothing waits for somebody who takes it.
        says: who takes it, or what to do, in a sentence.
    """

    ok: bool
    says: str


def processing_of(engine: Engine) -> Processing:
    """Whether what is due is taken, and by whom."""
    who = takers(engine)
    if who.daemon:
        return Processing(True, "a Dagster daemon takes what is due")
    if who.processor:
        if is_failing(engine):
            return Processing(False, FAILS)
        return Processing(True, "a service takes what is due")
    if untaken(engine, who) is None:
        return Processing(True, "nobody is here who takes what is due; nothing has waited for long")
    return Processing(False, f"Something waits, and nothing processes it: {NOBODY}")
