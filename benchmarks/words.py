"""Words and their times: every recogniser that can run here, and subtitles laid onto sound.

    python -m benchmarks.words

Word error rate over lower-case words without punctuation (jiwer). A recogniser whose
weights are not here is left out and said; settings decide where they are looked for.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import jiwer
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.silence import save
from vidpipe.media.pcm import AudioSamples, decode_samples
from vidpipe.media.probe import probe
from vidpipe.settings import load_settings
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.testmedia.recording import Room, make_recording
from vidpipe.timeline import span
from vidpipe.transcript.align import align
from vidpipe.transcript.cues import Cue, spread
from vidpipe.transcript.model import Word
from vidpipe.transcript.quality import rules_broken
from vidpipe.transcript.recogniser import Recogniser
from vidpipe.transcript.registry import available
from vidpipe.transcript.subtitle_files import read_cues
from vidpipe.transcript.subtitles import subtitles
from vidpipe.transcript.transcribe import transcribe

_MEDIA = Path(__file__).parents[2] / "shared" / "media"


@dataclass(frozen=True)
class Reading:
    """A recording whose words are known; `words` with their starts where those are known."""

    name: str
    samples: AudioSamples
    text: str
    words: tuple[tuple[float, str], ...] = ()
    cues: tuple[Cue, ...] = ()

    @property
    def speech(self) -> SpeechMap:
        return find_silence(self.samples, SilenceOptions())[0]


def plain(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))


def made_up(folder: Path) -> Iterator[Reading]:
    """Sentences as cues; the synthesiser tells when each word begins."""
    rooms = {
        "made up, clean": Room(),
        "made up, pink -20 dB": Room(noise="pink", noise_db=-20),
        "made up, pink -5 dB": Room(noise="pink", noise_db=-5),
    }
    for name, room in rooms.items():
        for seed in (100, 101, 102):
            made = make_recording(room, seed=seed)
            path = save(made.samples, folder / f"{name}-{seed}.wav")
            cues = tuple(Cue(start_s=a, end_s=b, text=t) for a, b, t in made.sentences)
            text = " ".join(t for _, _, t in made.sentences)
            yield Reading(name, AudioSamples.open(path), text, made.words, cues)


def real(folder: Path) -> Iterator[Reading]:
    """Recordings of the test media that somebody wrote down."""
    if not _MEDIA.is_dir():
        return

    def samples(file: str) -> AudioSamples:
        source = _MEDIA / file
        found = decode_samples(source, probe(source), folder / f"{source.stem}.wav")
        assert found is not None
        return found

    for number in ("0870", "0880", "0890"):
        said = json.loads((_MEDIA / f"gt/librivox_{number}.align.json").read_text())
        words = [(w["b"], w["t"].split("(")[0]) for w in said["w"] if w["t"][0] not in "<["]
        end = said["w"][-1]["b"] + said["w"][-1]["d"]
        text = " ".join(t for _, t in words)
        cue = Cue(start_s=words[0][0], end_s=end, text=text)
        yield Reading(
            "librivox", samples(f"speech/librivox_{number}.wav"), text, tuple(words), (cue,)
        )
    for name, file in (
        ("azure_testing_audio", "azure_testing_audio.wav"),
        ("azure_training_audio1", "azure_training_audio1.wav"),
        ("jfk", "jfk_11s.wav"),
        ("sonnet1", "sonnet1_53s.mp3"),
    ):
        yield Reading(
            name, samples(f"speech/{file}"), (_MEDIA / f"gt/{name}.txt").read_text("utf-8")
        )
    lecture = "lecture/crypto_slides_ink_145s.mp4"
    cues = read_cues((_MEDIA / "gt/crypto_slides_ink_145s.srt").read_bytes(), "crypto")
    text = " ".join(c.text for c in cues)
    yield Reading("crypto lecture", samples(lecture), text, (), tuple(cues))


def start_errors(words: Sequence[Word], true: Sequence[tuple[float, str]]) -> list[float]:
    """How far words begin from where they should, in seconds, for words found in both.

    A word found 3 s away is another one that sounds the same.
    """
    said = ["".join(plain(w.text)) for w in words]
    matcher = SequenceMatcher(None, said, ["".join(plain(t)) for _, t in true], autojunk=False)
    errors = [
        abs(words[b.a + k].start_s - true[b.b + k][0])
        for b in matcher.get_matching_blocks()
        for k in range(b.size)
    ]
    return [e for e in errors if e < 3.0]


def _milliseconds(errors: Sequence[float]) -> tuple[str, str]:
    if not errors:
        return "-", "-"
    return f"{1000 * np.median(errors):.0f}", f"{1000 * np.percentile(errors, 95):.0f}"


def _aligned(console: Console, readings: Sequence[Reading]) -> None:
    table = Table(
        "subtitles of",
        "words",
        "spread: median, 95 % (ms)",
        "aligned: median, 95 % (ms)",
        "speed",
        title="when words begin",
    )
    names = dict.fromkeys(r.name for r in readings if r.words and r.cues)
    for name in names:
        spread_errors: list[float] = []
        aligned_errors: list[float] = []
        wall_s = heard_s = 0.0
        for reading in (r for r in readings if r.name == name):
            shared = spread(reading.cues, reading.speech)
            spread_errors += start_errors([w for _, ws in shared for w in ws], reading.words)
            started = time.monotonic()
            words = align(shared, reading.samples)
            wall_s += time.monotonic() - started
            heard_s += reading.samples.duration_s
            aligned_errors += start_errors(words or [], reading.words)
        table.add_row(
            name,
            str(len(aligned_errors)),
            ", ".join(_milliseconds(spread_errors)),
            ", ".join(_milliseconds(aligned_errors)),
            f"{heard_s / wall_s:.0f}x",
        )
    console.print(table)


def _recognised(
    console: Console, name: str, recogniser: Recogniser, readings: Sequence[Reading]
) -> None:
    table = Table(
        "recording",
        "word error rate",
        "start: median, 95 % (ms)",
        "rules broken",
        "speed",
        title=f"{name}: {recogniser.identity}",
    )
    for kind in dict.fromkeys(r.name for r in readings):
        same = [r for r in readings if r.name == kind]
        said, errors, broken, wall_s = [], [], 0, 0.0
        for reading in same:
            started = time.monotonic()
            found = transcribe(recogniser, reading.samples, reading.speech, "en", [])
            wall_s += time.monotonic() - started
            said.append(" ".join(" ".join(plain(w.text)) for w in found.words))
            errors += start_errors(found.words, reading.words)
            broken += len(rules_broken(subtitles(found.words, "en")))
        rate = jiwer.wer([" ".join(plain(r.text)) for r in same], said)
        heard_s = sum(r.samples.duration_s for r in same)
        table.add_row(
            kind,
            f"{rate:.1%}",
            ", ".join(_milliseconds(errors)),
            str(broken),
            f"{heard_s / wall_s:.1f}x",
        )
    console.print(table)


def _lectures(console: Console) -> None:
    """Subtitles of whole lectures: sentences with times, spread over them."""
    folder = _MEDIA / "labelled" / "mavils"
    if not folder.is_dir():
        return
    table = Table(
        "lecture", "words", "cues", "rules broken", "late by at most, s", title="subtitles"
    )
    for path in sorted(folder.glob("*.csv")):
        with path.open() as file:
            rows = list(csv.DictReader(file))
        ends = [float(r["sentence_end_s"]) for r in rows]
        starts = [0.0, *ends[:-1]]
        cues = [
            Cue(start_s=a, end_s=b, text=r["sentence"])
            for a, b, r in zip(starts, ends, rows, strict=True)
            if b > a and r["sentence"].strip()
        ]
        speech = SpeechMap(duration_s=ends[-1], speech=(span(0.0, ends[-1]),))
        words = [w for _, ws in spread(cues, speech) for w in ws]
        shown = subtitles(words, "en")
        late, at = 0.0, 0
        for cue in shown:
            late = max(late, cue.start_s - words[at].start_s)
            at += len(" ".join(cue.lines).split())
        table.add_row(
            path.stem,
            str(len(words)),
            str(len(shown)),
            str(len(rules_broken(shown))),
            f"{late:.2f}",
        )
    console.print(table)


def main() -> None:
    """Measure and print the tables."""
    console = Console(width=130)
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="vidpipe-bench-") as temporary:
        folder = Path(temporary)
        made, recorded = list(made_up(folder)), list(real(folder))
        _aligned(console, [*made, *recorded])
        for name, make in available(settings.transcript, settings.model_store).items():
            recogniser = make()
            reason = recogniser.missing("en", asked_for=True)
            if reason is not None:
                console.print(f"{name} is left out: {reason}")
                continue
            _recognised(console, name, recogniser, [*made[:1], *recorded])
    _lectures(console)


if __name__ == "__main__":
    main()
