"""What tests of clips share."""

import numpy as np

from vidpipe.clips.model import Variant
from vidpipe.geometry import Size
from vidpipe.media.frames import FrameReader
from vidpipe.media.pcm import decode_samples
from vidpipe.media.probe import probe
from vidpipe.segments.model import Segment
from vidpipe.storage.keys import Folder
from vidpipe.transcript.model import Word
from vidpipe_tests.conftest import Processed, run_all

VERTICAL = Variant(name="1080x1920", size=Size(width=1080, height=1920))


def clip_files(processed):
    for clip in processed.document("rendered_clips").clips:
        for file in clip.files:
            manifest = processed.engine.artifacts.find(
                processed.video_id, Folder.CLIPS, file.artifact, file.fingerprint
            )
            yield clip, file, processed.engine.artifacts.path(manifest.file("clip.mp4"))


def branded(analysed, brand):
    engine, video_id = analysed(
        f"channels: {{default: {{quality: draft, clips: {{min_s: 6, max_s: 20}}, brand: {brand}}}}}"
    )
    done = Processed(engine, video_id, run_all(engine, video_id, clips=1, platforms=("tiktok",)))
    [(clip, file, path)] = list(clip_files(done))
    return clip, file, path


def segment_of(start_s, end_s):
    return Segment(
        rank=1,
        start_s=start_s,
        end_s=end_s,
        kept_s=end_s - start_s,
        score=80,
        title="It",
        reasons=(),
        parts={},
    )


def lag_frames(path, work) -> int:
    """By how many frames (25 a second) the made-up speaker's mouth is behind the voice."""
    info = probe(path)
    samples = decode_samples(path, info, work / "clip.wav")
    mouth, loud = [], []
    fps = 25
    with FrameReader(path, info, max_width=540) as reader:
        for frame in reader.every(1 / fps):
            h, w = frame.image.shape[:2]
            face = frame.image[int(h * 0.72) : int(h * 0.9), int(w * 0.3) : int(w * 0.7)]
            blue, green, red = (face[..., k].astype(int) for k in range(3))
            dark_red = (red < 120) & (red > green + 25) & (blue < 60) & (green < 60)
            mouth.append(float(dark_red.mean()))
            chunk = samples.read(frame.t_s, frame.t_s + 1 / fps)
            loud.append(float(np.sqrt((chunk**2).mean())) if len(chunk) else 0.0)
    assert np.std(mouth) > 0
    m, s = np.array(mouth) - np.mean(mouth), np.array(loud) - np.mean(loud)
    lags = range(-10, 11)
    return max(lags, key=lambda lag: float((np.roll(m, -lag) * s)[12:-12].sum()))


def words_of(text, each_s=0.4):
    return [
        Word(text=t, start_s=round(k * each_s, 3), end_s=round((k + 0.9) * each_s, 3))
        for k, t in enumerate(text.split())
    ]
