"""How close estimates of costs are for a series: each episode told from those before it.

    python -m benchmarks.series [--chosen FILE] [--replays 10] [--unlike]
    python -m benchmarks.series --measure RECORDING ... >> benchmarks/real/stage_costs.csv

What real users have are shows: many recordings of one kind, of 20 to 110 minutes, in one channel
each, with that channel's usual number of clips. Nobody here has the pictures of so many hours, so a
part of this is measured and a part is replayed:

- **Measured**: what is said in each episode of `benchmarks/real/choice.yaml` (its text has to be in
  VIDPIPE_MORE_MEDIA/talks) and in the labelled lectures; which passages are chosen of it, by the
  stage itself, and how many processor seconds `topics` and `scored_segments` take of it. What the
  other stages cost of real recordings and of their halves: `benchmarks/real/stage_costs.csv`, from
  the ledger (`--measure`). What is told: by the estimator itself, from a ledger in a home of its
  own.
- **Replayed**: that ledger. Of each replay a show has the look of one recording of that file, and
  an episode costs, stage by stage, what a second of that recording cost, or of its clips, for as
  many seconds as the episode or its passages have; and it costs more or less than that by as much
  as one of the halves of some recording did from the mean of its two, all stages by the same half;
  clips by nothing where a half had none.
  `source_video` costs the same of each. The length of a transcript without times is told from its
  characters. With `--unlike` each episode has the look of another recording.

Shows with more than ten episodes that may be built on are replayed, one episode of each in turn:
ten that are known, then the others, in a drawn order; the lectures are a show as well. Those that
may be built on have the looks and halves of recordings that may be built on. The second column is
episodes that are only measured on, after ten of the same show, all with the looks and halves of
recordings that are only measured on. The file of `--chosen` keeps what was chosen, as that takes
minutes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import resource
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.estimates import MODELS
from benchmarks.real.split import split
from benchmarks.recordings import heard, said_in
from vidpipe.catalog.tables import Video
from vidpipe.costs.accountant import Account
from vidpipe.intake.intake import IncomingUpload
from vidpipe.pipeline import Engine
from vidpipe.pipeline.costing import run_cost
from vidpipe.pipeline.engine import Chosen
from vidpipe.pipeline.order import OF_CLIPS, Order
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.scored import SCORING, ScoredPassages
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.settings import load_settings
from vidpipe.spending import CLIP_SECONDS, CPU_SECONDS, PASSAGE_SECONDS, STORED_BYTES
from vidpipe.storage.keys import channel_of

_COSTS = Path(__file__).parent / "real" / "stage_costs.csv"
#: Names of recordings that are halves of others begin with theirs and end so.
_HALVES = ("0", "33")
_HALF = re.compile(rf"(.+)-(?:{'|'.join(_HALVES)})$")
#: A recording without clips does not say what they cost.
_RENDERED = "rendered_clips"
#: Stages that cost the same whatever the length of the recording.
_FLAT = ("source_video",)
#: Stages whose processor seconds are measured on the text itself.
_OF_TEXT = ("topics", SCORING)
_STORED = "stored "
_KNOWN = 10
_NEAR = 0.2
_BUILT, _HELD = "built on", "only measured on"
_LECTURES = "lectures"
#: Before the work; the same had passages been known then, which nobody can; once they are chosen.
_FIRST, _FORESEEN, _RENEWED = "first", "first, had passages been known", "renewed"


@dataclass(frozen=True)
class Episode:
    """What a show's episode is, and what was chosen of it.

    Attributes:
        name: as its text is called.
        show: it is of.
        column: whether it may be built on.
        duration_s: of it.
        passages_s: seconds of each passage that was chosen.
        cpu_s: processor seconds, by stage, of those that were measured on its text.
    """

    name: str
    show: str
    column: str
    duration_s: float
    passages_s: tuple[float, ...]
    cpu_s: Mapping[str, float]


@dataclass(frozen=True)
class StageUse:
    """What a stage used of a recording: processor seconds, and bytes that it stored."""

    cpu_s: float
    stored_bytes: float


@dataclass(frozen=True)
class Look:
    """What a recording costs: of a second of it, or of its clips, and as a whole, by stage.

    Attributes:
        megapixels: of a frame.
        bytes_s: that a second of it takes.
        uses: of each stage: for a second of passages of those that make clips, of the whole of
            those that cost the same of any, for a second of the recording of all others.
    """

    megapixels: float
    bytes_s: float
    uses: Mapping[str, StageUse]


@dataclass(frozen=True)
class Told:
    """What was told of an episode and what it came to, in nanos; `bounds` of either estimate."""

    episode: Episode
    actual: int
    estimates: Mapping[str, int]
    bounds: Mapping[str, tuple[int | None, int | None]]

    def off(self, which: str) -> float:
        """By what share of the actual the estimate of this name was off."""
        return (self.estimates[which] - self.actual) / self.actual

    def between(self, which: str) -> bool:
        """Whether it came to what was said that it may come to."""
        low, high = self.bounds.get(which, (None, None))
        return low is not None and high is not None and low <= self.actual <= high


def main(arguments: Sequence[str]) -> int:
    """Measure recordings, or replay and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", nargs="+", type=Path, help="recordings to process")
    parser.add_argument("--chosen", type=Path, help="a file that keeps what was chosen")
    parser.add_argument("--replays", type=int, default=10)
    parser.add_argument("--unlike", action="store_true", help="each episode looks another way")
    parser.add_argument("--verbose", action="store_true", help="print each estimate")
    asked = parser.parse_args(arguments)
    if asked.measure:
        _measure(asked.measure)
        return 0
    shows = shown_in(_episodes(asked.chosen))
    told: dict[str, list[Told]] = {_BUILT: [], _HELD: []}
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "fresh"
        _engine(fresh, shows).catalog.upgrade()
        for replay in range(asked.replays):
            for column in told:
                home = Path(folder) / f"{replay}-{column.split()[0]}"
                shutil.copytree(fresh, home)
                random = Random(f"{replay} {column}")
                told[column] += _replayed(_engine(home, shows), shows, column, random, asked.unlike)
                shutil.rmtree(home)
            print(f"{replay + 1} of {asked.replays}", file=sys.stderr, flush=True)
    for column, found in told.items():
        _report(column, found, asked.verbose)
    return 0


# Measured


def _measure(recordings: Sequence[Path]) -> None:
    """Print what the stages use of recordings, by the ledger: quality `standard`, two clips of 8 to
    25 s, of halves one of 8 to 15 s. The first is processed twice: then models are loaded, which
    of an hour says nothing."""
    rows = csv.writer(sys.stdout, lineterminator="\n")
    for number, path in enumerate([recordings[0], *recordings]):
        with tempfile.TemporaryDirectory() as folder:
            half = bool(_HALF.match(path.stem))
            most_s, count = (15, 1) if half else (25, 2)
            limits = f"clips: {{count: 2, min_s: 8, max_s: {most_s}}}"
            channels = f"channels:\n  default: {{quality: standard, {limits}}}\n"
            (Path(folder) / "channels.yaml").write_text(channels)
            engine = Engine(load_settings(home=Path(folder), models=MODELS, drop_settle_s=0.0))
            upload = IncomingUpload(
                key=f"default/{path.name}", channel="default", name=path.name, path=path,
                version="1", sidecars={},
            )  # fmt: skip
            video_id = str(engine.intake().take(upload).video_id)
            order = engine.order(video_id, RunOptions(clips=count))
            for stage in engine.pipeline.names(order.wanted_platforms):
                engine.run_stage(stage, video_id, order)
            video = engine.catalog.video(video_id)
            assert video is not None
            of = (round(video.duration_s, 2), round(video.width * video.height / 1e6, 3))
            if not number:
                continue
            entries = engine.accountant.rows.entries(
                1000, channels=["default"], where={"video_id": video_id}
            )
            for entry in reversed(entries):
                used = [entry.quantities.get(k, "") for k in (PASSAGE_SECONDS, CPU_SECONDS)]
                stored = entry.quantities.get(STORED_BYTES, 0)
                rows.writerow([path.stem, entry.stage, *of, video.size_bytes, *used, stored])
                sys.stdout.flush()


def _looks() -> tuple[dict[str, dict[str, Look]], dict[str, list[dict[str, float]]]]:
    """Looks by recording, and what halves cost beside the mean of the two, by column."""
    rows: dict[str, list[dict[str, str]]] = {}
    with _COSTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["recording"], []).append(row)
    found = {name: _look(own) for name, own in rows.items()}
    looks: dict[str, dict[str, Look]] = {_BUILT: {}, _HELD: {}}
    halves: dict[str, list[dict[str, float]]] = {_BUILT: [], _HELD: []}
    pairs: dict[str, list[Look]] = {}
    for name, look in found.items():
        half = _HALF.match(name)
        if half:
            pairs.setdefault(half[1], []).append(look)
        elif _RENDERED in look.uses:
            looks[_column(name)][name] = look
    for name, pair in pairs.items():
        if len(pair) == len(_HALVES):
            halves[_column(name)] += _ratios(*pair)
    return looks, halves


def _column(recording: str) -> str:
    """Which column a measured recording is of, by `benchmarks/real/split.yaml`."""
    listed = [str(one) for kind in ("composites", "words") for one in split()[kind]["build"]]
    return _BUILT if recording in {Path(one).stem for one in listed} else _HELD


def _look(rows: Sequence[Mapping[str, str]]) -> Look:
    uses: dict[str, StageUse] = {}
    for row in rows:
        seconds = float(row["passage_s"]) if row["passage_s"] else float(row["length_s"])
        if row["stage"] in _FLAT:
            seconds = 1.0
        if seconds:
            used = float(row["cpu_s"]) / seconds, float(row["stored_bytes"]) / seconds
            uses[row["stage"]] = StageUse(*used)
    first = rows[0]
    bytes_s = float(first["size_bytes"]) / float(first["length_s"])
    return Look(float(first["megapixels"]), bytes_s, uses)


def _ratios(one: Look, other: Look) -> Iterator[dict[str, float]]:
    """What either half cost beside the mean of both, by stage, and what its bytes were."""
    for half in (one, other):
        of = {"bytes": 2 * half.bytes_s / (one.bytes_s + other.bytes_s)}
        for stage in one.uses.keys() & other.uses.keys():
            both = one.uses[stage], other.uses[stage]
            cpu_s, stored = sum(use.cpu_s for use in both), sum(use.stored_bytes for use in both)
            of[stage] = 2 * half.uses[stage].cpu_s / cpu_s if cpu_s else 1.0
            of[_STORED + stage] = 2 * half.uses[stage].stored_bytes / stored if stored else 1.0
        yield of


# Read


def _episodes(kept: Path | None) -> list[Episode]:
    """Every episode whose text is here."""
    found: dict[str, dict[str, Any]] = {}
    if kept is not None and kept.is_file():
        found = json.loads(kept.read_text("utf-8"))
    else:
        for listed in ("build", "held_out", "fresh"):
            for name, said in said_in(listed).items():
                found[name] = {"column": listed, **_chosen(name, said)}
                if kept is not None:
                    kept.write_text(json.dumps(found), "utf-8")
    return [
        Episode(
            name,
            name.partition("_")[0] if name in _listed() else _LECTURES,
            _BUILT if of["column"] == "build" else _HELD,
            float(of["duration_s"]),
            tuple(of["passages_s"]),
            dict(of["cpu_s"]),
        )
        for name, of in found.items()
    ]


def _listed() -> set[str]:
    from benchmarks.recordings import named

    return {name for column in ("build", "held_out", "fresh") for name in named(column)}


def _chosen(name: str, said: list[Any]) -> dict[str, Any]:
    began_s = _processors_s()
    transcript, speech, content = heard(said)
    topics_s = _processors_s()
    found = select_segments(
        content, transcript, speech, SegmentOptions(), speech.duration_s, name
    ).segments
    cpu_s = {"topics": topics_s - began_s, SCORING: _processors_s() - topics_s}
    passages_s = [segment.kept_s for segment in found]
    return {"duration_s": speech.duration_s, "passages_s": passages_s, "cpu_s": cpu_s}


def _processors_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def shown_in(episodes: Sequence[Episode]) -> dict[str, list[Episode]]:
    """Those of shows with more than ten that may be built on, by show."""
    shows: dict[str, list[Episode]] = {}
    for episode in episodes:
        shows.setdefault(episode.show, []).append(episode)
    return {
        show: own
        for show, own in shows.items()
        if sum(episode.column == _BUILT for episode in own) > _KNOWN
    }


# Replayed


class _Texts(Engine):
    """An engine of recordings that were never taken in: nobody said anything of them."""

    def order(
        self,
        video_id: str,
        run_options: RunOptions | None = None,
        chosen: Chosen | None = None,
        *,
        asked_at: datetime | None = None,
    ) -> Order:
        """What the channel orders of each."""
        del chosen, asked_at
        asked = run_options or RunOptions()
        settings, channel = asked.applied_to(self.settings, self.channels[channel_of(video_id)])
        return Order(settings, channel, run_options=asked)


def _engine(home: Path, shows: Mapping[str, object]) -> Engine:
    home.mkdir(exist_ok=True)
    channels = "".join(f"  {show}: {{quality: standard}}\n" for show in ["default", *shows])
    (home / "channels.yaml").write_text(f"channels:\n{channels}")
    return _Texts(load_settings(home=home, models=MODELS, drop_settle_s=0.0))


def _replayed(
    engine: Engine,
    shows: Mapping[str, Sequence[Episode]],
    column: str,
    random: Random,
    unlike: bool,
) -> Iterator[Told]:
    """One episode of each show in turn; those after the first ten are told of."""
    looks, halves = _looks()
    order: list[list[Episode]] = []
    for own in shows.values():
        built = [episode for episode in own if episode.column == _BUILT]
        random.shuffle(built)
        rest = [episode for episode in own if episode.column == _HELD]
        order.append(built if column == _BUILT else [*built[:_KNOWN], *rest])
    drawn = {show: random.choice(list(looks[column].values())) for show in shows}
    for number, turn in enumerate(zip_longest(*order)):
        for episode in filter(None, turn):
            if unlike:
                drawn[episode.show] = random.choice(list(looks[column].values()))
            shake = random.choice(halves[column])
            one = _made(engine, episode, drawn[episode.show], shake, told=number >= _KNOWN)
            if one is not None:
                yield one


def _made(
    engine: Engine, episode: Episode, look: Look, shake: Mapping[str, float], *, told: bool
) -> Told | None:
    """Have an episode told, and book what it costs."""
    video = Video(
        video_id=f"{episode.show}--{episode.name}"[:64],
        channel=episode.show,
        sha256=episode.name.rjust(64, "0")[-64:],
        name=episode.name,
        title=episode.name,
        size_bytes=round(look.bytes_s * shake["bytes"] * episode.duration_s),
        duration_s=episode.duration_s,
        width=round((look.megapixels * 1e6 * 16 / 9) ** 0.5),
        height=round((look.megapixels * 1e6 * 9 / 16) ** 0.5),
        state="accepted",
    )
    engine.catalog.accept_video(video)
    order = engine.order(video.video_id)
    stages = engine.pipeline.names(order.wanted_platforms)
    first = run_cost(engine, video, stages) if told else None
    rest = stages[stages.index(SCORING) + 1 :]
    seconds = sum(episode.passages_s)
    passages = ScoredPassages(len(episode.passages_s), seconds, "f" * 64)
    anew = run_cost(engine, video, rest, passages=passages) if told else None
    for stage in stages:
        made = engine.pipeline.stage(stage)
        used = _used(episode, look, shake, stage, clips=made.folder in OF_CLIPS)
        account = Account(episode.show, stage, video.video_id, run_id=f"run-{episode.name}"[:64])
        purse = engine.accountant.purse(account)
        purse.local({STORED_BYTES: Decimal(round(used.stored_bytes))})
        if made.folder in OF_CLIPS:
            formats = made.formats(order)
            purse.local({CLIP_SECONDS: Decimal(str(round(order.clip_seconds, 3)))})
            purse.local({PASSAGE_SECONDS: Decimal(str(round(seconds * formats, 3)))})
        purse.local({CPU_SECONDS: Decimal(str(round(used.cpu_s, 3)))})
        purse.close(done=True)
    if first is None or anew is None:
        return None
    sums = engine.accountant.rows.sums("stage", channels=None, where={"video_id": video.video_id})
    booked = {str(one.of): one.local for one in sums}
    spent = sum(amount for stage, amount in booked.items() if stage not in rest)
    before = sum(one.outside + one.local for one in first.stages if one.stage not in rest)
    known = anew.low is not None and anew.high is not None
    return Told(
        episode,
        sum(booked.values()),
        {_FIRST: first.total, _FORESEEN: before + anew.total, _RENEWED: spent + anew.total},
        {
            _FIRST: (first.low, first.high),
            _RENEWED: (spent + (anew.low or 0), spent + (anew.high or 0))
            if known
            else (None, None),
        },
    )


def _used(
    episode: Episode, look: Look, shake: Mapping[str, float], stage: str, *, clips: bool
) -> StageUse:
    """What a stage uses of an episode."""
    use = look.uses[stage]
    of_all = 1.0 if stage in _FLAT else episode.duration_s
    seconds = sum(episode.passages_s) if clips else of_all
    cpu_s = use.cpu_s * seconds * shake.get(stage, 1.0)
    if stage in _OF_TEXT:
        cpu_s = episode.cpu_s[stage]
    return StageUse(cpu_s, use.stored_bytes * seconds * shake.get(_STORED + stage, 1.0))


def _report(column: str, found: Sequence[Told], verbose: bool) -> None:
    if verbose:
        for one in found:
            said = [f"{which} {one.off(which):+.0%}" for which in (_FIRST, _RENEWED)]
            print(f"{one.episode.name}, {len(one.episode.passages_s)} clips: {', '.join(said)}")
    shows = {one.episode.show: [o for o in found if o.episode.show == one.episode.show]
             for one in found}  # fmt: skip
    for which in (_FIRST, _FORESEEN, _RENEWED):
        _say(f"{column}, {which}", found, which)
    for show, own in shows.items():
        _say(f"  {show}, {_FIRST}", own, _FIRST)


def _say(of: str, group: Sequence[Told], which: str) -> None:
    off = sorted(abs(told.off(which)) for told in group)
    if not off:
        return
    near = sum(one <= _NEAR for one in off)
    said = (
        f"{of}: {near} of {len(off)} within {_NEAR:.0%} ({near / len(off):.0%}), in the middle "
        f"{statistics.median(off):.0%}, nine of ten within {off[ceil(0.9 * len(off)) - 1]:.0%}, "
        f"at most {off[-1]:.0%}"
    )
    spans = [told.bounds[which] for told in group if which in told.bounds]
    wide = [(high - low) / (high + low) for low, high in spans if low is not None and high]
    if wide:
        inside = sum(told.between(which) for told in group) / len(group)
        said += (
            f"; {inside:.0%} between what was said, ±{statistics.median(wide):.0%} in the middle"
        )
    print(said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
