"""What a run will cost, before it is begun: as the same stages cost for other recordings here.

Of services that were never called here, the price list says what their calls would cost.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidpipe.catalog.cost_tables import CostEstimateRow
from vidpipe.catalog.tables import Video
from vidpipe.costs.money import shown
from vidpipe.errors import Misconfigured
from vidpipe.segments.llm import purchase
from vidpipe.spending import Purchase

if TYPE_CHECKING:
    from vidpipe.pipeline.engine import Engine

#: Makings of a stage that are looked at, the newest.
_NEWEST = 60
#: From so many of the same channel on, others say nothing more.
_OF_CHANNEL = 5
#: What a candidate passage is long, in characters.
_PASSAGE = 900


@dataclass(frozen=True)
class StageCost:
    """What one stage is expected to cost.

    Attributes:
        stage: its name.
        outside: nanos that services cost.
        local: nanos of this deployment's own work.
        basis: where that comes from, for people.
        samples: how many recordings that rests on; 0: on the price list, or on nothing.
    """

    stage: str
    outside: int
    local: int
    basis: str
    samples: int


#: What stages cost of other recordings, by stage, as `CostRows.stage_history` says it.
PastCosts = dict[str, list[tuple[str, str, float, int, int]]]


def stage_cost(
    engine: Engine, video: Video, stage: str, past: PastCosts | None = None
) -> StageCost:
    """What making a stage of a video is expected to cost.

    Args:
        engine: whose ledger and prices it is told from.
        video: of which it would be made.
        stage: its name.
        past: what was read for other videos already, and is read no more; it is added to.
    """
    past = {} if past is None else past
    if stage not in past:
        past[stage] = engine.accountant.rows.stage_history(stage, _NEWEST)
    rows = past[stage]
    others = [row for row in rows if row[0] != video.video_id and row[2] > 0]
    own = [row for row in others if row[1] == video.channel]
    used = own if len(own) >= _OF_CHANNEL else others
    whose = f"of the channel {video.channel}" if used is own else "here"
    if not used:
        outside, basis = _by_price(engine, video, stage)
        return StageCost(stage, outside, 0, basis, 0)
    outside, how = _expected([(row[2], row[3]) for row in used], video.duration_s)
    local, how_local = _expected([(row[2], row[4]) for row in used], video.duration_s)
    how = how if outside else how_local
    return StageCost(stage, outside, local, f"{len(used)} recordings {whose}, {how}", len(used))


def run_cost(
    engine: Engine, video: Video, stages: Collection[str], past: PastCosts | None = None
) -> list[StageCost]:
    """What making these stages of a video is expected to cost, in their order; see `stage_cost`."""
    past = {} if past is None else past
    return [stage_cost(engine, video, stage, past) for stage in stages]


def said(costs: Sequence[StageCost], currency: str) -> str:
    """An estimate in one line: what it comes to, of that services, and what it rests on."""
    outside, local = sum(c.outside for c in costs), sum(c.local for c in costs)
    samples = [cost.samples for cost in costs if cost.samples]
    basis = f"told from {max(samples)} recordings" if samples else "nothing like it was made yet"
    if any(c.outside and not c.samples for c in costs):
        basis += ", services by the price list"
    total = shown(outside + local, currency)
    return f"{total}, of that {shown(outside, currency)} of services; {basis}"


def estimate_row(
    engine: Engine,
    video: Video,
    costs: Sequence[StageCost],
    *,
    job_id: str | None = None,
    run_id: str | None = None,
) -> CostEstimateRow:
    """An estimate as it is kept, to be held beside what it came to."""
    return CostEstimateRow(
        at=engine.accountant.clock(),
        video_id=video.video_id,
        job_id=job_id,
        run_id=run_id,
        channel=video.channel,
        outside=sum(cost.outside for cost in costs),
        local=sum(cost.local for cost in costs),
        currency=engine.settings.costs.currency,
        basis=[vars(cost) for cost in costs],
    )


def _expected(seen: Sequence[tuple[float, int]], duration_s: float) -> tuple[int, str]:
    """By the length of the recording or regardless of it, whichever told the others better."""
    by_length = [amount / length for length, amount in seen]
    rate, flat = statistics.median(by_length), statistics.median(a for _, a in seen)
    if len(seen) >= 3 and _error(seen, flat=True) < _error(seen, flat=False):
        return round(flat), "whatever their length"
    return round(rate * duration_s), "by their length"


def _error(seen: Sequence[tuple[float, int]], *, flat: bool) -> float:
    """How far off each would have been told by the others, as a share, in the middle."""
    errors = []
    for k, (length, amount) in enumerate(seen):
        rest = [item for n, item in enumerate(seen) if n != k]
        if flat:
            told = statistics.median(a for _, a in rest)
        else:
            told = statistics.median(a / s for s, a in rest) * length
        errors.append(abs(told - amount) / amount if amount else float(told > 0))
    return statistics.median(errors)


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
        count = settings.llm.candidates
        return purchase(settings.llm, [{"content": "x" * _PASSAGE * count}], count)
    return None
