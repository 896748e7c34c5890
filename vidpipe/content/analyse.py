"""Units, topics and importance of one recording."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.content.cohesion import breaks_of, costs_of
from vidpipe.content.importance import weigh
from vidpipe.content.model import Content, Topic, TopicOptions, Unit
from vidpipe.content.topics import WORDS, WORDS_AND_VECTORS, find_topics
from vidpipe.content.vectors import SentenceModel, term_vectors
from vidpipe.content.voice import emphasis, reactions
from vidpipe.language.headline import headlines
from vidpipe.language.phrases import CuePhrases, cue_phrases
from vidpipe.layout.model import Layout
from vidpipe.media.pcm import AudioSamples
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span, union
from vidpipe.transcript.model import Transcript

#: Runs of speech are split at pauses of this length when there are no words.
_SPEECH_GAP_S = 0.6
#: A slide names a topic when it is shown for so much of it.
_TITLE_SHARE = 0.4
#: What is said names a topic when it has one of so many keyphrases and, with what each of
#: them adds, is worth so much as a title.
_KEYS, _KEYED, _SAID_WELL = 4, 0.1, 0.6


def analyse(
    transcript: Transcript,
    speech: SpeechMap,
    level_db: NDArray[np.float32],
    hop_s: float,
    layout: Layout,
    options: TopicOptions,
    samples: AudioSamples | None = None,
    model: SentenceModel | None = None,
) -> Content:
    """What is talked about when, and how much each unit matters.

    Without `samples` nothing is known of pitch and applause; without a `model` of
    sentences topics come from words alone.

    Without words to trust the units are runs of speech; without speech, slides; a
    picture that never changes and says nothing has none.
    """
    basis, units = _units(transcript, speech, layout)
    if not units:
        return Content(basis="none")
    phrases = cue_phrases(transcript.language)
    vectors, breaks = np.zeros((0, 1), np.float32), np.zeros(len(units))
    if basis == "sentences":
        texts = [u.text for u in units]
        terms = [phrases.terms(text) for text in texts]
        meanings = model.embed(texts) if model else None
        vectors = term_vectors(terms) if meanings is None else meanings
        costs = costs_of(terms, meanings)
        breaks = breaks_of(costs)
        strictness = WORDS if meanings is None else WORDS_AND_VECTORS
        topics = find_topics(units, costs, phrases, options, _new_pages(layout), strictness)
        topics = [_titled(topic, units, phrases, layout, options) for topic in topics]
    else:
        whole = Topic(
            start_s=units[0].start_s,
            end_s=units[-1].end_s,
            title="Highlights",
            keyphrases=(),
            first_unit=0,
            last_unit=len(units),
        )
        topics = [whole]
    weighed = weigh(
        units,
        vectors,
        breaks,
        topics,
        layout,
        speech,
        emphasis(units, level_db, hop_s, samples),
        reactions(units, speech.sounds, samples),
        phrases,
    )
    return Content(
        basis=basis,
        sentence_model=model.identity if model and basis == "sentences" else "",
        units=tuple(weighed),
        topics=tuple(topics),
    )


def _new_pages(layout: Layout) -> list[float]:
    """When a slide came that does not go on with the one before, by its title if it has one."""
    pairs = itertools.pairwise(layout.slides)
    return [b.start_s for a, b in pairs if not (b.title and b.title == a.title)]


def _titled(
    topic: Topic,
    units: Sequence[Unit],
    phrases: CuePhrases,
    layout: Layout,
    options: TopicOptions,
) -> Topic:
    """With the title of the slide that is shown for most of it, where slides have titles.

    Else with the question or claim in it that says most of what it is about.
    """
    shown: dict[str, float] = {}
    for slide in layout.slides:
        both = min(slide.end_s, topic.end_s) - max(slide.start_s, topic.start_s)
        if slide.title and both > 0:
            shown[slide.title] = shown.get(slide.title, 0.0) + both
    title, shown_s = max(shown.items(), key=lambda item: item[1], default=("", 0.0))
    if not title or shown_s < _TITLE_SHARE * topic.duration_s:
        title = _said_title(topic, units, phrases)
    if not title or len(title) > options.title_characters:
        return topic
    return topic.model_copy(update={"title": title})


def _said_title(topic: Topic, units: Sequence[Unit], phrases: CuePhrases) -> str:
    """What is said in a topic that names one of its keyphrases; empty where nothing does."""
    keys = [k.lower() for k in topic.keyphrases[:_KEYS]]
    rated = [
        (line.worth + _KEYED * sum(k in line.text.lower() for k in keys), line.text)
        for unit in units[topic.first_unit : topic.last_unit]
        for line in headlines(unit.text, phrases)
        if any(k in line.text.lower() for k in keys)
    ]
    worth, title = max(rated, default=(0.0, ""))
    return title if worth >= _SAID_WELL else ""


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
