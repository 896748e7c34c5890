"""`audio`: the sound as samples, aligned to the picture."""

from __future__ import annotations

from vidpipe.media.pcm import decode_samples
from vidpipe.pipeline.stage import NoOptions, Stage, no_options
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.silence.model import AudioTrack
from vidpipe.storage.keys import Folder


def run_audio(run: StageRun[NoOptions], _: None) -> AudioTrack:
    """16 kHz mono samples; a video without sound is a value."""
    path, media = run.recording()
    target = run.work / "audio.wav"
    samples = decode_samples(path, media, target, lambda f: run.progress(f, ""))
    if samples is None:
        return AudioTrack(has_audio=False, duration_s=media.duration_s)
    run.files["audio.wav"] = target
    return AudioTrack(has_audio=True, duration_s=round(samples.duration_s, 3))


AUDIO = Stage(
    name="audio",
    version="2",
    folder=Folder.AUDIO,
    inputs=("source_video",),
    document=AudioTrack,
    options=no_options,
    run=run_audio,
)
