"""Inputs that several stages read, in the form in which they use them."""

from __future__ import annotations

from typing import Any

from vidpipe.media.pcm import AudioSamples
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.silence.model import AudioTrack


def samples_of(run: StageRun[Any]) -> AudioSamples | None:
    """The sound of a recording, on this machine; None where it has none."""
    if not run.document("audio", AudioTrack).has_audio:
        return None
    return AudioSamples.open(run.path("audio", "audio.wav"))


def cover_identity(run: StageRun[Any]) -> dict[str, Any]:
    """The cover of sound, for fingerprints; nothing where there is none."""
    digest = run.cover_digest()
    return {"cover": digest} if digest is not None else {}
