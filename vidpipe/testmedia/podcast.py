"""A made-up podcast: a talk as sound alone, in any coding, its script and truth beside it."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from vidpipe.media.ffmpeg import render
from vidpipe.testmedia.espeak import Espeak
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe.testmedia.speech import Voice
from vidpipe.testmedia.talk import RATE, TalkLook, TalkTruth, narrate, script_of, truth_of

#: How sound is coded in a file of each ending.
_CODECS: dict[str, dict[str, Any]] = {
    ".mp3": {"acodec": "libmp3lame", "audio_bitrate": "96k"},
    ".m4a": {"acodec": "aac", "audio_bitrate": "96k"},
    ".wav": {"acodec": "pcm_s16le"},
    ".flac": {"acodec": "flac"},
    ".ogg": {"acodec": "libvorbis"},
    ".opus": {"acodec": "libopus", "audio_bitrate": "48k"},
    ".aac": {"acodec": "aac", "audio_bitrate": "96k"},
}


def make_podcast(
    target: Path,
    pages: Sequence[ScriptPage] = DEMO_TALK,
    cover: Path | None = None,
    voice: Voice | None = None,
) -> TalkTruth:
    """Write `target`, coded as its ending says, its script as `.srt`, its truth as `.truth.json`.

    Args:
        target: the file.
        pages: what is said.
        cover: a JPEG or PNG that is attached; MP3, M4A and FLAC take one.
        voice: espeak-ng's, where none is given.
    """
    sound, truth = narrate(pages, TalkLook(camera=False), voice or Espeak())
    plain = target.with_name(f".{target.name}.wav")
    with wave.open(str(plain), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    code(plain, target, cover)
    plain.unlink()
    target.with_suffix(".srt").write_text(script_of(truth), "utf-8")
    truth_of(target).write_text(json.dumps(asdict(truth), indent=1), "utf-8")
    return truth


def code(sound: Path, target: Path, cover: Path | None = None) -> None:
    """Code a sound file as the ending of `target` says, with a cover attached to it if any."""
    streams: list[Any] = [ffmpeg.input(str(sound)).audio]
    options = dict(_CODECS[target.suffix])
    if cover is not None:
        streams.append(ffmpeg.input(str(cover)).video)
        options |= {"vcodec": "copy", "disposition:v:0": "attached_pic"}
    render(ffmpeg.output(*streams, str(target), fflags="+bitexact", **options), timeout_s=300)
