"""From a file on this machine to its results, in this process."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vidpipe.catalog.following import COMMAND_RUN
from vidpipe.catalog.tables import now
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.intake import sidecars
from vidpipe.intake.intake import IncomingUpload
from vidpipe.intake.model import IntakeState
from vidpipe.observability.running import running
from vidpipe.operations import gates
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.stage_run import Progress
from vidpipe.results.deliver import check_folder, deliver, folder_for
from vidpipe.results.model import Results, StageTiming
from vidpipe.results.stored import stored_results
from vidpipe.storage.artifacts import Manifest

#: Gives, for a stage that begins, what is told how far it is.
Reporter = Callable[[str], Progress]


@dataclass(frozen=True)
class Submission:
    """A file that was taken in.

    Attributes:
        video_id: of the video that it is; the same bytes are the same video.
        message: what was decided, in a sentence.
        artifacts: what was stored of it, by name.
    """

    video_id: str
    message: str
    artifacts: Mapping[str, Manifest]


@dataclass(frozen=True)
class Processed:
    """A file that was processed.

    Attributes:
        results: as in `results.json`.
        folder: where its files are; None where none were asked for.
        other_name: of the recording whose clips are in the folder that was asked for, which
            is why these are in another one.
    """

    results: Results
    folder: Path | None
    other_name: str = ""


def submit(engine: Engine, file: Path, channel: str, transcript: Path | None) -> Submission:
    """Take a file in, with the sidecars beside it, and ask for a run where it is new.

    Args:
        engine: store, catalog, channels.
        file: a recording.
        channel: whose it is.
        transcript: in place of the transcripts that lie beside the file.

    Raises:
        Misconfigured: there is no such file.
        InputRejected: it is none that can be processed; a copy is in quarantine.
    """
    if not file.is_file():
        raise Misconfigured(f"there is no file {file}")
    beside = sidecars.beside(file)
    if transcript is not None:
        beside = {k: v for k, v in beside.items() if not k.endswith(sidecars.TRANSCRIPT_SUFFIXES)}
        suffix = transcript.suffix.lower()
        beside[suffix if suffix in sidecars.TRANSCRIPT_SUFFIXES else ".srt"] = transcript
    stat = file.stat()
    outcome = engine.intake().take(
        IncomingUpload(
            key=f"{channel}/{file.name}",
            channel=channel,
            name=file.name,
            path=file,
            version=f"{stat.st_size}-{stat.st_mtime_ns}",
            sidecars=beside,
            insist=True,
        )
    )
    if outcome.state is IntakeState.QUARANTINED:
        raise InputRejected(outcome.reason or "", outcome.message, name=str(file))
    assert outcome.video_id is not None
    return Submission(outcome.video_id, outcome.message, dict(outcome.taken))


def process(
    engine: Engine,
    file: Path,
    folder: Path | None,
    *,
    channel: str,
    transcript: Path | None,
    options: RunOptions,
    reporter: Reporter,
) -> Processed:
    """Take a file in, run every stage, and put its clips into a folder.

    Another run of the same video may go on beside this one, with other options or sidecars:
    this one reads what it took in, made or found itself.

    Raises:
        VidpipeError: see the kinds in `vidpipe.errors`; nothing is written into the folder.
    """
    run_id = f"{COMMAND_RUN}{uuid.uuid4().hex}"
    with running(run_id, "vidpipe_run", channel=channel):
        return _process(
            engine,
            file,
            folder,
            channel=channel,
            transcript=transcript,
            options=options,
            reporter=reporter,
            run_id=run_id,
        )


def _process(
    engine: Engine,
    file: Path,
    folder: Path | None,
    *,
    channel: str,
    transcript: Path | None,
    options: RunOptions,
    reporter: Reporter,
    run_id: str,
) -> Processed:
    if folder is not None:
        check_folder(folder, ())
    taken = submit(engine, file, channel, transcript)
    video_id, chosen = taken.video_id, dict(taken.artifacts)
    begun = now()
    order = engine.order(video_id, options, chosen, asked_at=begun)
    if folder is not None:
        check_folder(folder, order.wanted_platforms)
    timings: list[StageTiming] = []
    with engine.catalog.heartbeats.alive(run_id, video_id):
        for name in engine.pipeline.names(order.wanted_platforms):
            try:
                gates.check(engine, video_id, name, order)
            except gates.AwaitsReview as error:
                gates.stopped(engine, video_id, name, order, error.gate, begun)
                raise
            ran = engine.run_stage(name, video_id, order, reporter(name), chosen)
            chosen[name] = ran.manifest
            timings.append(StageTiming(stage=name, wall_s=round(ran.wall_s, 3), reused=ran.reused))
    engine.catalog.finish_video(video_id, begun)
    gates.finished(engine, video_id)
    if folder is None:
        found = stored_results(engine, video_id, made=chosen, timings=timings)
        return Processed(found.results, None)
    folder, other = folder_for(folder, video_id)
    results = deliver(engine, video_id, folder, made=chosen, timings=timings)
    return Processed(results, folder, other)
