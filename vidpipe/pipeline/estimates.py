"""How long stages and encodes will take, and how large files will be: by what was done before."""

from __future__ import annotations

import os
import platform
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.tables import now
from vidpipe.exports.model import Estimate
from vidpipe.geometry import Size

#: Runs of stages that an estimate looks at, none older than so many days.
_STAGE_RUNS, _DAYS = 400, 90
#: From this share of a stage on, what it took until now says more than what others took.
_TELLING = 0.02
#: The newest encodes of a kind count, and so many make an estimate of their own.
_NEWEST, _ENOUGH = 20, 2
#: libx264 veryfast on two cores, 1080x1920: seconds a second of a clip, stack with captions
#: (benchmarks/clips.py). Other presets next to it.
_SECONDS, _CORES, _MEGAPIXELS = 0.30, 2, 1080 * 1920 / 1e6
_PRESETS = {"ultrafast": 0.55, "superfast": 0.75, "veryfast": 1.0, "faster": 1.4, "fast": 1.8}
#: AAC of a stereo sound, seconds a second.
_SOUND = 0.02
#: Of the bitrate's ceiling, what slides and a speaker take (benchmarks/clips.py).
_OF_CEILING = 0.1


def stage_rates(catalog: Catalog) -> dict[str, float]:
    """Seconds that each stage took for a second of a recording: the median of its newest runs."""
    took: defaultdict[str, list[float]] = defaultdict(list)
    for run in catalog.history.made(now() - timedelta(days=_DAYS), _STAGE_RUNS):
        if run.recorded_s > 0:
            took[run.stage].append(run.wall_s / run.recorded_s)
    return {stage: median(values) for stage, values in took.items()}


def left_s(fraction: float, elapsed_s: float, usual_s: float | None) -> float | None:
    """Seconds that a stage still takes; None where nothing says so.

    At first by what it usually takes, and the further it is the more by its own pace.

    Args:
        fraction: how much of it is done, 0 to 1.
        elapsed_s: seconds that it took until now.
        usual_s: seconds that it usually takes for such a recording; None: it never ran.
    """
    if fraction >= 1.0:
        return 0.0
    usual = max(0.0, usual_s * (1.0 - fraction)) if usual_s is not None else None
    if fraction < _TELLING:
        return usual
    own = elapsed_s / fraction * (1.0 - fraction)
    return own if usual is None else fraction * own + (1.0 - fraction) * usual


@dataclass
class Estimator:
    """Estimates one kind of work at a time, and learns from what it took.

    A kind is a name such as `render 1080x1920 libx264 veryfast stack`; all of one kind take
    about so much for each second of a clip, on one machine.
    """

    catalog: Catalog
    video_id: str
    host: str = field(default_factory=platform.node)

    def estimate(self, work: str, clip_s: float, prior: Callable[[float], Estimate]) -> Estimate:
        """Seconds and bytes for `clip_s` seconds of a clip; `prior` where nothing is known."""
        past = self.catalog.encodes(work, self.host, _NEWEST)
        if len(past) < _ENOUGH:
            return prior(clip_s)
        return Estimate(
            seconds=round(clip_s * median(p.seconds / p.clip_s for p in past), 2),
            size_bytes=round(clip_s * median(p.size_bytes / p.clip_s for p in past)),
        )

    def watch(
        self, work: str, clip_id: str, clip_s: float, prior: Callable[[float], Estimate]
    ) -> Watch:
        """Estimate one piece of work that is about to begin."""
        return Watch(self, work, clip_id, clip_s, self.estimate(work, clip_s, prior))

    def learn(
        self, work: str, clip_id: str, clip_s: float, took: Estimate, estimate: Estimate
    ) -> None:
        """Keep what it took beside what was thought."""
        if clip_s <= 0 or self.catalog.video(self.video_id) is None:
            return
        self.catalog.record_encode(
            tables.Encode(
                video_id=self.video_id,
                clip_id=clip_id,
                work=work,
                host=self.host,
                clip_s=clip_s,
                seconds=round(took.seconds, 3),
                size_bytes=took.size_bytes,
                estimated_s=estimate.seconds,
                estimated_bytes=estimate.size_bytes,
            )
        )


@dataclass
class Watch:
    """One piece of work: what is thought of it, and what it takes."""

    estimator: Estimator
    work: str
    clip_id: str
    clip_s: float
    estimate: Estimate
    seconds: float = 0.0
    began_s: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        """The work begins now, later than it was estimated: it waited for its turn."""
        self.began_s = time.monotonic()

    def done(self, size_bytes: int) -> None:
        """The work is done; the next estimate knows of it."""
        self.seconds = round(time.monotonic() - self.began_s, 3)
        took = Estimate(seconds=self.seconds, size_bytes=size_bytes)
        self.estimator.learn(self.work, self.clip_id, self.clip_s, took, self.estimate)


def encode_prior(size: Size, preset: str, kbps: int) -> Callable[[float], Estimate]:
    """What an encode takes as far as is known without history."""
    share = size.rect.area / 1e6 / _MEGAPIXELS
    rate = _SECONDS * share * _PRESETS.get(preset, 3.0) * _CORES / (os.cpu_count() or _CORES)

    def prior(clip_s: float) -> Estimate:
        return Estimate(
            seconds=round(rate * clip_s, 2),
            size_bytes=round(_OF_CEILING * kbps * 125 * clip_s),
        )

    return prior


def sound_prior(kbps: int) -> Callable[[float], Estimate]:
    """Sound alone takes what its bitrate says."""
    return lambda clip_s: Estimate(
        seconds=round(0.2 + _SOUND * clip_s, 2), size_bytes=round(kbps * 125 * clip_s)
    )


def copy_prior(size_bytes: int) -> Callable[[float], Estimate]:
    """A copy is as large as what is copied, and takes about as long as starting ffmpeg."""
    return lambda clip_s: Estimate(
        seconds=round(0.15 + size_bytes / 400e6, 2), size_bytes=size_bytes
    )
