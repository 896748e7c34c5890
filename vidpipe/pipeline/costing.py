"""What a run will cost, before it is begun: as the same stages cost for other recordings here.

Once passages are chosen, what clips and exports cost is told from the seconds of these.

Of services that were never called here, the price list says what their calls would cost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

from vidpipe.catalog.cost_tables import CostEstimateRow
from vidpipe.catalog.costs import StageSpend
from vidpipe.catalog.tables import Video
from vidpipe.costs.money import shown
from vidpipe.errors import Misconfigured
from vidpipe.pipeline.forecast import (
    BY_DENSITY,
    BY_LENGTH,
    BY_PASSAGES,
    FLAT,
    Drivers,
    KnownCost,
    Shape,
    Trend,
    by_clips,
    by_length,
    by_passages,
    by_pixels,
    flat,
    forecast,
    reach,
)
from vidpipe.pipeline.order import OF_CLIPS
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.scored import SCORING, ScoredPassages
from vidpipe.pipeline.usual import usual
from vidpipe.segments.editor.questions import expected
from vidpipe.segments.editor.server import purchase
from vidpipe.spending import LOCAL, Purchase

if TYPE_CHECKING:
    from vidpipe.pipeline.engine import Engine

#: Makings of a stage that are looked at, the newest.
_NEWEST = 60
#: From so many of the same channel on, others say nothing more.
_OF_CHANNEL = 5
#: Of those, the ones that are nearest in length.
_NEAREST = 20
#: What recordings that are known were off by says how far this one may be, from so many on.
_TELLING = 5
#: A recording says it of which so much of the sum is known.
_MOST = 0.8


@dataclass(frozen=True)
class StageCost:
    """What one stage is expected to cost.

    Attributes:
        stage: its name.
        outside: nanos that services cost.
        local: nanos of this deployment's own work.
        basis: where that comes from, for people.
        samples: how many recordings that rests on; 0: on the price list, or on usual rates.
    """

    stage: str
    outside: int
    local: int
    basis: str
    samples: int


@dataclass(frozen=True)
class RunCost:
    """What a run is expected to cost.

    Attributes:
        stages: each of them, in their order.
        low, high: nanos that it may come to, as far off as recordings that are known would have
            been told by the others; None: too few are known.
    """

    stages: tuple[StageCost, ...] = ()
    low: int | None = None
    high: int | None = None

    @property
    def outside(self) -> int:
        """Nanos that services cost."""
        return sum(stage.outside for stage in self.stages)

    @property
    def local(self) -> int:
        """Nanos of this deployment's own work."""
        return sum(stage.local for stage in self.stages)

    @property
    def total(self) -> int:
        return self.outside + self.local


#: What stages cost of other recordings, by stage and channel (None: of any): read once for many
#: videos.
PastCosts = dict[tuple[str, str | None], list[StageSpend]]


@dataclass(frozen=True)
class _Told:
    """A stage's cost, and what it was and would have been told of each that is known."""

    cost: StageCost
    actual: Mapping[str, int]
    others: Mapping[str, float]


def run_cost(
    engine: Engine,
    video: Video,
    stages: Collection[str],
    past: PastCosts | None = None,
    run_options: RunOptions | None = None,
    passages: ScoredPassages | None = None,
) -> RunCost:
    """What making stages of a video is expected to cost.

    Where passages are not chosen again, it is told from those that are.

    Args:
        engine: whose ledger and prices it is told from.
        video: of which they would be made.
        stages: their names, in their order.
        past: what was read for other videos already, and is read no more; it is added to.
        run_options: of the run.
        passages: that were chosen; None: those of the result that is current, unless it is among
            what is made.

    Raises:
        VidpipeError: the video was never taken in, its channel is gone, or the options cannot be.
    """
    past = {} if past is None else past
    order = engine.order(video.video_id, run_options)
    of = Drivers(
        video.duration_s,
        video.width * video.height / 1e6,
        order.clip_seconds,
        bytes_s=video.size_bytes / max(video.duration_s, 1e-3),
    )
    if passages is None and SCORING not in stages:
        passages = engine.passages(video.video_id, order)
    told = []
    for stage in stages:
        made = engine.pipeline.stage(stage)
        drivers = of
        if passages is not None and made.folder in OF_CLIPS:
            drivers = replace(of, passage_s=passages.seconds * made.formats(order))
        told.append(_stage(engine, video, drivers, stage, past))
    low, high = _between(told)
    return RunCost(tuple(one.cost for one in told), low, high)


def _stage(engine: Engine, video: Video, of: Drivers, stage: str, past: PastCosts) -> _Told:
    clips = engine.pipeline.stage(stage).folder in OF_CLIPS
    known = _past(engine, past, stage, video.channel)
    rows, whose = _alike(known, video, of, clips=clips)
    if not rows:
        outside, basis = _by_price(engine, video, stage)
        local = usual(stage, of, engine.accountant.prices.price(Purchase(LOCAL, "work", {})))
        if local:
            basis = f"{basis}; own work as it usually is" if outside else "as it usually is"
        return _Told(StageCost(stage, outside, local, basis, 0), {}, {})
    shapes, trends = _shapes(rows, of, clips=clips)
    drivers = [
        Drivers(r.length_s, r.megapixels, r.clip_s, r.passage_s, r.size_bytes / r.length_s)
        for r in rows
    ]
    ids = [row.video_id for row in rows]
    parts = [[row.outside for row in rows], [row.local for row in rows]]
    outside_told, local_told = (
        forecast(
            [KnownCost(*item) for item in zip(ids, drivers, part, strict=True)], of, shapes, trends
        )
        for part in parts
    )
    cost = StageCost(
        stage,
        round(outside_told.amount),
        round(local_told.amount),
        f"{len(rows)} recordings {whose}, {(outside_told if any(parts[0]) else local_told).how}",
        len(rows),
    )
    actual = {row.video_id: row.outside + row.local for row in rows}
    others = {one: outside_told.others[one] + local_told.others[one] for one in ids}
    return _Told(cost, actual, others)


def _past(engine: Engine, past: PastCosts, stage: str, channel: str) -> list[StageSpend]:
    """The newest makings of a stage, of the channel and of all: one hides none of another."""
    found: dict[str, StageSpend] = {}
    for of in (channel, None):
        if (stage, of) not in past:
            rows = engine.accountant.rows.stage_history(stage, _NEWEST, of)
            past[stage, of] = rows
        found |= {row.video_id: row for row in past[stage, of]}
    return list(found.values())


def _shapes(
    rows: Sequence[StageSpend], of: Drivers, *, clips: bool
) -> tuple[dict[str, Shape], Sequence[Trend]]:
    """What a cost may go by, and which lines it may follow."""
    if of.passage_s is not None and all(row.passage_s is not None for row in rows):
        if of.passage_s:
            return {"by their passages": by_passages}, (BY_PASSAGES, BY_DENSITY)
        return {"where nothing was chosen": flat}, ()
    shapes: dict[str, Shape] = {"by their clips": by_clips} if clips else {}
    shapes |= {"by their length": by_length, "by length and pixels": by_pixels, FLAT: flat}
    return shapes, (BY_LENGTH,)


def _alike(
    rows: Sequence[StageSpend], video: Video, of: Drivers, *, clips: bool
) -> tuple[list[StageSpend], str]:
    """Recordings that are most like one: of its channel, and near it in length."""
    found = [row for row in rows if row.video_id != video.video_id and row.length_s > 0]
    if of.passage_s is not None:
        # Where nothing is chosen hardly anything is done: such say nothing of the others.
        scored = [row for row in found if row.passage_s is not None]
        same = [row for row in scored if bool(row.passage_s) == bool(of.passage_s)]
        if same or not of.passage_s:
            found = same
        else:
            found = [row for row in found if row.passage_s is None]
    elif clips and any(row.clip_s for row in found):
        # Of the others nobody knows what was asked for, or some of it was found.
        found = [row for row in found if row.clip_s]
    pictures = [row for row in found if bool(row.megapixels) == bool(video.width)]
    found = pictures if len(pictures) >= _OF_CHANNEL else found
    own = [row for row in found if row.channel == video.channel]
    whose = f"of the channel {video.channel}" if len(own) >= _OF_CHANNEL else "here"
    found = own if len(own) >= _OF_CHANNEL else found

    def apart(row: StageSpend) -> float:
        if of.passage_s and row.passage_s:
            return abs(log(row.passage_s / of.passage_s))
        return abs(log(row.length_s / max(video.duration_s, 1e-3)))

    return sorted(found, key=apart)[:_NEAREST], whose


def _between(told: Sequence[_Told]) -> tuple[int | None, int | None]:
    """What the sum may come to, by how far the known ones would have been off."""
    total = sum(one.cost.outside + one.cost.local for one in told)
    ratios = []
    for of in {of for one in told for of in one.actual}:
        known = [one for one in told if of in one.actual]
        expected = sum(one.others[of] for one in known)
        share = sum(one.cost.outside + one.cost.local for one in known)
        if expected > 0 and share >= _MOST * total:
            ratios.append(sum(one.actual[of] for one in known) / expected)
    if len(ratios) < _TELLING:
        return None, None
    least, most = reach(ratios)
    return round(total * min(1.0, least)), round(total * max(1.0, most))


def said(costs: RunCost, currency: str) -> str:
    """An estimate in one line: what it comes to, of that services, and what it rests on."""
    samples = [cost.samples for cost in costs.stages if cost.samples]
    basis = f"told from {max(samples)} recordings" if samples else "nothing like it was made yet"
    if any(c.outside and not c.samples for c in costs.stages):
        basis += ", services by the price list"
    total = shown(costs.total, currency)
    if costs.low is not None and costs.high is not None:
        total += f" ({shown(costs.low, currency)} to {shown(costs.high, currency)})"
    return f"{total}, of that {shown(costs.outside, currency)} of services; {basis}"


def estimate_row(
    engine: Engine,
    video: Video,
    costs: RunCost,
    *,
    job_id: str | None = None,
    run_id: str | None = None,
) -> CostEstimateRow:
    """An estimate of before the work as it is kept, to be held beside what it came to."""
    return CostEstimateRow(
        at=engine.accountant.clock(),
        video_id=video.video_id,
        job_id=job_id,
        run_id=run_id,
        channel=video.channel,
        outside=costs.outside,
        local=costs.local,
        currency=engine.settings.costs.currency,
        basis=[vars(cost) for cost in costs.stages],
        low=costs.low,
        high=costs.high,
    )


def _by_price(engine: Engine, video: Video, stage: str) -> tuple[int, str]:
    """What the calls of a stage that was never made here cost by the price list."""
    asked = _calls(engine, video, stage)
    if asked is None:
        return 0, "nothing of the kind was made here yet"
    try:
        expected, _ = engine.accountant.cost(asked)
    except Misconfigured as error:
        return 0, f"unknown: {error}"
    return expected, f"the price of {asked.service}/{asked.product}"


def _calls(engine: Engine, video: Video, stage: str) -> Purchase | None:
    """What a stage would ask of services, if it would."""
    settings = engine.settings
    if stage == "transcript":
        api = settings.transcript.api
        if api.url and "api" in settings.transcript.order:
            from vidpipe.transcript.api import Api

            return Api(api).purchase(video.duration_s)
    if stage == "scored_segments" and settings.llm.url:
        return purchase(settings.llm, *expected(settings.llm, video.duration_s))
    return None
