"""Gates: how far a run may go before somebody has approved, and what follows at its end.

A gate is a row of the catalog and never a step that waits. A run is planned up to the first gate
that is closed, and ends there; whoever approves asks for the rest, which is a run as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vidpipe.catalog.failures import resolve
from vidpipe.catalog.following import follow
from vidpipe.catalog.requests import close_same
from vidpipe.catalog.reviews import Halt, go_past, halt, locked, stop_at
from vidpipe.catalog.tables import ClipRow, RequestRow, Video, now
from vidpipe.channels.reviews import GateName, ReviewRules
from vidpipe.errors import VidpipeError
from vidpipe.observability import events
from vidpipe.openai_client import missing
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.pipeline.steps.segments import SEGMENTS
from vidpipe.pipeline.steps.transcript import TRANSCRIPT
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import channel_of

#: The cause of a run that came to a closed gate: no failure.
AWAITS_REVIEW = "awaits_review"


class AwaitsReview(VidpipeError):
    """A stage was asked for that somebody has to approve first.

    Args:
        video_id: that waits.
        gate: where.
    """

    exit_code = 5

    def __init__(self, video_id: str, gate: GateName) -> None:
        self.video_id, self.gate = video_id, gate
        what = "its clips" if gate in (GateName.EXPORT, GateName.PUBLISH) else "the gate"
        super().__init__(
            f"{video_id} waits for review at the gate {gate}: approve or reject {what} "
            f"(vidpipe reviews list --video {video_id}); then it goes on"
        )


@dataclass(frozen=True)
class Reach:
    """How far a run may go.

    Attributes:
        stages: what it runs, in order; None: all that was asked for.
        gate: where it ends, or what is to be looked at again when it has; None: nowhere.
    """

    stages: tuple[str, ...] | None
    gate: GateName | None = None


def costly(order: Order) -> frozenset[str]:
    """The stages that ask a server which may take money for it."""
    settings, found = order.settings, set()
    heard_by = (order.run_options.transcript or settings.transcript.recognisers).split(",")
    asked = "api" in heard_by or settings.transcript.automatic
    if asked and missing(settings.transcript.api, "VIDPIPE_TRANSCRIPT__API") is None:
        found.add(TRANSCRIPT.name)
    if missing(settings.llm, "VIDPIPE_LLM") is None:
        found.add(SEGMENTS.name)
    return frozenset(found)


def reach(
    engine: Engine,
    video_id: str,
    stages: Sequence[str] | None,
    run_options: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Reach:
    """How far a run of a video may go now.

    Args:
        engine: store, catalog, channels.
        video_id: of the video.
        stages: that are asked for; None: all.
        run_options: of the run.
        at: the moment for which trusted hours are looked at; None: now.
    """
    channel = engine.channels.get(channel_of(video_id))
    if channel is None or _is_free(engine, video_id, engine.review_rules(channel.name)):
        return Reach(None)
    try:
        order = engine.order(video_id, RunOptions(**(run_options or {})))
        every = engine.pipeline.names(order.wanted_platforms)
    except VidpipeError:
        # The run itself fails by it, and says so.
        return Reach(None)
    wanted = [name for name in every if stages is None or name in stages]
    wanted += [name for name in stages or () if name not in every]
    judge = _Judge(engine, video_id, order, at or now(), made_anew=set(wanted))
    allowed: list[str] = []
    for name in wanted:
        gate = judge.closed(name)
        if gate is not None:
            return Reach(tuple(allowed), gate)
        allowed.append(name)
    return Reach(tuple(wanted), GateName.EXPORT) if judge.partly else Reach(None)


def check(engine: Engine, video_id: str, stage: str, order: Order) -> None:
    """Whether a stage may be run, whoever asked for it: what comes before it is there by now.

    Where it exports some clips, and others are not decided on, the video waits for these from
    now on: whoever decides has them exported, too.

    Args:
        engine: store, catalog, channels.
        video_id: of the video.
        stage: that is about to be run.
        order: what is wanted.

    Raises:
        AwaitsReview: somebody has to approve first.
    """
    if _is_free(engine, video_id, order.channel.review):
        return
    judge = _Judge(engine, video_id, order, order.asked_at or now(), made_anew=set())
    gate = judge.closed(stage)
    if gate is not None:
        raise AwaitsReview(video_id, gate)
    if judge.partly:
        _wait(engine, video_id, GateName.EXPORT, order, (stage,), _options(order))


def _is_free(engine: Engine, video_id: str, rules: ReviewRules) -> bool:
    """Whether no gate can be in the way: none is on, and the video waits at none from before."""
    return not rules.active and not engine.catalog.reviews.waiting([video_id])


class _Judge:
    """Which stages of one video may be run now."""

    def __init__(
        self, engine: Engine, video_id: str, order: Order, at: datetime, made_anew: set[str]
    ) -> None:
        self.engine, self.video_id, self.order, self.at = engine, video_id, order, at
        self.made_anew = made_anew
        self.costly = costly(order)
        #: Whether exports are made of some clips, while others wait.
        self.partly = False

    def closed(self, stage: str) -> GateName | None:
        """The gate before a stage, where it is closed."""
        for gate in self._before(stage):
            if self._is_closed(gate):
                return gate
        return None

    def _before(self, stage: str) -> list[GateName]:
        found = [GateName.COST] if stage in self.costly else []
        if stage == CLIPS.name:
            found.append(GateName.RENDER)
        if self.engine.pipeline.kind(stage) == EXPORTS.name:
            found.append(GateName.EXPORT)
        return found

    def _is_closed(self, gate: GateName) -> bool:
        reviews = self.engine.catalog.reviews
        waits = reviews.waits_at(self.video_id, gate)
        if not waits and not self.order.channel.review.asks(gate, self.at):
            return False
        if gate is GateName.EXPORT:
            if CLIPS.name in self.made_anew:
                return True
            pending = reviews.pending(self.video_id)
            self.partly = bool(pending)
            return bool(pending) and not reviews.any_approved(self.video_id)
        if gate is GateName.RENDER and SEGMENTS.name in self.made_anew:
            return True
        return not reviews.granted(
            self.video_id, gate, looked_at(self.engine, self.video_id, gate, self.order)
        )


def looked_at(engine: Engine, video_id: str, gate: GateName, order: Order) -> str:
    """The fingerprint of what somebody looks at before a gate is opened."""
    if gate is GateName.COST:
        video = engine.catalog.video(video_id)
        asked = {name: _server(order, name) for name in sorted(costly(order))}
        sha256 = video.sha256 if video is not None else ""
        return fingerprint({"gate": gate, "video": video_id, "sha256": sha256, "asks": asked})
    if gate is GateName.RENDER:
        made = engine.manifest(video_id, SEGMENTS.name)
        chosen = made.content_digest if made is not None else None
        return fingerprint({"gate": gate, "video": video_id, "chosen": chosen})
    return clips_seen(gate, video_id, engine.catalog.clips(video_id))


def clips_seen(gate: GateName, video_id: str, clips: Iterable[ClipRow]) -> str:
    """The fingerprint of all clips of a video, which are looked at one by one."""
    seen = {clip.clip_id: clip.fingerprint for clip in clips}
    return fingerprint({"gate": gate, "video": video_id, "clips": seen})


def _server(order: Order, stage: str) -> str:
    settings = order.settings
    found = settings.llm if stage == SEGMENTS.name else settings.transcript.api
    return found.model


def park(engine: Engine, asked: RequestRow, gate: GateName) -> None:
    """A request of which nothing may be run now: its video waits, and it is met."""
    _stop(engine, asked, gate, _rest(engine, asked, gate))


def ended(engine: Engine, asked: RequestRow, begun: datetime) -> str:
    """A run that was to end at a gate has ended well: its video waits, or goes on.

    Args:
        engine: store, catalog, channels.
        asked: what the run was for, with its gate.
        begun: when the run began.

    Returns:
        What was done, in words.
    """
    assert asked.gate is not None
    gate = GateName(asked.gate)
    rest = _rest(engine, asked, gate)
    if gate is GateName.EXPORT and not engine.catalog.reviews.pending(asked.video_id):
        exported = asked.stages is not None and CLIPS.name not in asked.stages
        if exported:
            stages = asked.stages
            engine.catalog.finish_video(asked.video_id, begun, asked.run_options, stages)
            finished(engine, asked.video_id)
            return "finished"
        return _go_on(engine, asked, rest)
    if gate is not GateName.EXPORT:
        order = engine.order(asked.video_id, RunOptions(**(asked.run_options or {})))
        seen = looked_at(engine, asked.video_id, gate, order)
        if engine.catalog.reviews.granted(asked.video_id, gate, seen):
            return _go_on(engine, asked, rest)
    _stop(engine, asked, gate, rest)
    return f"waits for review at the gate {gate}"


def _go_on(engine: Engine, asked: RequestRow, rest: Sequence[str]) -> str:
    with engine.catalog.writing() as session:
        go_past(session, asked, rest)
    return "goes on: what there is was approved already"


def _rest(engine: Engine, asked: RequestRow, gate: GateName) -> tuple[str, ...]:
    """What of a request is behind a gate, in order."""
    order = engine.order(asked.video_id, RunOptions(**(asked.run_options or {})))
    every = engine.pipeline.names(order.wanted_platforms)
    wanted = [name for name in every if asked.stages is None or name in asked.stages]
    wanted += [name for name in asked.stages or () if name not in every]
    return _behind(engine, order, wanted, gate)


def _behind(engine: Engine, order: Order, wanted: Sequence[str], gate: GateName) -> tuple[str, ...]:
    pays = costly(order)
    for place, name in enumerate(wanted):
        here = {
            GateName.COST: name in pays,
            GateName.RENDER: name == CLIPS.name,
            GateName.EXPORT: engine.pipeline.kind(name) == EXPORTS.name,
            GateName.PUBLISH: False,
        }
        if here[gate]:
            return tuple(wanted[place:])
    return ()


def _stop(engine: Engine, asked: RequestRow, gate: GateName, rest: Sequence[str]) -> None:
    order = engine.order(asked.video_id, RunOptions(**(asked.run_options or {})))
    at = Halt(
        gate=gate,
        fingerprint=looked_at(engine, asked.video_id, gate, order),
        stages=tuple(rest),
        run_options=asked.run_options,
        origin=asked.origin,
    )
    with engine.catalog.writing() as session:
        stop_at(session, asked, at)
    events.info("gate_wait_started", video_id=asked.video_id, gate=gate)


def stopped(
    engine: Engine,
    video_id: str,
    stage: str,
    order: Order,
    gate: GateName,
    begun: datetime | None = None,
) -> None:
    """A run that nobody wrote a request for has come to a closed gate: its video waits there.

    Args:
        engine: store, catalog, channels.
        video_id: of the video.
        stage: that was to be run next.
        order: what is wanted.
        gate: that is closed.
        begun: when the run began, which meets what was asked for before; None: it meets nothing.
    """
    every = engine.pipeline.names(order.wanted_platforms)
    rest = _behind(engine, order, every, gate) or (stage,)
    _wait(engine, video_id, gate, order, rest, _options(order), begun)


def _options(order: Order) -> dict[str, Any] | None:
    """The options of a run as a request for it has them."""
    return order.run_options.model_dump(mode="json", exclude_defaults=True) or None


def finished(engine: Engine, video_id: str, at: datetime | None = None) -> bool:
    """All of a video was made; whether its clips wait now for being approved for publishing."""
    channel = engine.channels.get(channel_of(video_id))
    if channel is None:
        return False
    if not engine.review_rules(channel.name).asks(GateName.PUBLISH, at or now()):
        return False
    if not engine.catalog.reviews.pending(video_id):
        return False
    _wait(engine, video_id, GateName.PUBLISH, engine.order(video_id), (), None)
    return True


def _wait(
    engine: Engine,
    video_id: str,
    gate: GateName,
    order: Order,
    rest: Sequence[str],
    options: Mapping[str, Any] | None,
    begun: datetime | None = None,
) -> None:
    seen = looked_at(engine, video_id, gate, order)
    with engine.catalog.writing() as session:
        video: Video | None = locked(session, video_id)
        if video is not None and video.state == "accepted":
            halt(session, video, Halt(gate, seen, tuple(rest), options))
            if begun is not None:
                close_same(session, video_id, None, before=begun)
                resolve(session, video_id)
            session.flush()
            follow(session, video_id)
    events.info("gate_wait_started", video_id=video_id, gate=gate)
