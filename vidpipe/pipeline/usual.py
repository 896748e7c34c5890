"""What stages usually cost of local work, for a deployment that has made nothing like it yet.

Medians of recordings of 14 to 60 s (`benchmarks.estimates`, those that may be built on) on two
cores, 1280x720, clips of quality `draft`; other machines, pictures and qualities are another
matter. What this deployment has made itself goes before.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vidpipe.costs.prices import Price
from vidpipe.pipeline.forecast import Drivers
from vidpipe.spending import CPU_SECONDS, STORED_BYTES


@dataclass(frozen=True)
class _Rate:
    """Seconds of processors and bytes that are stored: of any recording, for each second of it,
    and for each second of clips that are asked for, or of passages once they are chosen."""

    cpu_s: float
    for_second: float = 0.0
    for_clip_second: float = 0.0
    stored: float = 0.0
    stored_for_clip_second: float = 0.0


_RATES = {
    "source_video": _Rate(2.4),
    "audio": _Rate(0.05, 0.002, stored=33_000),
    "silence_regions": _Rate(0.1, 0.003),
    "transcript": _Rate(1.5, 0.14),
    "layout": _Rate(1.0, 0.18),
    "topics": _Rate(0.05),
    "scored_segments": _Rate(0.02, 0.001),
    "rendered_clips": _Rate(0.05, for_clip_second=1.1, stored_for_clip_second=130_000),
    "platform_exports": _Rate(0.05, for_clip_second=0.01, stored_for_clip_second=240_000),
}


def usual(stage: str, of: Drivers, price: Price) -> int:
    """Nanos of local work that a stage usually costs; 0 of one that nothing is known of.

    Args:
        stage: its name; of platforms' exports what is before the slash tells.
        of: the recording and its order.
        price: of local work.
    """
    rate = _RATES.get(stage.partition("/")[0])
    if rate is None:
        return 0
    clip_s = of.clip_s if of.passage_s is None else of.passage_s
    cpu_s = rate.cpu_s + rate.for_second * of.length_s + rate.for_clip_second * clip_s
    stored = rate.stored * of.length_s + rate.stored_for_clip_second * clip_s
    return price.cost(
        {CPU_SECONDS: Decimal(str(round(cpu_s, 3))), STORED_BYTES: Decimal(round(stored))}
    )
