"""What is due, and whose turn it is: the same for the service and the orchestrator's sensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from vidpipe.catalog.requests import Cause
from vidpipe.catalog.states import RequestState
from vidpipe.catalog.tables import RequestRow, UploadRow
from vidpipe.channels.model import Channel
from vidpipe.intake.drops import DropEntry, SkippedObject, family, left_out, scan
from vidpipe.intake.folders import DropFolder, LocalFolder
from vidpipe.intake.notifications import Queue
from vidpipe.intake.taking import notice
from vidpipe.operations.fairness import Allocation, fair_share
from vidpipe.pipeline.engine import Engine
from vidpipe.settings import Settings

#: Requests that are looked at, of each channel, and runs of one tick.
BATCH = 50
#: Uploads that are looked at, of each channel.
UPLOADS = 20
#: Why somebody waits for a run: everything but what is made anew in the background.
STALE = (Cause.STALE.value,)
FRESH = tuple(cause.value for cause in Cause if cause is not Cause.STALE)


@dataclass(frozen=True)
class ListedPart:
    """A part of the drop folder, as it was seen.

    Attributes:
        objects: how many there are in it.
        seen: recordings among them.
        fresh: those that are new or changed; they wait to be taken in now.
        left: what is passed over, and why.
        after: where the listing goes on; empty: it is complete.
    """

    objects: int
    seen: Sequence[DropEntry]
    fresh: Sequence[DropEntry]
    left: Sequence[SkippedObject]
    after: str


def list_part(engine: Engine, folder: DropFolder, after: str = "") -> ListedPart:
    """List a part of the drop folder, compare it with what is known, write down what is new.

    Args:
        engine: catalog and channels.
        folder: the drop folder; one on this machine gets a folder for each channel.
        after: where a listing goes on; empty: from the beginning.

    Raises:
        VidpipeError: it could not be read; nothing changes.
    """
    if isinstance(folder, LocalFolder):
        for channel in engine.channels:
            (folder.root / channel).mkdir(parents=True, exist_ok=True)
    part = folder.slice(after)
    seen = scan(part.items)
    left = [*part.refused, *left_out(part.items, seen)]
    fresh = notice(engine.catalog, seen, left)
    return ListedPart(len(part.items), seen, fresh, left, part.after)


def read_notifications(engine: Engine, queue: Queue, folder: DropFolder) -> tuple[int, int]:
    """Look at each object that a message tells of, with its sidecars; then answer the message.

    Messages are answered when what they tell of is in the catalog, not before: whoever ends early
    leaves them in the queue.

    Returns:
        How many messages there were, and how many recordings are new or changed.

    Raises:
        VidpipeError: the queue, the folder or the catalog could not be reached.
    """
    messages = queue.receive()
    if not messages:
        return 0, 0
    keys = (key for message in messages for key in message.keys)
    families = sorted(_told_of(keys, engine.settings.drop_url))
    seen = [s for name in families for s in scan(folder.family(name))]
    fresh = notice(engine.catalog, seen)
    queue.answer(messages)
    return len(messages), len(fresh)


def _told_of(keys: Iterable[tuple[str, str]], drop_url: str) -> set[str]:
    """Families of the drop folder's own keys: other buckets and prefixes are not ours."""
    parts = urlsplit(drop_url)
    prefix = unquote(parts.path).strip("/")
    prefix = f"{prefix}/" if prefix else ""
    return {
        family(key.removeprefix(prefix))
        for bucket, key in keys
        if bucket == parts.netloc and key.startswith(prefix)
    }


def uploads_due(
    engine: Engine,
    folder: DropFolder,
    in_flight: Collection[str] = (),
    room: int = UPLOADS,
    last: Mapping[str, float] | None = None,
) -> list[UploadRow]:
    """Noticed uploads that nobody writes to any more and nobody takes in, fairly by channel.

    Args:
        engine: settings and catalog.
        folder: the drop folder: what lies in one that is polled may still be being written.
        in_flight: keys of uploads that are being taken in.
        room: how many at most.
        last: of whoever takes one at a time: when each channel had its turn.
    """
    settled_s = engine.settings.drop_settle_s if folder.polled else 0.0
    waiting = engine.catalog.inbox.waiting(UPLOADS + len(in_flight), settled_s=settled_s)
    turn = fair_share(
        [row for row in waiting if row.key not in in_flight],
        channel=lambda row: row.channel,
        urgency=lambda _: 0.0,
        in_flight=Counter(key.partition("/")[0] for key in in_flight),
        room=room,
        limit=lambda _: UPLOADS + len(in_flight),
        last=last,
    )
    return turn.chosen


def settles(engine: Engine, folder: DropFolder) -> bool:
    """Whether something that was noticed would be due, were it not written a moment ago."""
    settled_s = engine.settings.drop_settle_s
    if not folder.polled or not settled_s:
        return False
    inbox = engine.catalog.inbox
    return len(inbox.waiting(UPLOADS)) > len(inbox.waiting(UPLOADS, settled_s=settled_s))


#: Says, of runs for these causes, how many wait for their turn, and how many of each of these
#: channels are at work or wait for it.
Load = Callable[[Collection[str], Collection[str]], tuple[int, Mapping[str, int]]]


def requests_turn(
    settings: Settings,
    channels: Mapping[str, Channel],
    due: Sequence[RequestRow],
    load_of: Load,
    room: int = BATCH,
    last: Mapping[str, float] | None = None,
) -> tuple[Allocation[RequestRow], int]:
    """Whose turn it is, and how many runs were queued before.

    Fresh uploads first; what is stale only fills up half of the queue, and is nobody's
    reason to wait.

    Args:
        settings: of the queue.
        channels: with their limits.
        due: requests whose time has come.
        load_of: what is at work already.
        room: how many may begin.
        last: when each channel had its last turn, as a timestamp.
    """

    def limit(name: str) -> int:
        channel = channels.get(name)
        return (channel.max_in_flight if channel else None) or settings.queue.max_runs_per_channel

    turn: Allocation[RequestRow] = Allocation([])
    load: Counter[str] = Counter()
    queued = 0
    names = {row.channel for row in due}
    for causes, size in (
        (FRESH, settings.queue.max_queued_runs),
        (STALE, settings.queue.max_queued_runs // 2),
    ):
        waiting, at_work = load_of(causes, names)
        queued += waiting
        load.update(at_work)
        part = fair_share(
            [row for row in due if row.cause in causes],
            channel=lambda row: row.channel,
            urgency=lambda row: float(row.priority),
            in_flight=load,
            room=max(0, min(room, size - queued) - len(turn.chosen)),
            limit=limit,
            last=last,
            since=lambda row: max(row.created_at, row.not_before or row.created_at).timestamp(),
        )
        load.update(row.channel for row in part.chosen)
        turn = Allocation(
            turn.chosen + part.chosen,
            Counter(turn.over_limit) + Counter(part.over_limit),
            turn.no_room + part.no_room,
        )
    return turn, queued


def take_request(engine: Engine, run_id: str) -> RequestRow | None:
    """Take the request whose turn it is, for a run that begins now; None where none is.

    What is in flight is what the catalog says: whoever takes a request begins at once.
    """
    for row in _in_turn(engine, fairly=True):
        taken = engine.catalog.requests.take(row.id, run_id)
        if taken is not None:
            return taken
    return None


def has_request(engine: Engine) -> bool:
    """Whether `take_request` would take one."""
    return bool(_in_turn(engine, fairly=False))


def _in_turn(engine: Engine, *, fairly: bool) -> list[RequestRow]:
    """What may begin; fairly: that first whose turn it is."""
    requests = engine.catalog.requests
    due = requests.due(BATCH)
    if not due:
        return []
    at_work = [row for row in requests.in_flight() if row.state == RequestState.SUBMITTED]
    # A command that works on a video has no request for it.
    busy = {row.video_id for row in at_work} | engine.catalog.heartbeats.at_work()

    def load(causes: Collection[str], names: Collection[str]) -> tuple[int, Mapping[str, int]]:
        mine = (row.channel for row in at_work if row.cause in causes and row.channel in names)
        return 0, Counter(mine)

    free = [row for row in due if row.video_id not in busy]
    last = engine.catalog.served.channels({row.channel for row in free}) if fairly else None
    turn, _ = requests_turn(engine.settings, engine.channels, free, load, last=last)
    return turn.chosen
