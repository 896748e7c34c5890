"""Mutants of recordings through the whole pipeline: `make fuzz`, figures in fuzz.json.

Each mutant is taken in and, where it is accepted, worked on to its exports, in a process
of its own with bounds on its address space, its time and its processors. It may end as
clips, as nothing to cut, or with a reason; everything else is a fault of ours: an
exception that is none of `vidpipe.errors`, a crash, more than 60 s of work, more than 2 GiB.
What is found is kept with its number, `--only NUMBER` runs it again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.mutants import make_seeds, mutant

FIGURES = Path(__file__).with_name("fuzz.json")
#: What a mutant may take: seconds of processors (its children's too), bytes.
MOST_CPU_S, MOST_BYTES = 60.0, 2 * 2**30
#: Address space of a process: more than it may use, as libraries reserve what they never touch.
_ADDRESSES = 6 * 2**30
#: A machine that has other work takes longer, but not for ever.
_WALL_S = 300.0
_ALLOWED = ("clips", "nothing", "reason")
_CHANNELS = """
channels:
  default:
    quality: draft
    clips: {count: 1, min_s: 3, max_s: 12}
    custom_platforms:
      small:
        extends: tiktok
        picture: {size: {width: 360, height: 640}}
        screen: {safe_area: [[20, 20], [340, 20], [340, 620], [20, 620]]}
    platforms: [small]
"""


@dataclass(frozen=True)
class Verdict:
    """How one mutant ended."""

    number: int
    name: str
    befell: str
    end: str
    why: str
    cpu_s: float
    wall_s: float
    mib: float

    @property
    def fault(self) -> str:
        """What is wrong of it; empty when nothing is."""
        if self.end not in _ALLOWED:
            return self.end
        if self.cpu_s > MOST_CPU_S:
            return "slow"
        return "memory" if self.mib * 2**20 > MOST_BYTES else ""


def main() -> None:
    """Run the mutants, print what was found, add the figures."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--mutants", type=int, default=500)
    ask.add_argument("--series", type=int, default=0, help="another one has other mutants")
    ask.add_argument("--only", type=int, nargs="*", help="these numbers; no figures are kept")
    ask.add_argument("--keep", type=Path, default=Path("build/fuzz"))
    ask.add_argument("--figures", type=Path, default=FIGURES)
    given = ask.parse_args()
    os.environ["VIDPIPE_ALLOW_MODEL_DOWNLOAD"] = "false"
    given.keep.mkdir(parents=True, exist_ok=True)
    seeds = make_seeds(given.keep / "seeds")
    home = _prepared(given.keep / "home")
    numbers = given.only if given.only is not None else range(given.mutants)
    began, verdicts = time.monotonic(), []
    for number in numbers:
        name, befell, data = mutant(number, seeds, given.series)
        words = seeds[0].with_suffix(".srt")
        verdict = _run(number, name, befell, data, words, home)
        verdicts.append(verdict)
        if verdict.fault or given.only is not None:
            print(f"{number} {name} ({befell}): {verdict.end}: {verdict.why}", flush=True)
            (given.keep / f"{given.series}-{number}-{name}").write_bytes(data)
            with (given.keep / "found.jsonl").open("a") as file:
                file.write(json.dumps(asdict(verdict)) + "\n")
        elif number % 25 == 24:
            print(f"{number + 1} mutants, {time.monotonic() - began:.0f} s", flush=True)
    figures = _figures(verdicts, given.series, time.monotonic() - began)
    print(json.dumps(figures, indent=1))
    if given.only is None:
        before = json.loads(given.figures.read_text()) if given.figures.exists() else []
        given.figures.write_text(json.dumps([*before, figures], indent=1) + "\n")
    sys.exit(1 if figures["faults"] else 0)


def _prepared(home: Path) -> Path:
    """A home with a catalog that is up to date, to be copied; everything is imported by now."""
    from vidpipe.pipeline import Engine
    from vidpipe.settings import load_settings

    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "channels.yaml").write_text(_CHANNELS)
    engine = Engine(load_settings(home=home))
    assert engine.catalog.count_videos() == 0
    engine.catalog.engine.dispose()
    return home


def _run(number: int, name: str, befell: str, data: bytes, words: Path, prepared: Path) -> Verdict:
    """One mutant in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="vidpipe-fuzz-") as folder:
        work = Path(folder)
        shutil.copytree(prepared, work / "home")
        path = work / "in" / name
        path.parent.mkdir()
        path.write_bytes(data)
        shutil.copyfile(words, path.with_suffix(".srt"))
        said = work / "said.json"
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(path, work / "home", said, asked=number % 4 == 0)
        ended, usage = _waited(child, began)
        wall_s = time.monotonic() - began
        end, why = _told(said, ended)
        children = json.loads(said.read_text())["mib"] if said.exists() else 0.0
        return Verdict(
            number,
            name,
            befell,
            end,
            why,
            round(usage.ru_utime + usage.ru_stime, 2),
            round(wall_s, 2),
            round(max(usage.ru_maxrss / 1024, children), 1),
        )


def _waited(child: int, began: float) -> tuple[int | None, Any]:
    """Its status, None when it was ended here; what it used."""
    ended_here = False
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return (None if ended_here else status), usage
        if time.monotonic() - began > _WALL_S:
            ended_here = True
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.02)


def _told(said: Path, status: int | None) -> tuple[str, str]:
    if status is None:
        return "hang", f"ended after {_WALL_S:.0f} s"
    if os.WIFSIGNALED(status):
        signed = signal.Signals(os.WTERMSIG(status)).name
        return ("hang" if signed == "SIGXCPU" else "crash"), signed
    if not said.exists():
        return "crash", f"exit {os.waitstatus_to_exitcode(status)} without a word"
    told = json.loads(said.read_text())
    return told["end"], told["why"]


def _child(path: Path, home: Path, said: Path, *, asked: bool) -> None:
    """Take the mutant in and work on it; never returns."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(2 * MOST_CPU_S), int(2 * MOST_CPU_S) + 5))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        end, why = _work(path, home, asked=asked)
    except BaseException:
        end, why = "bug", traceback.format_exc()[-3000:]
    mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    said.write_text(json.dumps({"end": end, "why": why, "mib": mib}))
    os._exit(0)


def _work(path: Path, home: Path, *, asked: bool) -> tuple[str, str]:
    from vidpipe.clips.model import RenderedClips
    from vidpipe.errors import VidpipeError, advice
    from vidpipe.intake import sidecars
    from vidpipe.intake.intake import IncomingUpload
    from vidpipe.pipeline import Engine
    from vidpipe.pipeline.run_options import RunOptions
    from vidpipe.settings import load_settings

    engine = Engine(load_settings(home=home))
    try:
        outcome = engine.intake().take(
            IncomingUpload(
                key=f"default/{path.name}",
                channel="default",
                name=path.name,
                path=path,
                version="1",
                sidecars=sidecars.beside(path),
            )
        )
        if outcome.reason is not None:
            return "reason", outcome.reason
        assert outcome.video_id is not None
        chosen = dict(outcome.taken)
        # Of every fourth a clip is asked for, however weak: encoding takes most of the time.
        run_options = RunOptions(clips=1) if asked else RunOptions()
        order = engine.order(outcome.video_id, run_options, chosen)
        nothing = ""
        for name in engine.pipeline.names(order.wanted_platforms):
            result = engine.run_stage(name, outcome.video_id, order, chosen=chosen)
            chosen[name] = result.manifest
            if isinstance(result.document, RenderedClips):
                nothing = result.document.empty_reason
        return ("nothing", nothing) if nothing else ("clips", "")
    except VidpipeError as error:
        return "reason", f"{type(error).__name__}: {error}"
    except (OSError, MemoryError) as error:
        said = advice(error)
        if said is None:
            raise
        return "reason", said


def _figures(verdicts: list[Verdict], series: int, wall_s: float) -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True
    ).stdout.strip()
    slowest = max(verdicts, key=lambda v: v.cpu_s)
    largest = max(verdicts, key=lambda v: v.mib)
    faults = [v for v in verdicts if v.fault]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "series": series,
        "mutants": len(verdicts),
        "ends": dict(Counter(v.end for v in verdicts).most_common()),
        "reasons": dict(
            Counter(v.why.split(":")[0] for v in verdicts if v.end == "reason").most_common()
        ),
        "faults": dict(Counter(v.fault for v in faults).most_common()),
        "found": [
            {"number": v.number, "name": v.name, "befell": v.befell, "fault": v.fault}
            for v in faults
        ],
        "slowest": {"number": slowest.number, "cpu_s": slowest.cpu_s, "wall_s": slowest.wall_s},
        "largest": {"number": largest.number, "mib": largest.mib},
        "wall_s": round(wall_s),
    }


if __name__ == "__main__":
    main()
