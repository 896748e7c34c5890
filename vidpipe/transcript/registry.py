"""The recognisers that there are, and which of them is used."""

from __future__ import annotations

from collections.abc import Callable

from vidpipe.errors import Unavailable
from vidpipe.models import ModelStore
from vidpipe.transcript.model import SkippedSource, TranscriptOptions
from vidpipe.transcript.recogniser import Recogniser


def available(options: TranscriptOptions, store: ModelStore) -> dict[str, Callable[[], Recogniser]]:
    """The recognisers that this vidpipe has, by name."""

    def faster_whisper() -> Recogniser:
        from vidpipe.transcript.faster_whisper import FasterWhisper

        return FasterWhisper(options.faster_whisper, store)

    def transformers() -> Recogniser:
        from vidpipe.transcript.transformers_whisper import TransformersWhisper

        return TransformersWhisper(options.transformers, store)

    def api() -> Recogniser:
        from vidpipe.transcript.api import Api

        return Api(options.api)

    def pocketsphinx() -> Recogniser:
        from vidpipe.transcript.sphinx import PocketSphinx

        return PocketSphinx()

    return {
        "api": api,
        "transformers": transformers,
        "faster-whisper": faster_whisper,
        "pocketsphinx": pocketsphinx,
    }


def choose(
    options: TranscriptOptions, language: str | None, store: ModelStore, *, fetch: bool = True
) -> tuple[Recogniser | None, list[SkippedSource]]:
    """The first recogniser of the order that can be used, and why not the ones before it.

    A model that is not here is fetched, if the store may; when that fails, the next one is
    tried. With `fetch` False nothing is: what would be fetched counts as there.
    """
    have = available(options, store)
    passed: list[SkippedSource] = []
    for name in options.order:
        if name == "sidecar":
            continue
        recogniser = have[name]()
        reason = recogniser.missing(language, asked_for=not options.automatic)
        if reason is None and fetch:
            reason = _not_obtained(recogniser)
        if reason is None:
            return recogniser, passed
        passed.append(SkippedSource(source=name, reason=reason))
    return None, passed


def _not_obtained(recogniser: Recogniser) -> str | None:
    """Why its model cannot be had, or None; fetches it if need be."""
    try:
        if recogniser.weights is not None:
            recogniser.weights.located()
    except Unavailable as error:
        return str(error)
    return None
