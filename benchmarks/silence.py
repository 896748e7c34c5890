"""Silence against ffmpeg, librosa and plain Silero, on recordings whose truth is known.

    python -m benchmarks.silence [--seeds N] [--first-seed N]

Truth: no voice and no sound worth keeping for at least 0.25 s. F1 is over 10 ms
frames; `cut` counts stretches of voice louder than the noise of which more than 30 ms
were called silence.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from rich.console import Console
from rich.table import Table

from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples, decode_samples
from vidpipe.media.probe import probe
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions
from vidpipe.testmedia.recording import Room, SyntheticRecording, make_recording
from vidpipe.timeline import Interval, complement, span, union

_MEDIA = Path(__file__).parents[2] / "shared" / "media"
_MIN_S = 0.25

ROOMS = {
    "clean": Room(),
    "quiet, -45 dBFS": Room(voice_dbfs=-45, noise="white", noise_db=-30),
    "white -40 dB": Room(noise="white", noise_db=-40),
    "pink -30 dB": Room(noise="pink", noise_db=-30),
    "pink -20 dB": Room(noise="pink", noise_db=-20),
    "pink -10 dB": Room(noise="pink", noise_db=-10),
    "pink -5 dB": Room(noise="pink", noise_db=-5),
    "pink 0 dB": Room(noise="pink", noise_db=0),
    "fan -15 dB": Room(noise="fan", noise_db=-15),
    "hum -10 dB": Room(noise="hum", noise_db=-10),
    "fan +10 dB": Room(noise="fan", noise_db=10, voice_dbfs=-40),
    "hum +20 dB": Room(noise="hum", noise_db=20, voice_dbfs=-40),
    "music in pauses": Room(noise="pink", noise_db=-40, between="music", between_db=-12),
    "applause in pauses": Room(noise="pink", noise_db=-40, between="applause", between_db=-6),
    "breaths": Room(noise="pink", noise_db=-45, between="breath", between_db=-28),
    "DC offset": Room(noise="white", noise_db=-40, offset=0.1),
    "clipping": Room(noise="pink", noise_db=-30, voice_dbfs=-6, clip_at=0.5),
}


def _ffmpeg(level_db: int) -> Callable[[Path], list[Interval]]:
    def find(path: Path) -> list[Interval]:
        said = subprocess.run(
            [
                *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-i", str(path)),
                *("-af", f"silencedetect=n={level_db}dB:d={_MIN_S}", "-f", "null", "-"),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stderr
        starts = [float(m) for m in re.findall(r"silence_start: (-?[\d.]+)", said)]
        ends = [float(m) for m in re.findall(r"silence_end: (-?[\d.]+)", said)]
        ends += [_length(path)] * (len(starts) - len(ends))
        return [span(max(0, a), b) for a, b in zip(starts, ends, strict=True) if b > a]

    return find


def _librosa(top_db: int) -> Callable[[Path], list[Interval]]:
    def find(path: Path) -> list[Interval]:
        import librosa

        samples = AudioSamples.open(path)
        heard = librosa.effects.split(samples.read(0, samples.duration_s), top_db=top_db)
        spans = [span(a / SAMPLE_RATE, b / SAMPLE_RATE) for a, b in heard]
        return complement(union(spans), span(0, samples.duration_s))

    return find


def _silero(path: Path) -> list[Interval]:
    """With the defaults of Silero's own package."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    samples = AudioSamples.open(path)
    found = get_speech_timestamps(
        samples.read(0, samples.duration_s),
        VadOptions(
            threshold=0.5,
            min_speech_duration_ms=250,
            min_silence_duration_ms=100,
            speech_pad_ms=30,
        ),
    )
    spans = [span(i["start"] / SAMPLE_RATE, i["end"] / SAMPLE_RATE) for i in found]
    return complement(union(spans), span(0, samples.duration_s))


def _ours(path: Path) -> list[Interval]:
    return list(find_silence(AudioSamples.open(path), SilenceOptions())[0].silences)


FINDERS: dict[str, Callable[[Path], list[Interval]]] = {
    "vidpipe": _ours,
    "silero": _silero,
    "ffmpeg -30": _ffmpeg(-30),
    "ffmpeg -40": _ffmpeg(-40),
    "librosa 60": _librosa(60),
    "librosa 30": _librosa(30),
}


@dataclass
class Score:
    """Sums over recordings."""

    hit: float = 0.0
    found: float = 0.0
    true: float = 0.0
    cut: int = 0
    errors: list[float] = field(default_factory=list)
    wall_s: float = 0.0
    heard_s: float = 0.0

    @property
    def f1(self) -> float:
        return 2 * self.hit / max(self.found + self.true, 1e-9)

    def row(self) -> list[str]:
        error = f"{1000 * float(np.median(self.errors)):.0f}" if self.errors else "-"
        return [
            f"{self.hit / max(self.found, 1e-9):.3f}",
            f"{self.hit / max(self.true, 1e-9):.3f}",
            error,
            f"{self.heard_s / max(self.wall_s, 1e-9):.0f}x",
        ]


def _length(path: Path) -> float:
    return AudioSamples.open(path).duration_s


def _grid(items: Sequence[Interval], duration_s: float) -> np.ndarray:
    flags = np.zeros(int(duration_s * 100) + 1, bool)
    for item in items:
        flags[round(item.start_s * 100) : round(item.end_s * 100)] = True
    return flags


def _add(
    score: Score,
    found: Sequence[Interval],
    true: Sequence[Interval],
    voice: Sequence[Interval],
    duration_s: float,
) -> None:
    kept = [i for i in found if i.duration_s >= _MIN_S - 1e-6]
    a, b = _grid(kept, duration_s), _grid(true, duration_s)
    score.hit += float((a & b).sum()) / 100
    score.found += float(a.sum()) / 100
    score.true += float(b.sum()) / 100
    score.cut += sum(1 for v in voice if sum(v.overlap_s(k) for k in kept) > 0.03)
    for item in true:
        near = [k for k in kept if k.overlap_s(item) > 0.5 * item.duration_s]
        if near:
            best = max(near, key=lambda k: k.overlap_s(item))
            score.errors += [abs(best.start_s - item.start_s), abs(best.end_s - item.end_s)]
    score.heard_s += duration_s


def true_silence(recording: SyntheticRecording) -> list[Interval]:
    """Where neither the voice nor a sound worth keeping is, for long enough to say so."""
    heard = union([*recording.voice, *recording.sounds])
    quiet = complement(heard, span(0, recording.duration_s))
    return [q for q in quiet if q.duration_s >= _MIN_S]


def save(samples: np.ndarray, path: Path) -> Path:
    """16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def _real(folder: Path) -> dict[str, tuple[Path, list[Interval], list[Interval]]]:
    """Recordings with labels of their own: path, silence, voice."""
    found: dict[str, tuple[Path, list[Interval], list[Interval]]] = {}

    def take(name: str, file: str, heard: list[Interval]) -> None:
        source = _MEDIA / file
        samples = decode_samples(source, probe(source), folder / f"{name}.wav")
        assert samples is not None
        quiet = complement(union(heard), span(0, samples.duration_s))
        found[name] = (samples.path, [q for q in quiet if q.duration_s >= _MIN_S], union(heard))

    if not _MEDIA.is_dir():
        return found
    gt = _MEDIA / "gt"
    for name in ("0870", "0880", "0890"):
        words = json.loads((gt / f"librivox_{name}.align.json").read_text())["w"]
        heard = [span(w["b"], w["b"] + w["d"]) for w in words if w["t"] not in ("<sil>", "</s>")]
        take(f"librivox {name}", f"speech/librivox_{name}.wav", heard)
    with (gt / "sonnet1.vad.tsv").open() as file:
        rows = [r for r in csv.reader(file, delimiter="\t") if r[2] == "speech"]
    take("sonnet1", "speech/sonnet1_53s.mp3", [span(float(r[0]), float(r[1])) for r in rows])
    with (gt / "ami_debug.development.rttm").open() as file:
        turns = [line.split() for line in file if line.split()[1] == "dev00"]
    take(
        "ami dev00",
        "labelled/ami_dev00_30s.wav",
        [span(float(t[3]), float(t[3]) + float(t[4])) for t in turns],
    )
    with (gt / "twospeakers_30s.rttm").open() as file:
        turns = [line.split() for line in file]
    take(
        "two speakers",
        "labelled/twospeakers_30s.wav",
        [span(float(t[3]), float(t[3]) + float(t[4])) for t in turns],
    )
    with (gt / "musanmix.csv").open() as file:
        parts = [r for r in csv.DictReader(file, delimiter="\t") if r["labels"] != "noEnergy"]
    take(
        "musan mix",
        "labelled/musanmix_75s.mp3",
        [span(float(r["start"]), float(r["stop"])) for r in parts],
    )
    return found


def measure(
    seeds: Sequence[int],
) -> tuple[dict[str, dict[str, Score]], dict[str, dict[str, Score]]]:
    """Scores by condition and finder: made-up, real."""
    made: dict[str, dict[str, Score]] = {}
    real: dict[str, dict[str, Score]] = {}
    with tempfile.TemporaryDirectory(prefix="vidpipe-bench-") as temporary:
        folder = Path(temporary)
        warm = save(make_recording(seed=999, sentences=2).samples, folder / "warm.wav")
        for find in FINDERS.values():
            find(warm)
        for name, room in ROOMS.items():
            for seed in seeds:
                recording = make_recording(room, seed=seed)
                path = save(recording.samples, folder / "made.wav")
                true = true_silence(recording)
                for finder, find in FINDERS.items():
                    score = made.setdefault(name, {}).setdefault(finder, Score())
                    started = time.monotonic()
                    found = find(path)
                    score.wall_s += time.monotonic() - started
                    _add(score, found, true, recording.audible, recording.duration_s)
        for name, (path, true, voice) in _real(folder).items():
            for finder, find in FINDERS.items():
                score = real.setdefault(name, {}).setdefault(finder, Score())
                started = time.monotonic()
                found = find(path)
                score.wall_s += time.monotonic() - started
                _add(score, found, true, voice, _length(path))
    return made, real


def _print(console: Console, title: str, scores: dict[str, dict[str, Score]]) -> None:
    table = Table("", *(f"{f}" for f in FINDERS), title=f"{title}: F1 (voice stretches cut)")
    for name, by in scores.items():
        table.add_row(name, *(f"{s.f1:.3f} ({s.cut})" for s in by.values()))
    means = [float(np.mean([by[f].f1 for by in scores.values()])) for f in FINDERS]
    table.add_row("mean", *(f"{m:.3f}" for m in means))
    table.add_row("all together", *(f"{_sum(scores, f).f1:.3f}" for f in FINDERS))
    console.print(table)
    table = Table("", "precision", "recall", "median border error, ms", "speed", title=title)
    for finder in FINDERS:
        table.add_row(finder, *_sum(scores, finder).row())
    console.print(table)


def _sum(scores: dict[str, dict[str, Score]], finder: str) -> Score:
    every = [by[finder] for by in scores.values()]
    return Score(
        hit=sum(s.hit for s in every),
        found=sum(s.found for s in every),
        true=sum(s.true for s in every),
        errors=[e for s in every for e in s.errors],
        wall_s=sum(s.wall_s for s in every),
        heard_s=sum(s.heard_s for s in every),
    )


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=100)
    arguments = parser.parse_args()
    first = arguments.first_seed
    made, real = measure(range(first, first + arguments.seeds))
    console = Console(width=130)
    _print(console, "made-up recordings", made)
    if real:
        _print(console, "real recordings", real)


if __name__ == "__main__":
    main()
