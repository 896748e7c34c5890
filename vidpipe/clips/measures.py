"""What a finished clip is, read from the file itself."""

from __future__ import annotations

from pathlib import Path

import av

from vidpipe.clips.model import Measures
from vidpipe.media.loudness import measure_loudness
from vidpipe.media.probe import probe


def measure(path: Path) -> Measures:
    """Probe and measure a finished clip."""
    info = probe(path)
    assert info.video is not None
    with av.open(str(path)) as media:
        stream = media.streams.video[0]
        sound = media.streams.audio[0]
        frames_s = float((stream.duration or 0) * (stream.time_base or 0))
        sound_s = float((sound.duration or 0) * (sound.time_base or 0))
    loudness = measure_loudness(path)
    return Measures(
        width=info.video.width,
        height=info.video.height,
        fps=info.video.fps,
        duration_s=round(max(frames_s, sound_s), 4),
        video_duration_s=round(frames_s, 4),
        audio_duration_s=round(sound_s, 4),
        size_bytes=path.stat().st_size,
        integrated_lufs=loudness.integrated_lufs,
        true_peak_dbtp=loudness.true_peak_dbtp,
    )
