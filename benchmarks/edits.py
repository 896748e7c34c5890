"""From a changed caption word to the new file: how long, and what takes it.

    python -m benchmarks.edits [RECORDING] [--length 26-32]

The recording (by default the made-up talk) is processed once; then each kind of edit is made and
rendered as the service does it, in a fresh process as well as in one that is warm. Of each: the
estimate that was told before, wall and processor seconds, what was encoded, and the parts of the
work. Processor seconds are of all programs; on an idle machine of two cores the wall time of the
encode is about half of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import vidpipe.clips.render as rendering
import vidpipe.pipeline.rendering.renderer as renderer
from vidpipe.library import EditAuthor, Library
from vidpipe.library.edit_runs import work_off_one
from vidpipe.pipeline import Engine
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.settings import load_settings

#: What is timed, and what it is called.
_PARTS = (
    (rendering, "make_sound", "sound"),
    (rendering, "clip_graph", "graph"),
    (rendering, "render", "encode"),
    (renderer, "plan_clip", "faces"),
    (renderer, "write_poster", "poster"),
    (renderer, "strip", "strip"),
    (renderer, "inspect_clip", "looking at it"),
)
ME = EditAuthor("benchmark")


def processor_s() -> float:
    """Processor seconds of this process and of those that it waited for."""
    used = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


@contextmanager
def timed(parts: dict[str, float]) -> Iterator[None]:
    """While inside, seconds of each part are added up."""
    before = [(module, name, getattr(module, name)) for module, name, _ in _PARTS]

    def watched(work: Callable[..., Any], label: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            began = time.monotonic()
            try:
                return work(*args, **more)
            finally:
                parts[label] = parts.get(label, 0.0) + time.monotonic() - began

        return call

    for (module, name, label), (_, _, work) in zip(_PARTS, before, strict=True):
        setattr(module, name, watched(work, label))
    try:
        yield
    finally:
        for module, name, work in before:
            setattr(module, name, work)


def edits_of(library: Library, video_id: str) -> list[tuple[str, dict[str, Any]]]:
    """One edit of each kind, of the first clip."""
    clip = library.player.timeline(video_id).clips[0]
    words = [
        w
        for w in library.transcript(video_id).words
        if clip.start_s + 2 < w.start_s < clip.end_s - 2
    ]
    word, cut = words[0], words[len(words) // 2]
    shown = library.player.timeline(video_id)
    height = shown.height // 2 // 2 * 2
    box = {
        "x": shown.width // 4,
        "y": shown.height // 4,
        "width": height * 9 // 16,
        "height": height,
    }
    return [
        ("caption word", {"words": [{"start_s": word.start_s, "text": "Corrected"}]}),
        ("description", {"description": "Another description."}),
        ("deleted word", {"cuts": [{"start_s": cut.start_s, "end_s": cut.end_s}]}),
        ("crop box", {"framing": [{"composition": "speaker", "camera": box}]}),
    ]


def main() -> None:
    """Process, edit, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path, nargs="?")
    parser.add_argument("--length", default="26-32")
    asked = parser.parse_args()
    told = Console()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VIDPIPE_HOME"] = folder
        channels = "channels:\n  default:\n    platforms: [tiktok]\n"
        (Path(folder) / "channels.yaml").write_text(channels)
        library = Library(Engine(load_settings(drop_settle_s=0.0)))
        recording = asked.recording or _talk(Path(folder))
        options = RunOptions(clips=1, length=asked.length, platforms=("tiktok",))
        library.process(recording, options=options)
        video_id = library.list().items[0].video_id
        clip = library.player.timeline(video_id).clips[0]
        told.print(f"{recording.name}: a clip of {clip.duration_s:.1f} s, {os.cpu_count()} cores")
        columns = ("edit", "estimate", "wall", "processor", "parts")
        shown = Table(*columns, box=None)
        # The same options hold on: what a job asked for is what the next one asks for.
        library.jobs.create([_spec(video_id, options)], asked_by="benchmark")
        library.engine.catalog.finish_video(
            video_id, _now(), options.model_dump(mode="json", exclude_defaults=True)
        )
        for name, fields in edits_of(library, video_id):
            library.edits.patch_clip(video_id, clip.clip, fields, version=None, by=ME)
            estimate = library.edits.render(video_id, by="benchmark").estimate.seconds
            parts: dict[str, float] = {}
            began, used = time.monotonic(), processor_s()
            with timed(parts):
                outcome = work_off_one(library.engine)
            if outcome is None or outcome.error is not None:
                raise SystemExit(f"{name}: {outcome}")
            row = (
                f"{estimate:.1f} s",
                f"{time.monotonic() - began:.1f} s",
                f"{processor_s() - used:.1f} s",
                ", ".join(f"{label} {s:.1f}" for label, s in parts.items()),
            )
            shown.add_row(name, *row)
        word = edits_of(library, video_id)[0][1]
        word["words"][0]["text"] = "Anew"
        library.edits.patch_clip(video_id, clip.clip, word, version=None, by=ME)
        library.edits.render(video_id, by="benchmark")
        began = time.monotonic()
        command = [sys.executable, "-c", "from vidpipe.cli import main; main()", "edits", "work"]
        subprocess.run(command, check=True)
        shown.add_row(
            "caption word, fresh process", "", f"{time.monotonic() - began:.1f} s", "", ""
        )
        told.print(shown)


def _spec(video_id: str, options: RunOptions) -> Any:
    from vidpipe.library import JobSpec

    return JobSpec(video_id=video_id, options=options)


def _now() -> Any:
    from vidpipe.catalog.tables import now

    return now()


def _talk(folder: Path) -> Path:
    """The made-up talk with its transcript."""
    from vidpipe.testmedia.talk import make_talk

    made = folder / "talk.mp4"
    make_talk(made)
    return made


if __name__ == "__main__":
    main()
