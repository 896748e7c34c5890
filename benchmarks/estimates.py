"""How close estimates of costs are: each recording's, told from those before it.

    python -m benchmarks.estimates [RECORDING ...] [--alike] [--until STAGE] [--keep FILE]

Processes recordings one after another into a home of its own, asks before each what its stages will
cost, asks again once its passages are chosen, and holds both beside what the ledger booked. Prints
the share that is within 20 %, once so many are known: of all, and of those that have clips.

Without recordings these are pieces of 14 to 34 s of the talks of `benchmarks/real/split.yaml`, of
each of which one clip of 6 to 20 s is ordered: jobs that are unlike each other, in a third of which
there is no passage for a clip at all. `--alike` has jobs of one kind: pieces of 28 to 36 s, and one
clip of 5 to 10 s of each. The first ten may be built on: they are what is known. Those that follow
are in turn such ones and ones that are only measured on. `--keep` writes what each stage cost, as
JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from random import Random

from benchmarks.real.split import COLUMNS, MEDIA, split
from vidpipe.errors import VidpipeError
from vidpipe.intake.intake import IncomingUpload
from vidpipe.media.ffmpeg import executable
from vidpipe.pipeline import Engine
from vidpipe.pipeline.costing import RunCost, run_cost
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.scored import SCORING
from vidpipe.programs import run_program
from vidpipe.settings import load_settings

MODELS = Path(__file__).parents[1] / ".vidpipe" / "models"
_CHANNELS = "channels:\n  default: {{quality: draft, clips: {{count: 2, {lengths}}}}}\n"
_CLIPS, _CLIPS_ALIKE = "min_s: 6, max_s: 20", "min_s: 5, max_s: 10"
#: Seconds of the pieces that a talk is cut into, in turn.
_LENGTHS_S = ((0.0, 24.0), (24.0, 14.0), (38.0, 28.0), (10.0, 20.0), (20.0, 34.0), (48.0, 18.0))
_ALIKE_S = (
    (0.0, 32.0), (6.0, 28.0), (12.0, 36.0), (18.0, 30.0), (24.0, 34.0), (30.0, 28.0), (3.0, 30.0),
    (15.0, 34.0),
)  # fmt: skip
#: What is ordered of each: a clip, however weak it is. Whether there is one at all would decide
#: about three quarters of what a short recording costs.
_ORDERED = RunOptions(clips=1)
_NEAR = 0.2
#: Before the work, and once passages are chosen.
_FIRST, _RENEWED = "first", "renewed"


@dataclass(frozen=True)
class Told:
    """What one recording was told to cost, and what it did, in nanos, by stage.

    `renewed` is what was told once `passages` of `passage_s` seconds were chosen: of stages that
    were made by then, what they cost. `bounds` are the least and the most of either estimate.
    """

    name: str
    column: str
    duration_s: float
    load: float
    passages: int
    passage_s: float
    estimate: dict[str, int]
    renewed: dict[str, int]
    actual: dict[str, int]
    bounds: dict[str, tuple[int | None, int | None]]

    def between(self, which: str) -> bool:
        """Whether it came to what was said that it may come to."""
        low, high = self.bounds[which]
        return low is not None and high is not None and low <= sum(self.actual.values()) <= high

    def off(self, which: str) -> float:
        """By what share of the actual the estimate of this name was off."""
        actual = sum(self.actual.values())
        told = self.estimate if which == _FIRST else self.renewed
        return (sum(told.values()) - actual) / actual


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--until", default="", help="the last stage that is made; all without it")
    parser.add_argument("--after", type=int, default=10, help="recordings that are known before")
    parser.add_argument("--alike", action="store_true", help="jobs of one kind")
    parser.add_argument("--keep", type=Path, help="a file for what each stage cost")
    asked = parser.parse_args(arguments)
    found: list[Told] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        lengths = _CLIPS_ALIKE if asked.alike else _CLIPS
        (home / "channels.yaml").write_text(_CHANNELS.format(lengths=lengths))
        models = Path(os.environ.get("VIDPIPEMODELS", str(MODELS)))
        engine = Engine(load_settings(home=home, models=models, drop_settle_s=0.0))
        given = [(path, "given") for path in asked.recordings] or _pieces(
            home / "pieces", asked.after, _ALIKE_S if asked.alike else _LENGTHS_S
        )
        for number, (path, column) in enumerate(given):
            told = _told(engine, path, column, asked.until)
            if told is None:
                continue
            print(
                f"{number + 1} {column} {path.name}: {told.off(_FIRST):+.0%}, with "
                f"{told.passages} passages {told.off(_RENEWED):+.0%}",
                flush=True,
            )
            found.append(told)
            if asked.keep:
                asked.keep.write_text(json.dumps([vars(one) for one in found], indent=1))
    _report(found, asked.after)
    return 0


def _report(found: Sequence[Told], after: int) -> None:
    rest = found[after:]
    for column in dict.fromkeys(told.column for told in rest):
        every = [told for told in rest if told.column == column]
        groups = {"": every, ", with clips": [told for told in every if told.passages]}
        for which in (_FIRST, _RENEWED):
            for name, group in groups.items():
                _say(f"{column}{name}, after {after}, {which}", group, which)


def _say(of: str, group: Sequence[Told], which: str) -> None:
    off = [abs(told.off(which)) for told in group]
    if off:
        print(
            f"{of}: {sum(one <= _NEAR for one in off)} of {len(off)} within {_NEAR:.0%}, in the "
            f"middle {statistics.median(off):.0%}, at most {max(off):.0%}; "
            f"{sum(told.between(which) for told in group)} between what was said"
        )


def _pieces(
    folder: Path, known: int, lengths_s: Sequence[tuple[float, float]]
) -> Iterator[tuple[Path, str]]:
    """Pieces of the talks of both columns: those that are known first, then each column in turn."""
    folder.mkdir()
    spans: dict[str, list[tuple[Path, float, float]]] = {}
    for column in COLUMNS:
        talks = [MEDIA / "composites" / f"{name}.mp4" for name in split()["composites"][column]]
        spans[column] = [(path, *span) for path in talks for span in lengths_s]
        Random(25).shuffle(spans[column])
    first, *_ = COLUMNS
    for column in chain([first] * known, cycle(COLUMNS)):
        if not any(spans.values()):
            return
        if spans[column]:
            yield _cut(*spans[column].pop(0), folder), column


def _cut(path: Path, begin_s: float, length_s: float, folder: Path) -> Path:
    piece = folder / f"{path.stem}-{begin_s:g}-{length_s:g}.mp4"
    cut = ("-ss", f"{begin_s}", "-t", f"{length_s}", "-i", str(path), "-c", "copy")
    run_program([executable(), "-nostdin", "-v", "error", *cut, str(piece)], timeout_s=120)
    return piece


def _told(engine: Engine, path: Path, column: str, until: str) -> Told | None:
    """What a recording was told to cost and did; None where it could not be made."""
    upload = IncomingUpload(
        key=f"default/{path.name}", channel="default", name=path.name, path=path, version="1",
        sidecars={},
    )  # fmt: skip
    try:
        video_id = engine.intake().take(upload).video_id
        video = engine.catalog.video(video_id)
        if video is None:
            return None
        order = engine.order(video_id, _ORDERED)
        names = engine.pipeline.names(order.wanted_platforms)
        stages = names[: names.index(until) + 1] if until else names
        told = run_cost(engine, video, stages, run_options=_ORDERED)
        load, found, anew, spent = os.getloadavg()[0], None, None, {}
        for number, stage in enumerate(stages):
            engine.run_stage(stage, video_id, order)
            if stage == SCORING:
                found = engine.passages(video_id, order)
                rest = stages[number + 1 :]
                anew = run_cost(engine, video, rest, run_options=_ORDERED, passages=found)
                spent = _booked(engine, video_id)
    except VidpipeError as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return None
    actual = _booked(engine, video_id)
    if not sum(actual.values()):
        return None
    estimate = _by_stage(told)
    renewed = estimate
    bounds: dict[str, tuple[int | None, int | None]] = {_FIRST: (told.low, told.high)}
    bounds[_RENEWED] = bounds[_FIRST]
    if anew is not None:
        renewed = spent | _by_stage(anew)
        before = sum(spent.values())
        if anew.low is not None and anew.high is not None:
            bounds[_RENEWED] = anew.low + before, anew.high + before
        else:
            bounds[_RENEWED] = None, None
    return Told(
        path.name,
        column,
        video.duration_s,
        load,
        found.count if found is not None else 0,
        found.seconds if found is not None else 0.0,
        estimate,
        renewed,
        actual,
        bounds,
    )


def _booked(engine: Engine, video_id: str) -> dict[str, int]:
    """What stages cost of a video until now."""
    sums = engine.accountant.rows.sums("stage", channels=None, where={"video_id": video_id})
    return {str(s.of): s.outside + s.local for s in sums}


def _by_stage(costs: RunCost) -> dict[str, int]:
    return {cost.stage: cost.outside + cost.local for cost in costs.stages}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
