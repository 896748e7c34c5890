"""One talk from end to end: each stage, the orchestrator, and ffmpeg alone beside it.

    python -m benchmarks.talk [VIDEO [TRANSCRIPT]] [--minutes N]

Without a video: the real lecture of the test media when it is there, else a
made-up talk. `--minutes` loops the video to that length, to see what grows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg
import ffmpeg
from rich.console import Console
from rich.table import Table

import definitions
from vidpipe.clips.model import RenderedClips
from vidpipe.intake.intake import IncomingUpload
from vidpipe.media.ffmpeg import render
from vidpipe.media.probe import probe
from vidpipe.pipeline import Engine
from vidpipe.platforms import load_tiers
from vidpipe.settings import load_settings
from vidpipe.storage.keys import Folder

_MEDIA = Path(__file__).parents[2] / "shared" / "media"


def process_video() -> dg.JobDefinition:
    """The job, for Dagster's step processes to find."""
    return definitions.defs.resolve_job_def("process_video")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("transcript", nargs="?", type=Path)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--no-dagster", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vidpipe-bench-") as folder:
        _bench(Path(folder), arguments)


def _bench(folder: Path, arguments: argparse.Namespace) -> None:
    video, transcript = _material(folder, arguments)
    info = probe(video)
    console = Console(width=110)
    console.print(f"{video.name}: {info.duration_s:.0f} s, {info.video and info.video.size}")

    direct = _home(folder / "direct")
    video_id = _take_in(direct, video, transcript)
    rows = [_one_stage(video_id, n) for n in _stages(direct, video_id)]
    document = direct.artifacts.document(direct.manifest(video_id, "rendered_clips"), RenderedClips)
    seconds = sum(c.duration_s for c in document.clips)
    bare = _bare_encode(folder, direct, video_id, document)

    table = Table("stage", "wall s", "peak MiB (python)", "peak MiB (ffmpeg)")
    for row in rows:
        table.add_row(
            row["stage"],
            f"{row['wall_s']:.2f}",
            f"{row['self_mib']:.0f}",
            f"{row['child_mib']:.0f}",
        )
    total = sum(r["wall_s"] for r in rows)
    table.add_row("all stages", f"{total:.2f}", "", "")
    console.print(table)

    again = _second_run(folder, video, transcript)
    console.print(f"ffmpeg only encoding the same {seconds:.0f} s of pictures: {bare:.1f} s (a)")
    rendering = next(r["wall_s"] for r in rows if r["stage"] == "rendered_clips")
    recogniser = next(r["wall_s"] for r in rows if r["stage"] == "transcript")
    if bare:
        console.print(f"rendered_clips / (a): {rendering / bare:.2f}")
    budget = 1.4 * bare + info.duration_s / 30 + recogniser
    console.print(f"stages {total:.1f} s; 1.4 (a) + duration / 30 + recogniser = {budget:.1f} s")
    console.print(f"a second `vidpipe run` with nothing changed: {again:.2f} s")
    if not arguments.no_dagster:
        wall, stages = _orchestrated(folder / "dagster", video, transcript)
        console.print(
            f"through Dagster: {wall:.1f} s from start to end of the run, "
            f"{stages:.1f} s in stages, {wall - stages:.1f} s in the orchestrator"
        )


def _material(folder: Path, arguments: argparse.Namespace) -> tuple[Path, Path | None]:
    video, transcript = arguments.video, arguments.transcript
    if video is None:
        video = _MEDIA / "lecture" / "crypto_slides_ink_145s.mp4"
        transcript = _MEDIA / "gt" / "crypto_slides_ink_145s.srt"
    if not video.exists():
        from vidpipe.testmedia.talk import make_talk

        video = folder / "talk.mp4"
        make_talk(video)
        transcript = video.with_suffix(".srt")
    if arguments.minutes:
        target = folder / f"looped-{arguments.minutes:g}.mp4"
        looped = ffmpeg.input(str(video), stream_loop=-1)
        render(
            ffmpeg.output(looped, str(target), t=arguments.minutes * 60, c="copy"), timeout_s=600
        )
        return target, None
    return video, transcript


def _home(home: Path) -> Engine:
    os.environ["VIDPIPE_HOME"] = str(home)
    os.environ["VIDPIPE_ALLOW_MODEL_DOWNLOAD"] = "false"
    home.mkdir(parents=True, exist_ok=True)
    return Engine(load_settings())


def _take_in(engine: Engine, video: Path, transcript: Path | None) -> str:
    sidecars = {".srt": transcript} if transcript else {}
    outcome = engine.intake().take(
        IncomingUpload(
            key=f"default/{video.name}",
            channel="default",
            name=video.name,
            path=video,
            version="1",
            sidecars=sidecars,
        )
    )
    if outcome.video_id is None:
        raise SystemExit(outcome.message)
    return outcome.video_id


def _stages(engine: Engine, video_id: str) -> list[str]:
    return engine.pipeline.names(engine.order(video_id).wanted_platforms)


def _one_stage(video_id: str, name: str) -> dict:
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.one_stage", video_id, name],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    ).stdout
    return json.loads(said.strip().splitlines()[-1])


def _bare_encode(folder: Path, engine: Engine, video_id: str, clips: RenderedClips) -> float:
    """Only encode the same pictures again, same size, rate and preset: the floor for rendering."""
    tier = load_tiers()["standard"]
    target = folder / "bare.mp4"
    total = 0.0
    for clip in clips.clips:
        file = clip.files[0]
        made = engine.artifacts.find(video_id, Folder.CLIPS, file.artifact, file.fingerprint)
        assert made is not None
        source = ffmpeg.input(str(engine.artifacts.path(made.file("clip.mp4"))))
        output = ffmpeg.output(
            source.video,
            str(target),
            vcodec="libx264",
            preset=tier.preset,
            crf=tier.crf,
        )
        started = time.monotonic()
        render(output, timeout_s=3600)
        total += time.monotonic() - started
    return total


def _second_run(folder: Path, video: Path, transcript: Path | None) -> float:
    command = [sys.executable, "-c", "from vidpipe.cli import main; main()", "run", str(video)]
    command += ["--out", str(folder / "out")]
    command += ["--transcript", str(transcript)] if transcript else []
    subprocess.run(command, check=True, capture_output=True)
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - started


def _orchestrated(home: Path, video: Path, transcript: Path | None) -> tuple[float, float]:
    """One run through Dagster's real executor in a fresh home: (wall, in stages)."""
    engine = _home(home)
    instance_home = home / "dagster"
    instance_home.mkdir()
    (instance_home / "dagster.yaml").write_bytes(
        (Path(__file__).parents[1] / "dagster.yaml").read_bytes()
    )
    os.environ["DAGSTER_HOME"] = str(instance_home)
    video_id = _take_in(engine, video, transcript)
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("videos", [video_id])
        with dg.execute_job(
            dg.reconstructable(process_video),
            instance=instance,
            tags={"dagster/partition": video_id},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        ) as result:
            if not result.success:
                raise SystemExit("the run failed")
        record = instance.get_run_record_by_id(result.run_id)
        wall = record.end_time - record.start_time
        # Stages that run side by side count once: what the orchestrator adds is what
        # is left of the run when no stage is at work.
        busy = _busy(instance, result.run_id)
    return wall, busy


def _busy(instance: dg.DagsterInstance, run_id: str) -> float:
    """Seconds in which at least one stage was at work."""
    spans = []
    for record in instance.get_records_for_run(run_id).records:
        event = record.event_log_entry.dagster_event
        if event is not None and event.event_type_value == "ASSET_MATERIALIZATION":
            took = event.step_materialization_data.materialization.metadata["wall_s"].value
            end = record.event_log_entry.timestamp
            spans.append((end - took, end))
    total, reach = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reach))
        reach = max(reach, end)
    return total


if __name__ == "__main__":
    main()
