"""A made-up talk as a file, its script beside it, and the truth about it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from vidpipe.testmedia.espeak import Espeak
from vidpipe.testmedia.picture import draw_slide, draw_speaker, pose_at
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe.testmedia.speech import Voice

RATE = 48_000
_SENTENCE_GAP_S = 0.45


@dataclass(frozen=True)
class TalkTruth:
    """What is known of a made-up talk; times in seconds, boxes `x, y, width, height`.

    `voice` is the name of who says it, `words` are `(start, text)`, `sentences` and
    `slides` `(start, end, text)`.
    """

    voice: str
    duration_s: float
    sentences: tuple[tuple[float, float, str], ...]
    words: tuple[tuple[float, str], ...]
    slides: tuple[tuple[float, float, str], ...]
    camera: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class TalkLook:
    """How the talk is recorded; `peak` of the voice and the noise against full scale."""

    width: int = 1280
    height: int = 720
    fps: int = 25
    camera: bool = True
    sound: bool = True
    noise_db: float = -62.0
    peak: float = 0.35


def make_talk(
    target: Path,
    pages: Sequence[ScriptPage] = DEMO_TALK,
    look: TalkLook = TalkLook(),
    on_progress: Callable[[float], None] | None = None,
    voice: Voice | None = None,
) -> TalkTruth:
    """Write `target` (an MP4), its script as `.srt` and its truth as `.truth.json`.

    Slides with a speaker in the lower right corner whose mouth follows the
    voice (espeak-ng's, where none is given). The same arguments give the same talk.
    """
    sound, truth = narrate(pages, look, voice or Espeak())
    temporary = target.with_name(f".{target.name}.part")
    _encode(temporary, pages, look, sound, truth, on_progress)
    target.with_suffix(".srt").write_text(script_of(truth), "utf-8")
    truth_of(target).write_text(json.dumps(asdict(truth), indent=1), "utf-8")
    os.replace(temporary, target)
    return truth


def truth_of(talk: Path) -> Path:
    """The file beside a made-up talk that says what is known of it."""
    return talk.with_suffix(".truth.json")


def _camera_box(look: TalkLook) -> tuple[int, int, int, int] | None:
    if not look.camera:
        return None
    width, height = look.width // 4, look.height // 4
    margin = look.width // 64
    return look.width - width - margin, look.height - height - margin, width, height


def narrate(
    pages: Sequence[ScriptPage], look: TalkLook, voice: Voice
) -> tuple[NDArray[np.float32], TalkTruth]:
    """The voice track, 48 kHz in -1 to 1, shape (n,), and when everything happens."""
    parts: list[NDArray[np.float32]] = [np.zeros(int(0.6 * RATE), np.float32)]
    at = 0.6
    sentences: list[tuple[float, float, str]] = []
    words: list[tuple[float, str]] = []
    slides: list[tuple[float, float, str]] = []
    for page in pages:
        page_start = at if slides else 0.0
        for text in page.sentences:
            spoken = voice.say(text)
            samples = _resampled(spoken.samples, spoken.rate)
            length = len(samples) / RATE
            sentences.append((round(at, 3), round(at + length, 3), text))
            words += [(round(at + word.start_s, 3), word.text) for word in spoken.words]
            parts += [samples, np.zeros(int(_SENTENCE_GAP_S * RATE), np.float32)]
            at += length + int(_SENTENCE_GAP_S * RATE) / RATE
        parts.append(np.zeros(int(page.pause_s * RATE), np.float32))
        at += int(page.pause_s * RATE) / RATE
        slides.append((round(page_start, 3), round(at, 3), page.title))
    sound = np.concatenate(parts)
    peak = float(np.abs(sound).max()) or 1.0
    noise = np.random.default_rng(7).standard_normal(len(sound)).astype(np.float32)
    sound = look.peak * sound / peak + 10 ** (look.noise_db / 20) * noise
    return sound, TalkTruth(
        voice=voice.name,
        duration_s=round(len(sound) / RATE, 3),
        sentences=tuple(sentences),
        words=tuple(words),
        slides=tuple(slides),
        camera=_camera_box(look),
    )


def _resampled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    common = int(np.gcd(RATE, rate))
    return np.asarray(resample_poly(samples, RATE // common, rate // common), np.float32)


def _encode(
    target: Path,
    pages: Sequence[ScriptPage],
    look: TalkLook,
    sound: NDArray[np.float32],
    truth: TalkTruth,
    on_progress: Callable[[float], None] | None,
) -> None:
    frames = int(truth.duration_s * look.fps)
    slides = [
        draw_slide(look.width, look.height, k + 1, p.title, p.bullets, (100 + 27 * k) % 180)
        for k, p in enumerate(pages)
    ]
    hop = RATE // look.fps
    loudness = np.array(
        [float(np.sqrt(np.mean(sound[k * hop : (k + 1) * hop] ** 2))) for k in range(frames)]
    )
    level = np.clip(loudness / (np.percentile(loudness, 95) + 1e-9), 0, 1)
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as media:
        picture = media.add_stream("libx264", rate=Fraction(look.fps))
        picture.width, picture.height, picture.pix_fmt = look.width, look.height, "yuv420p"
        picture.options = {"preset": "ultrafast", "crf": "20", "g": str(look.fps * 4)}
        audio = media.add_stream("aac", rate=RATE, layout="mono") if look.sound else None
        page = 0
        for n in range(frames):
            t_s = n / look.fps
            while page + 1 < len(slides) and t_s >= truth.slides[page + 1][0]:
                page += 1
            image = slides[page].copy()
            if truth.camera is not None:
                x, y, width, height = truth.camera
                image[y : y + height, x : x + width] = draw_speaker(
                    width, height, pose_at(t_s, float(level[n]))
                )
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = n
            media.mux(picture.encode(frame))
            if audio is not None:
                chunk = sound[n * hop : (n + 1) * hop]
                heard = av.AudioFrame.from_ndarray(chunk[None, :], format="fltp", layout="mono")
                heard.sample_rate, heard.pts = RATE, n * hop
                heard.time_base = Fraction(1, RATE)
                media.mux(audio.encode(heard))
            if on_progress is not None and n % look.fps == 0:
                on_progress(n / frames)
        media.mux(picture.encode())
        if audio is not None:
            media.mux(audio.encode())


def script_of(truth: TalkTruth) -> str:
    """What is said, sentence by sentence, as SRT."""

    def stamp(t_s: float) -> str:
        ms = round(t_s * 1000)
        return f"{ms // 3600000:02d}:{ms // 60000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"

    return "\n".join(
        f"{k}\n{stamp(start)} --> {stamp(end)}\n{text}\n"
        for k, (start, end, text) in enumerate(truth.sentences, 1)
    )
