"""The transcript of a recording: from its sidecar, else from a recogniser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from vidpipe.errors import InputRejected
from vidpipe.media.samples import Samples
from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import PassedOver, Transcript, Word
from vidpipe.transcript.recogniser import Recogniser, nothing_to_recognise_with
from vidpipe.transcript.sentences import split_sentences
from vidpipe.transcript.sidecar import read_cues, why_it_does_not_fit, words_from_cues


def from_sidecar(
    path: Path, name: str, speech: SpeechMap, language: str | None
) -> Transcript | PassedOver:
    """The sidecar's transcript, or why it cannot be used."""
    try:
        cues = read_cues(path, name)
    except InputRejected as error:
        return PassedOver(source="sidecar", reason=f"{name}: {error.message}")
    reason = why_it_does_not_fit(cues, speech)
    if reason is not None:
        return PassedOver(source="sidecar", reason=f"{name}: {reason}")
    words = words_from_cues(cues, speech)
    return _transcript("sidecar", name, language or "", words, draft=False, passed=())


def recognise(
    recogniser: Recogniser | None,
    samples: Samples | None,
    speech: SpeechMap,
    language: str | None,
    passed: Sequence[PassedOver],
    on_progress: Callable[[float], None],
) -> Transcript:
    """The recogniser's transcript; an empty one with source `none` where nobody speaks.

    Raises:
        Unavailable: somebody speaks and no recogniser can be used.
    """
    if samples is None or not speech.speech:
        # Why no recogniser was used matters to nobody where there was nothing to recognise.
        refused = [p for p in passed if p.source == "sidecar"]
        return Transcript(source="none", passed_over=tuple(refused))
    if recogniser is None:
        raise nothing_to_recognise_with(passed)
    found = recogniser.recognise(samples, speech, language, on_progress)
    return _transcript(
        recogniser.name,
        recogniser.identity,
        found.language,
        found.words,
        draft=recogniser.draft,
        passed=passed,
    )


def _transcript(
    source: str,
    model: str,
    language: str,
    words: Sequence[Word],
    *,
    draft: bool,
    passed: Sequence[PassedOver],
) -> Transcript:
    return Transcript(
        source=source,
        model=model,
        language=language,
        draft=draft,
        words=tuple(words),
        sentences=tuple(split_sentences(words)),
        passed_over=tuple(passed),
    )
