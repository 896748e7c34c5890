"""The demo: a made-up talk dropped, taken in, processed through Dagster, and posted to fakes.

Uses the instance that `make dev` opens, so that everything it made can be
looked at there.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

import definitions
from deploy.demo_posts import post_clips
from vidpipe.catalog.tables import now
from vidpipe.cli.summary import print_results
from vidpipe.intake.drops import scan
from vidpipe.intake.folders import drop_folder
from vidpipe.intake.taking import notice
from vidpipe.library import Library
from vidpipe.models import ModelStore
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.testmedia.script import DEMO_TALK, signed
from vidpipe.testmedia.speech import NATURAL_VOICE, Voice, voice_for
from vidpipe.testmedia.talk import TalkLook, make_talk, truth_of

#: What Dagster remarks on platforms that the channel does not use.
_LEFT_OUT = "did not yield or return expected outputs"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
#: Of the voice: -26 LUFS, as loud as a lecture is recorded, and far from clipping.
_PEAK = 0.7


def process_video() -> dg.JobDefinition:
    """The job, for Dagster's step processes to find."""
    return definitions.defs.resolve_job_def("process_video")


def main() -> int:
    """Make the talk, run the graph, show the clips."""
    started = time.monotonic()
    settings = load_settings()
    library = Library.open(settings)
    engine = library.engine
    voice = _voice(settings.model_store)
    talk = _talk(settings.home / "drop" / "default", voice)
    with dg.DagsterInstance.get() as instance:
        video_id = _take_in(engine, instance, talk)
        instance.add_dynamic_partitions("videos", [video_id])
        _say(f"Running the graph on {video_id}")
        log = settings.home / "demo.log"
        begun = now()
        with _errors_to(log):
            success = _run(instance, video_id)
        if not success:
            _say(f"The run failed: open it with `make dev`, or read {log}.")
            return 1
    engine.catalog.finish_video(video_id, begun)
    folder = Path("clips") / talk.stem
    results = library.deliver(video_id, folder)
    print_results(results, folder)
    post_clips(settings, video_id, results, folder, _say)
    _say(f"Spoken by: {voice.name}")
    _say(
        f"Done in {time.monotonic() - started:.0f} s. `make dev` shows all of it in the Dagster UI."
    )
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def _errors_to(log: Path) -> Iterator[None]:
    """What Dagster's processes write to the terminal goes to a file; the steps are told here."""
    sys.stderr.flush()
    kept = os.dup(2)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _voice(store: ModelStore) -> Voice:
    """A natural voice where its model is; nothing is fetched for it here."""
    found = store.here(NATURAL_VOICE)
    if found is None:
        _say(f"No natural voice is here (vidpipe models fetch {NATURAL_VOICE}): espeak-ng speaks")
    return voice_for(found.path if found else None)


def _talk(folder: Path, voice: Voice) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "demo-talk.mp4"
    if target.exists():
        spoken_by = _spoken_by(target)
        if spoken_by in (None, voice.name):
            _say(f"The sample talk is there already: {target}")
            return target
        _say(f"The sample talk that is there was spoken by {spoken_by}: it is made anew")
    _say(f"Drawing a sample talk of two minutes, spoken by: {voice.name}")
    shown = 0

    def tell(fraction: float) -> None:
        nonlocal shown
        if int(fraction * 4) > shown:
            shown = int(fraction * 4)
            _say(f"  {shown * 25}%")

    pages = signed(DEMO_TALK, voice.name)
    make_talk(target, pages, TalkLook(peak=_PEAK), on_progress=tell, voice=voice)
    return target


def _spoken_by(talk: Path) -> str | None:
    """Who speaks in the sample talk that is there; None: nothing beside it says so."""
    try:
        truth = json.loads(truth_of(talk).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    # Before there was a choice nobody wrote it down.
    return str(truth.get("voice", "espeak-ng"))


def _take_in(engine: Engine, instance: dg.DagsterInstance, talk: Path) -> str:
    """Through the intake job, as the drop folder's sensor would request it."""
    from sensors.jobs import IntakeConfig, UploadConfig

    folder = drop_folder(engine.settings.drop_url, engine.settings.plain_drop_options)
    key = f"default/{talk.name}"
    seen = [s for s in scan(folder.slice("").items) if s.key == key]
    notice(engine.catalog, seen)
    upload = UploadConfig(key=key, version=seen[0].version)
    config = dg.RunConfig(
        ops={"take_uploads": IntakeConfig(uploads=[upload])}, loggers=_QUIET["loggers"]
    )
    job = definitions.defs.resolve_job_def("intake")
    job.execute_in_process(run_config=config, instance=instance)
    row = engine.catalog.uploads([key])[0]
    if row.video_id is None:
        raise SystemExit(f"{key} was not accepted: {row.message}")
    _say(f"Taken in: {row.message}")
    return row.video_id


def _run(instance: dg.DagsterInstance, video_id: str) -> bool:
    """One run of `process_video`, its steps told as they come and go."""
    outcome: dict[str, bool] = {}
    tag = {"dagster/partition": video_id, "vidpipe/demo": f"{time.time_ns()}"}

    def work() -> None:
        with dg.execute_job(
            dg.reconstructable(process_video),
            instance=instance,
            tags=tag,
            run_config=_QUIET,
            raise_on_error=False,
        ) as result:
            outcome["success"] = result.success

    thread = threading.Thread(target=work)
    thread.start()
    cursor: str | None = None
    while True:
        alive = thread.is_alive()
        cursor = _tell_events(instance, tag["vidpipe/demo"], cursor)
        if not alive:
            break
        time.sleep(0.3)
    return outcome.get("success", False)


def _tell_events(instance: dg.DagsterInstance, mark: str, cursor: str | None) -> str | None:
    runs = instance.get_runs(filters=dg.RunsFilter(tags={"vidpipe/demo": mark}), limit=1)
    if not runs:
        return cursor
    page = instance.get_records_for_run(runs[0].run_id, cursor=cursor)
    for record in page.records:
        entry = record.event_log_entry
        step, event = entry.step_key, entry.dagster_event
        if event is not None and event.event_type_value == "STEP_START":
            _say(f"  {step}")
        elif event is not None and event.event_type_value == "STEP_SUCCESS":
            _say(f"  {step}: done in {event.step_success_data.duration_ms / 1000:.1f} s")
        elif event is not None and event.event_type_value == "STEP_FAILURE":
            _say(f"  {step}: failed: {event.step_failure_data.error_display_string[:2000]}")
        elif event is None and step is not None and int(entry.level) >= 20:
            if _LEFT_OUT in entry.user_message:
                continue
            _say(f"    {entry.user_message}")
    return page.cursor


if __name__ == "__main__":
    sys.exit(main())
