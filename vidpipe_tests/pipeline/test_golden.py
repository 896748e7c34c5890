"""What the pure stages make of a fixed talk: another result wants another stage version."""

import hashlib

import numpy as np

from vidpipe.content.analyse import analyse
from vidpipe.content.model import ContentOptions
from vidpipe.geometry import Rect
from vidpipe.layout.model import Layout, LayoutKind, Region, Role, Slide, Stretch
from vidpipe.pipeline import TALKS
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.silence.model import SpeechMap
from vidpipe.synthesis.script import DEMO_TALK
from vidpipe.timeline import complement, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.sentences import split_sentences


def fixed_talk():
    """The demo's script with words every 0.4 s and a pause after each sentence and page."""
    words, slides, at = [], [], 0.5
    for page in DEMO_TALK:
        start = at
        for sentence in page.sentences:
            for text in sentence.split():
                words.append(Word(text=text, start_s=round(at, 3), end_s=round(at + 0.35, 3)))
                at += 0.4
            at += 0.5
        at += page.pause_s
        slides.append(Slide(start_s=round(start, 3), end_s=round(at, 3), frame_s=round(start, 3)))
    sentences = split_sentences(words)
    transcript = Transcript(
        source="sidecar", language="en", words=tuple(words), sentences=tuple(sentences)
    )
    speech = [span(s.start_s, s.end_s) for s in sentences]
    silence = complement(speech, span(0, at))
    speech_map = SpeechMap(duration_s=at, speech=tuple(speech), silences=tuple(silence))
    region = Region(role=Role.SCREEN, rect=Rect(x=0, y=0, width=1280, height=720), confidence=0.9)
    whole = Stretch(start_s=0, end_s=at, kind=LayoutKind.SCREEN, regions=(region,), confidence=0.9)
    layout = Layout(
        width=1280, height=720, duration_s=at, stretches=(whole,), shots=(), slides=tuple(slides)
    )
    return transcript, speech_map, layout


def digest(document) -> str:
    return hashlib.sha256(document.model_dump_json().encode()).hexdigest()[:16]


def test_topics_and_segments_of_a_fixed_talk():
    transcript, speech, layout = fixed_talk()
    level = (np.arange(int(layout.duration_s / 0.05)) % 37).astype(np.float32) - 60
    content = analyse(transcript, speech, level, 0.05, layout, ContentOptions())
    chosen = select_segments(
        content, transcript, speech, SegmentOptions(), layout.duration_s, "talk"
    )
    # The topics follow the slides, and clips ask the questions that the talk answers.
    assert len(content.topics) >= 3
    assert sum(s.title.endswith("?") for s in chosen.segments) >= 3
    # Each is a whole page: nothing that belongs together is in two clips or in none.
    for first, last in (
        ("What is a sound, really?", "an amplifier close by."),
        ("How often do we have to look", "can remove them afterwards."),
        ("Now each sample must be written", "a level that was set too high."),
        ("Why can a music file be ten times smaller", "tone you care about."),
    ):
        opening = next(u for u in content.units if u.text.startswith(first))
        clip = next(s for s in chosen.segments if abs(s.start_s - opening.start_s) < 0.5)
        said = [u.text for u in content.units if clip.start_s <= u.start_s < clip.end_s]
        assert said[-1].endswith(last)
    # "Can you hear me at the back?" is in none of them.
    assert min(s.start_s for s in chosen.segments) > 15
    made = {"topics": digest(content), "scored_segments": digest(chosen)}
    wanted = {"topics": ("5", "f79252c3e1fb48a5"), "scored_segments": ("6", "0d5beeb8dc683e22")}
    for name, result in made.items():
        assert (TALKS.stage(name).version, result) == wanted[name], f"raise the version of {name}"
