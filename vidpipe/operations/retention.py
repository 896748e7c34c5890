"""What may be removed, by the channel's policies; saying it first, then doing it.

Removed are files. Rows of the catalog, manifests, and the small documents that stages
read from each other stay, so that it is always known what there was and how to make it
anew. What an older setting or version gave goes whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vidpipe.catalog.tables import Video
from vidpipe.channels.model import Channel
from vidpipe.clips.model import RenderedClips
from vidpipe.errors import Misconfigured, Unavailable, VidpipeError
from vidpipe.exports.model import PlatformExports
from vidpipe.operations.clock import ClockReading, believe, keep
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.storage.keys import QUARANTINE, RETENTION, Folder, folder_prefix, video_prefix
from vidpipe.storage.objects import ObjectInfo

_DAY_S = 86_400.0
#: Listing a video is waiting for the store: several at once.
_AT_ONCE = 8
SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Removal:
    """One object that its policy gives up; of no video when it is in quarantine."""

    key: str
    video_id: str
    kind: str
    channel: str
    size_bytes: int
    age_days: float


@dataclass(frozen=True)
class KeptVideo:
    """Why nothing of a video, or not its clips, may be removed."""

    video_id: str
    why: str


@dataclass
class RemovalPlan:
    """What retention would remove, and what it keeps although its time has come."""

    removals: list[Removal] = field(default_factory=list)
    kept: list[KeptVideo] = field(default_factory=list)
    look: ClockReading | None = None

    @property
    def doubt(self) -> str:
        """That the clock is not believed, and what is done about it; empty when it is."""
        if self.look is None or self.look.clock_s - self.look.believed_s < _DAY_S:
            return ""
        believed = datetime.fromtimestamp(self.look.believed_s, UTC).date()
        days = (self.look.clock_s - self.look.believed_s) / _DAY_S
        return (
            f"the clock went on by {days:.0f} days more than was seen to pass: nothing is taken "
            f"for older than it was on {believed}. If the clock is right, this catches up night by "
            "night; or say so: vidpipe retention --apply --trust-clock"
        )

    @property
    def size_bytes(self) -> int:
        return sum(r.size_bytes for r in self.removals)

    def by_kind(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(objects, bytes) by channel and kind."""
        counts: Counter[tuple[str, str]] = Counter()
        sizes: Counter[tuple[str, str]] = Counter()
        for r in self.removals:
            counts[r.channel, r.kind] += 1
            sizes[r.channel, r.kind] += r.size_bytes
        return {name: (counts[name], sizes[name]) for name in sorted(counts)}


def plan_removal(
    engine: Engine,
    at_work: Collection[str] = (),
    *,
    at_s: float | None = None,
    trust_clock: bool = False,
) -> RemovalPlan:
    """What the policies give up now.

    Kept whatever its age: videos that a run works on, that are requested, wait for another
    try or for approval, are to be posted, or are held; clips that some platform has no export of.

    Args:
        engine: store, catalog, channels.
        at_work: videos that runs have in hand, as far as the caller knows; those with a
            heartbeat in the catalog are added.
        at_s: the moment, in seconds since 1970; by default what can be believed of the clock.
        trust_clock: believe it: somebody has looked.

    Raises:
        VidpipeError: store or catalog cannot be read.
    """
    busy = {*at_work, *_busy(engine)}
    found = RemovalPlan()
    videos = engine.catalog.videos()
    if at_s is None:
        happened = (m for v in videos for m in (v.created_at, v.finished_at) if m is not None)
        clock_s = time.time()
        found.look = believe(engine.store, clock_s, happened)
        if trust_clock:
            found.look = ClockReading(clock_s=clock_s, believed_s=clock_s)
        at_s = found.look.believed_s
    due = []
    for video in videos:
        channel = engine.channels.get(video.channel)
        if channel is None or not channel.retention.policies:
            continue
        why = _why_kept(video, busy)
        if why:
            found.kept.append(KeptVideo(video.video_id, why))
        else:
            due.append((video, channel))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for part in pool.map(lambda item: _of_video(engine, item[0], item[1], at_s), due):
            found.removals += part.removals
            found.kept += part.kept
    for channel in engine.channels.values():
        found.removals += _of_quarantine(engine, channel, at_s)
    return found


def _busy(engine: Engine) -> set[str]:
    """Videos that are worked on, requested, failed, wait for approval or are to be posted."""
    catalog = engine.catalog
    failed = {f.subject for f in catalog.failures.living()}
    working = catalog.heartbeats.at_work() | catalog.requests.videos()
    return working | failed | catalog.reviews.all_waiting() | catalog.posts.videos_waited_for()


def _why_kept(video: Video, busy: Collection[str]) -> str | None:
    if video.hold:
        return f"held: {video.hold}"
    if video.video_id in busy:
        return "it is being worked on, or waits for it"
    if video.state == "accepted" and video.finished_at is None:
        return "it is not finished"
    return None


def _of_video(engine: Engine, video: Video, channel: Channel, at_s: float) -> RemovalPlan:
    """What of one finished video is past its time."""
    found = RemovalPlan()
    listing = list(engine.store.list(video_prefix(video.video_id)))
    try:
        living = {f: _living(engine, video.video_id, f, listing) for f in Folder}
    except (Unavailable, FileNotFoundError) as error:
        found.kept.append(
            KeptVideo(video.video_id, f"what of it is current cannot be read: {error}")
        )
        return found
    finished = _seconds(video.finished_at)
    for item in listing:
        folder = Folder(item.key.removeprefix(video_prefix(video.video_id) + "/").split("/")[0])
        if item.key.endswith(".current.json"):
            continue
        current = item.key in living[folder]
        if current and item.key.endswith(".json"):
            continue
        kind = RETENTION[folder] if current else SUPERSEDED
        age_days = (
            at_s - (max(item.modified_s, finished) if current else item.modified_s)
        ) / _DAY_S
        days = channel.retention.days(kind)
        if days is None or age_days < days:
            continue
        if kind == "master" and (why := _not_exported(engine, video.video_id)):
            found.kept.append(KeptVideo(video.video_id, why))
            continue
        found.removals.append(
            Removal(item.key, video.video_id, kind, channel.name, item.size_bytes, age_days)
        )
    found.kept = list(dict.fromkeys(found.kept))
    return found


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0


def _living(engine: Engine, video_id: str, folder: Folder, listing: list[ObjectInfo]) -> set[str]:
    """Keys of the artifacts that pointers name, and of the clips and exports these name."""
    prefix = folder_prefix(video_id, folder) + "/"
    found: set[str] = set()
    for item in listing:
        if not (item.key.startswith(prefix) and item.key.endswith(".current.json")):
            continue
        manifest = engine.artifacts.manifest_at(item.key)
        if manifest is None:
            raise Unavailable(f"{item.key} is damaged or gone")
        found.update(engine.artifacts.keys_of(folder, manifest))
        made_by = engine.pipeline.find(manifest.artifact)
        for part in engine.items(manifest, made_by) if made_by is not None else ():
            if part is not None:
                found.update(engine.artifacts.keys_of(folder, part))
    return found


def _not_exported(engine: Engine, video_id: str) -> str | None:
    """Why the clips are still needed, or None."""
    try:
        order = engine.order(video_id)
    except VidpipeError as error:
        return f"what it is wanted for cannot be read: {error}"
    clips = engine.manifest(video_id, CLIPS.name)
    if clips is None:
        return None
    wanted = {c.clip_id for c in engine.artifacts.document(clips, RenderedClips).clips}
    for platform in order.wanted_platforms:
        exported = engine.manifest(video_id, EXPORTS.of(platform).name)
        done: set[str] = set()
        if exported is not None:
            document = engine.artifacts.document(exported, PlatformExports)
            done = {e.clip_id for e in document.exports} | {r.clip_id for r in document.refused}
        if not wanted <= done:
            return f"{platform} has not all of its clips"
    return None


def _of_quarantine(engine: Engine, channel: Channel, at_s: float) -> Iterator[Removal]:
    days = channel.retention.quarantine
    if days is None:
        return
    for item in engine.store.list(f"{QUARANTINE}/{channel.name}"):
        age_days = (at_s - item.modified_s) / _DAY_S
        if age_days >= days:
            yield Removal(item.key, "", "quarantine", channel.name, item.size_bytes, age_days)


def remove(engine: Engine, found: RemovalPlan, at_work: Callable[[], Collection[str]] = set) -> int:
    """Do what was said; how many objects are gone.

    Saying it may have taken a while: what somebody needs by now is kept. Of what is
    superseded manifests go first, so that none is found half.

    Args:
        engine: store and catalog.
        found: what was said.
        at_work: asks again for the videos that runs have in hand.
    """
    if found.look is not None:
        keep(engine.store, found.look)
    by_video: dict[str, list[Removal]] = {}
    for removal in found.removals:
        by_video.setdefault(removal.video_id, []).append(removal)
    count = 0
    for video_id, removals in by_video.items():
        if video_id and video_id in {*at_work(), *_busy(engine)}:
            continue
        for removal in sorted(removals, key=lambda r: not r.key.endswith(".manifest.json")):
            engine.store.delete(removal.key)
            count += 1
    return count


def check_retirable(engine: Engine, video: Video) -> None:
    """Whether a video may be retired.

    Raises:
        Misconfigured: it is held, a run works on it, or a clip of it is to be posted.
    """
    if video.hold:
        raise Misconfigured(f"{video.video_id} is held: {video.hold}")
    if video.video_id in engine.catalog.heartbeats.at_work():
        raise Misconfigured(f"{video.video_id}: a run works on it; end it first")
    if video.video_id in engine.catalog.posts.videos_waited_for():
        raise Misconfigured(f"{video.video_id}: a clip of it is to be posted; cancel that first")


def retire(engine: Engine, video: Video) -> int:
    """Remove all files of a video and mark its row; how many files.

    The same bytes dropped again revive it under the same id.

    Raises:
        Misconfigured: it is held, a run works on it, or a clip of it is to be posted.
    """
    check_retirable(engine, video)
    video_id = video.video_id
    count = sum(1 for _ in engine.store.list(video_prefix(video_id)))
    engine.catalog.retire_video(video_id)

    def remove() -> None:
        # Nobody begins anything with it any more: this is all that there will be.
        keys = [item.key for item in engine.store.list(video_prefix(video_id))]
        # Pointers first: nothing is current from then on.
        for key in sorted(keys, key=lambda k: not k.endswith(".current.json")):
            engine.store.delete(key)

    engine.catalog.afterwards(remove)
    return count
