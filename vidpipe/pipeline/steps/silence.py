"""`silence_regions`: where somebody speaks and where nothing is worth keeping."""

from __future__ import annotations

from typing import Any

from vidpipe.media.contact_sheets import waveform
from vidpipe.models import bundled_model
from vidpipe.pipeline.inputs import samples_of
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.silence.activity import HOP_S, find_silence
from vidpipe.silence.model import AudioTrack, SilenceOptions, SpeechMap
from vidpipe.storage import tables
from vidpipe.storage.keys import Folder


def options(order: Order) -> SilenceOptions:
    """What counts as silence."""
    return order.settings.silence


def identity(_: StageRun[SilenceOptions], __: None) -> dict[str, Any]:
    """The detector of voices."""
    return {"vad": bundled_model("silero-vad").identity}


def run_silence(run: StageRun[SilenceOptions], _: None) -> SpeechMap:
    """Speech and silence, the level over time, the waveform."""
    samples = samples_of(run)
    if samples is None:
        return SpeechMap(duration_s=run.document("audio", AudioTrack).duration_s)
    found, level = find_silence(samples, run.options, lambda f: run.progress(f, ""))
    times = [k * HOP_S for k in range(len(level))]
    tables.write_columns(
        run.new_file("levels.parquet"), tables.LEVELS, {"t_s": times, "level_db": level}
    )
    waveform(level, HOP_S, found.speech, found.silences, run.new_file("waveform.png"))
    return found


SILENCE = Stage(
    name="silence_regions",
    version="2",
    folder=Folder.ANALYSIS,
    inputs=("audio",),
    document=SpeechMap,
    options=options,
    run=run_silence,
    identity=identity,
)
