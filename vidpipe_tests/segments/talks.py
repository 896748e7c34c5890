"""Talks as text, with the times of words, for tests of the choice."""

import numpy as np

from vidpipe.content.analyse import analyse
from vidpipe.content.model import Content, Topic, TopicOptions, Unit
from vidpipe.layout.model import Layout
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import complement, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.sentences import split_sentences

#: Seconds of a word, and of the pause after a sentence.
WORD_S, PAUSE_S = 0.4, 0.5

#: A story with its lesson, between what belongs to nothing and what comes next.
STORY = (
    "Yeah. And then it did that as well for them. "
    "When I was ten years old, my father gave me a broken radio. "
    "Most people throw such a thing away, but he wanted me to look inside. "
    "I took it apart, and I found a single wire that had come loose. "
    "That's how I learned that most problems are smaller than people think. "
    "So the next thing is a question from the chat. And what do you think of this?"
)


def spoken(text, language="en"):
    """A transcript of a text, its silences and its length; `|` is a pause of half a second."""
    words, at = [], 0.5
    for token in text.split():
        if token == "|":
            at += PAUSE_S
            continue
        words.append(Word(text=token, start_s=round(at, 3), end_s=round(at + WORD_S - 0.02, 3)))
        at += WORD_S + (PAUSE_S if token[-1] in ".?!。？" else 0.0)
    sentences = split_sentences(words)
    speech = [span(s.start_s, s.end_s) for s in sentences]
    transcript = Transcript(
        source="sidecar", language=language, words=tuple(words), sentences=tuple(sentences)
    )
    silences = tuple(complement(speech, span(0, at)))
    return transcript, SpeechMap(duration_s=at, speech=tuple(speech), silences=silences), at


def content_of(text, language="en"):
    transcript, speech, length_s = spoken(text, language)
    layout = Layout(width=64, height=36, duration_s=length_s, stretches=(), shots=(), slides=())
    return analyse(transcript, speech, np.zeros(0, np.float32), 0.05, layout, TopicOptions())


def chosen(text, language="en", slides=(), **options):
    """The segments of a talk, and for each the words that it has."""
    transcript, speech, length_s = spoken(text, language)
    given = SegmentOptions(**{"count": 3, "min_s": 8, "max_s": 40, **options})
    found = select_segments(
        content_of(text, language), transcript, speech, given, length_s, "talk", slides=slides
    )
    said = [
        " ".join(w.text for w in transcript.words if s.start_s - 0.01 <= w.start_s < s.end_s)
        for s in found.segments
    ]
    return found, said


def simple(lengths):
    """Sentences of so many seconds in one topic, half a second between them, and their speech."""
    at, units = 0.0, []
    for k, n in enumerate(lengths):
        units.append(Unit(start_s=at, end_s=at + n, text=f"This is sentence {k}.", importance=0.6))
        at += n + 0.5
    topic = Topic(start_s=0, end_s=at, title="T", keyphrases=(), first_unit=0, last_unit=len(units))
    speech = [span(u.start_s, u.end_s) for u in units]
    return Content(basis="sentences", units=tuple(units), topics=(topic,)), SpeechMap(
        duration_s=at, speech=tuple(speech), silences=tuple(complement(speech, span(0, at)))
    )
