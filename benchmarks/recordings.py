"""Words of recordings that nobody here made, beside the labelled lectures: `real/choice.yaml`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.lectures import Said, lectures, transcript_of
from vidpipe.content.analyse import analyse
from vidpipe.content.model import Content, TopicOptions
from vidpipe.layout.model import Layout
from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import Transcript
from vidpipe.transcript.subtitle_files import read_cues

_LIST = Path(__file__).parent / "real" / "choice.yaml"
_SUFFIXES = (".srt", ".txt")
#: Of a transcript without times: the captioned ones come to 14 to 17.
_CHARACTERS_PER_S = 15.5
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”]?\s+(?=[\"“A-Z0-9])")


def named(column: str) -> list[str]:
    """The recordings of a list of `real/choice.yaml`, whether their texts are here or not."""
    listed: dict[str, Any] = yaml.safe_load(_LIST.read_text("utf-8"))
    return list(listed[column])


def said_in(column: str) -> dict[str, list[Said]]:
    """What is said in the recordings of `build`, with the labelled lectures, `held_out` or `fresh`.

    Those whose texts are not in VIDPIPE_MORE_MEDIA/talks are left out, and said.
    """
    found = dict(lectures()) if column == "build" else {}
    folder = Path(os.environ.get("VIDPIPE_MORE_MEDIA", "")) / "talks"
    for name in named(column):
        path = next((p for s in _SUFFIXES if (p := folder / (name + s)).is_file()), None)
        if path is None:
            print(f"left out: {name} is not in VIDPIPE_MORE_MEDIA/talks")
            continue
        found[name] = list(_sentences(path))
    return found


def heard(said: list[Said]) -> tuple[Transcript, SpeechMap, Content]:
    """Sentences as the stages see them: without sound and pictures."""
    transcript, speech = transcript_of(said)
    layout = Layout(
        width=1280, height=720, duration_s=speech.duration_s, stretches=(), shots=(), slides=()
    )
    nothing = np.zeros(0, np.float32)
    return transcript, speech, analyse(transcript, speech, nothing, 0.05, layout, TopicOptions())


def _sentences(path: Path) -> Iterator[Said]:
    """Captions run on from cue to cue; every line of a transcript is a turn."""
    if path.suffix == ".srt":
        cues = read_cues(path.read_bytes(), path.name)
        text = " ".join(cue.text.replace("\n", " ") for cue in cues)
        rate = len(text) / (cues[-1].end_s - cues[0].start_s)
    else:
        text, rate = path.read_text("utf-8").replace(">> ", ""), _CHARACTERS_PER_S
    for turn in text.splitlines():
        for sentence in _SENTENCE_END.split(turn.strip()):
            if sentence.strip():
                yield Said(sentence.strip(), max(0.4, len(sentence) / rate), -1)
