"""Units, topics and importance of one recording."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from vidpipe.content.importance import weigh
from vidpipe.content.language import cue_phrases
from vidpipe.content.model import Content, ContentOptions, Topic, Unit
from vidpipe.content.topics import find_topics, sentence_vectors
from vidpipe.layout.model import Layout
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span, union
from vidpipe.transcript.model import Transcript

#: Runs of speech are split at pauses of this length when there are no words.
_SPEECH_GAP_S = 0.6


def analyse(
    transcript: Transcript,
    speech: SpeechMap,
    level_db: NDArray[np.float32],
    hop_s: float,
    layout: Layout,
    options: ContentOptions,
) -> Content:
    """What is talked about when, and how much each unit matters.

    Without words to trust the units are runs of speech; without speech, slides; a
    picture that never changes and says nothing has none.
    """
    basis, units = _units(transcript, speech, layout)
    if not units:
        return Content(basis="none")
    phrases = cue_phrases(transcript.language)
    if basis == "sentences":
        vectors = sentence_vectors([u.text for u in units], phrases)
        turns = [s.start_s for s in layout.slides[1:]]
        topics = find_topics(units, vectors, phrases, options, turns)
    else:
        vectors = np.zeros((0, 1))
        topics = [
            Topic(
                start_s=units[0].start_s,
                end_s=units[-1].end_s,
                title="Highlights",
                keyphrases=(),
                first_unit=0,
                last_unit=len(units),
            )
        ]
    weighed = weigh(units, vectors, topics, layout, speech, level_db, hop_s, phrases)
    return Content(basis=basis, units=tuple(weighed), topics=tuple(topics))


def _units(transcript: Transcript, speech: SpeechMap, layout: Layout) -> tuple[str, list[Unit]]:
    if transcript.sentences and not transcript.draft:
        return "sentences", [
            Unit(start_s=s.start_s, end_s=max(s.end_s, s.start_s + 0.02), text=s.text)
            for s in transcript.sentences
        ]
    runs = union([span(s.start_s, s.end_s) for s in speech.speech], gap_s=_SPEECH_GAP_S)
    if sum(r.duration_s for r in runs) >= 3.0:
        return "speech", [Unit(start_s=r.start_s, end_s=r.end_s) for r in runs]
    turns = sorted({round(s.start_s, 3) for s in layout.slides} | set(layout.cuts_s))
    borders = [t for t in turns if t > 0.5]
    if not borders:
        return "none", []
    edges = [0.0, *borders, layout.duration_s]
    return "slides", [Unit(start_s=a, end_s=b) for a, b in itertools.pairwise(edges) if b - a > 0.5]
