"""What a run of a video would make anew, and why: without making anything."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vidpipe.errors import InputRejected
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.stage import AnyStage
from vidpipe.storage.fingerprint import canonical_json, fingerprint
from vidpipe.storage.keys import RETENTION

_SHOWN = 60


class StageVerdict(StrEnum):
    """What a run would do about one stage."""

    FRESH = "fresh"
    MISSING = "never made"
    CHANGED = "changed"
    LOST = "lost"
    PARTIAL = "partial"
    #: Made once already under what is wanted now: found, not made.
    CACHED = "cached"
    #: Made again only if what it rests on comes out different.
    DOWNSTREAM = "downstream"
    #: Retention took its files; it is made again only when something needs it.
    EXPIRED = "expired"


#: What a run has to work for.
WORK = frozenset(
    {StageVerdict.MISSING, StageVerdict.CHANGED, StageVerdict.LOST, StageVerdict.PARTIAL}
)
_MADE = WORK | {StageVerdict.DOWNSTREAM}


@dataclass(frozen=True)
class Step:
    """One stage of the plan; `because` names what changed, old and new."""

    stage: str
    verdict: StageVerdict
    because: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a run of one video would do, stage by stage."""

    video_id: str
    steps: tuple[Step, ...]

    @property
    def stale(self) -> bool:
        """Whether a run would make anything."""
        return any(step.verdict in WORK for step in self.steps)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, one line for each stage that changed of itself."""
        return tuple(
            f"{s.stage}: {', '.join(s.because) or s.verdict}"
            for s in self.steps
            if s.verdict in WORK
        )

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that a run of exactly this has to select, in order."""
        if not self.stale:
            return ()
        needed = {
            s.stage
            for s in self.steps
            if s.verdict not in (StageVerdict.FRESH, StageVerdict.EXPIRED)
        }
        removed = {s.stage for s in self.steps if s.verdict is StageVerdict.EXPIRED}
        for step in reversed(self.steps):
            if step.stage in needed:
                needed |= removed & set(step.inputs)
        return tuple(s.stage for s in self.steps if s.stage in needed)


def plan(
    engine: Engine,
    video_id: str,
    run_options: RunOptions | None = None,
    also: Collection[str] = (),
) -> Plan:
    """Compare what is stored of a video with what is wanted now.

    Wanted is what its channel and sidecar say. Reads manifests and the results that fingerprints
    rest on; decodes and encodes nothing.

    Args:
        engine: store, catalog, channels.
        video_id: of the video.
        run_options: of a single run; None: without any.
        also: stages that are looked at, too, such as an export that only somebody who asks for it
            wants.

    Raises:
        VidpipeError: the video was never taken in, or its channel is gone.
    """
    order = engine.order(video_id, run_options)
    steps: dict[str, Step] = {}
    every = engine.pipeline.names(order.wanted_platforms)
    for name in (*every, *(name for name in also if name not in every)):
        stage = engine.pipeline.find(name)
        if stage is not None:
            steps[name] = _step(engine, video_id, order, stage, steps)
    return Plan(video_id, tuple(steps.values()))


def to_make(
    engine: Engine,
    video_id: str,
    stages: Collection[str] | None = None,
    run_options: RunOptions | None = None,
) -> list[str]:
    """The stages that a run would make, and those it may have to: what it is paid for.

    Args:
        engine: store, catalog, channels.
        video_id: of the video.
        stages: only these; None: whatever is to be made.
        run_options: of the run.

    Raises:
        VidpipeError: the video was never taken in, its channel is gone, or the options cannot be.
    """
    anew = run_options is not None and run_options.force
    return [
        step.stage
        for step in plan(engine, video_id, run_options, stages or ()).steps
        if (stages is None or step.stage in stages) and (anew or step.verdict in _MADE)
    ]


def _step(
    engine: Engine, video_id: str, order: Order, wanted: AnyStage, before: Mapping[str, Step]
) -> Step:
    verdict, because = _verdict(engine, video_id, order, wanted, before)
    return Step(wanted.name, verdict, because, wanted.inputs)


def _verdict(
    engine: Engine, video_id: str, order: Order, wanted: AnyStage, before: Mapping[str, Step]
) -> tuple[StageVerdict, tuple[str, ...]]:
    moving = [i for i in wanted.inputs if i in before and before[i].verdict in _MADE]
    current = engine.artifacts.current(video_id, wanted.folder, wanted.name)
    if current is None:
        return StageVerdict.MISSING, ()
    try:
        run = engine.prepare(wanted, video_id, order, engine.artifacts.scratch)
        cache_key_inputs = wanted.cache_key_inputs(run, wanted.prepare(order, run))
    except (InputRejected, FileNotFoundError) as error:
        return StageVerdict.LOST, (str(error),)
    identity = fingerprint(cache_key_inputs)
    if identity != current.fingerprint:
        # Over a whole library only sizes are looked at; a run that finds it reads its bytes.
        found = engine.artifacts.manifest(video_id, wanted.folder, wanted.name, identity)
        because = tuple(differences(current.cache_key_inputs, cache_key_inputs))
        known = (
            found is not None
            and engine.artifacts.intact(found)
            and engine.items_intact(found, wanted, read=False)
        )
        return StageVerdict.CACHED if known else StageVerdict.CHANGED, because
    if not engine.artifacts.intact(current):
        stored, whole = False, False
    else:
        try:
            stored = engine.items_intact(current, wanted, read=False)
            whole = wanted.whole(engine.artifacts.document(current, wanted.document))
        except FileNotFoundError as error:
            return StageVerdict.LOST, (error.strerror or str(error),)
    if not stored:
        days = order.channel.retention.days(RETENTION[wanted.folder])
        if days is None:
            return StageVerdict.LOST, ("files are gone from the store",)
        verdict = StageVerdict.DOWNSTREAM if moving else StageVerdict.EXPIRED
        return verdict, (f"kept {days:g} days",)
    if not whole:
        return StageVerdict.PARTIAL, ("not all of it could be made",)
    if moving:
        return StageVerdict.DOWNSTREAM, tuple(moving)
    return StageVerdict.FRESH, ()


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """`options.captions.font_size: 64 -> 72`, one for each leaf that differs."""
    before, after = dict(_leaves(_plain(old))), dict(_leaves(_plain(new)))
    for path in sorted({*before, *after}):
        was, now = before.get(path, "nothing"), after.get(path, "nothing")
        if was == now:
            continue
        if path.startswith("inputs."):
            yield f"another {path.removeprefix('inputs.')}"
        else:
            yield f"{path}: {_short(was)} -> {_short(now)}"


def _plain(value: Mapping[str, Any]) -> Any:
    return json.loads(canonical_json(value))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for k, item in enumerate(value):
            yield from _leaves(item, f"{path}[{k}]")
    else:
        yield path, value


def _short(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
