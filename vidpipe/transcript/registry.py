"""The recognisers that there are, and which of them is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vidpipe.errors import Unavailable
from vidpipe.models import ModelStore
from vidpipe.transcript.model import FasterWhisperOptions, SkippedSource, TranscriptOptions
from vidpipe.transcript.recogniser import Recogniser

#: Taken where the default model cannot be had: it comes from a package registry, not the hub.
#: Its words are wrong a little more often (`FasterWhisperOptions`), a draft's every third.
IN_ITS_PLACE = "base"


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
    tried: in the place of the default Whisper a smaller one, that another place has. With
    `fetch` False nothing is fetched: what would be counts as there.
    """
    have = available(options, store)
    passed: list[SkippedSource] = []
    for name in options.order:
        if name == "sidecar":
            continue
        reasons: list[str] = []
        for recogniser in (have[name](), *_in_its_place(name, options, store)):
            reason = recogniser.missing(language, asked_for=not options.automatic)
            if reason is None and fetch:
                reason = _not_obtained(recogniser)
            if reason is None:
                break
            reasons.append(reason)
        if reasons:
            passed.append(SkippedSource(source=name, reason="; ".join(reasons)))
        if reason is None:
            return recogniser, passed
    return None, passed


def _in_its_place(
    name: str, options: TranscriptOptions, store: ModelStore
) -> tuple[Recogniser, ...]:
    """What is tried after a recogniser whose model nobody asked for by name."""
    wanted, default = options.faster_whisper, FasterWhisperOptions()
    unnamed = (wanted.model, wanted.path) == (default.model, default.path)
    if name != "faster-whisper" or not options.automatic or not unnamed:
        return ()
    named = replace(wanted, model=IN_ITS_PLACE)
    smaller = options.model_copy(update={"faster_whisper": named})
    return (available(smaller, store)[name](),)


def _not_obtained(recogniser: Recogniser) -> str | None:
    """Why its model cannot be had, or None; fetches it if need be."""
    try:
        if recogniser.weights is not None:
            recogniser.weights.located()
    except Unavailable as error:
        return str(error)
    return None
