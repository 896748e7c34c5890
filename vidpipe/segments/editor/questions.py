"""What a language model is asked: the rules, and the transcript as data.

The data are JSON, so that no text can end its own quotes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from vidpipe.openai_client import address, missing
from vidpipe.segments.editor.server import LLM_SETTING, Question
from vidpipe.segments.model import LlmOptions, SegmentOptions
from vidpipe.text import joined
from vidpipe.transcript.model import Word

#: Words of a transcript that are read at once: some 4,000 tokens.
READ_AT_ONCE = 3_000
#: And of the part before that are read again, more than a passage has.
READ_AGAIN = 300
#: Passages that may be proposed of each such part.
PROPOSED_AT_MOST = 6
#: Tokens of an answer about one passage: proposed, judged, compared in one pair.
_PROPOSED_TOKENS, _JUDGED_TOKENS, _COMPARED_TOKENS = 60, 260, 16
#: A model that counts its words badly still stays within the limits.
_MARGIN = 0.08
#: What is said in a second, and of how many characters a word is, where neither is known yet.
_WORDS_PER_S, _CHARACTERS_PER_WORD = 2.5, 6
#: Characters of a candidate with what is said before and after it.
_SHOWN_CHARACTERS = 1_800
#: Pairs of so many of the best are compared.
COMPARED = 6
#: Candidates in one request: some 5,000 tokens in and 2,000 out, which small models hold, too.
JUDGED_AT_ONCE = 8
#: Parts of a transcript in an hour of speech.
_PARTS_AN_HOUR = 4


@dataclass(frozen=True)
class Lengths:
    """The least and most words of a passage; characters where words have no spaces between."""

    least: int
    most: int
    counted: str = "words"

    def holds(self, words: Sequence[Word]) -> bool:
        """Whether a passage is within them, or nearly."""
        count = len(words) if self.counted == "words" else sum(len(w.text) for w in words)
        return (1 - _MARGIN) * self.least <= count <= (1 + 2 * _MARGIN) * self.most

    @property
    def named(self) -> dict[str, int]:
        """As a question says them."""
        return {f"least_{self.counted}": self.least, f"most_{self.counted}": self.most}


@dataclass(frozen=True)
class ShownCandidate:
    """A candidate as a model sees it: words `[first, last)` of all, with those around it."""

    words: Sequence[Word]
    first: int
    last: int
    before: int
    after: int

    @property
    def said(self) -> Sequence[Word]:
        """Its own words."""
        return self.words[self.first : self.last]

    def data(self, name: str) -> dict[str, str]:
        """As a question has it."""
        return {
            "id": name,
            "before": text_of(self.words[self.before : self.first]),
            "text": text_of(self.said),
            "after": text_of(self.words[self.last : self.after]),
        }


def parts_of(words: int) -> list[int]:
    """At which words the parts of a transcript begin."""
    return list(range(0, max(1, words - READ_AGAIN), READ_AT_ONCE - READ_AGAIN))


def judged_at_most(options: LlmOptions, words: int) -> int:
    """How many candidates of a recording with so many words are judged."""
    return options.candidates * math.ceil(len(parts_of(words)) / _PARTS_AN_HOUR)


def text_of(words: Sequence[Word]) -> str:
    """Words as they are read."""
    return joined(w.text for w in words)


def lengths(words: Sequence[Word], speech_s: float, options: SegmentOptions) -> Lengths:
    """How many words the shortest and longest clip have at this recording's pace.

    Args:
        words: all that is said.
        speech_s: seconds in which somebody speaks.
        options: with the limits in seconds.
    """
    text = text_of(words)
    spaced = text.count(" ") * 2 >= len(words)
    rate = (len(words) if spaced else len(text)) / max(speech_s, 1.0)
    return Lengths(
        least=math.ceil(options.min_s * rate * (1 + _MARGIN)),
        most=max(1, math.floor(options.max_s * rate * (1 - _MARGIN))),
        counted="words" if spaced else "characters",
    )


def proposing(words: Sequence[Word], limits: Lengths) -> Question:
    """Which passages of a part of the transcript could be posted."""
    data = {"transcript": text_of(words), "at_most": PROPOSED_AT_MOST, **limits.named}
    return _question("propose", data, PROPOSED_AT_MOST * _PROPOSED_TOKENS)


def judging(shown: Sequence[ShownCandidate], limits: Lengths) -> Question:
    """What each candidate is worth, and how it is called."""
    listed = [item.data(f"c{k + 1}") for k, item in enumerate(shown)]
    return _question("judge", {"candidates": listed, **limits.named}, len(shown) * _JUDGED_TOKENS)


def comparing(passages: Sequence[Sequence[Word]], pairs: Sequence[tuple[int, int]]) -> Question:
    """Which one of each pair is better; pairs are of indices of `passages`."""
    data = {
        "passages": [{"id": f"c{k + 1}", "text": text_of(p)} for k, p in enumerate(passages)],
        "pairs": [
            {"id": f"p{k + 1}", "first": f"c{a + 1}", "second": f"c{b + 1}"}
            for k, (a, b) in enumerate(pairs)
        ],
    }
    return _question("compare", data, len(pairs) * _COMPARED_TOKENS)


def expected(options: LlmOptions, duration_s: float) -> list[Question]:
    """Questions of the size that a recording's will have, of which nothing is known but its length.

    Args:
        options: of the model.
        duration_s: of the recording, in seconds.
    """
    said = round(duration_s * _WORDS_PER_S)
    parts = parts_of(said) if options.proposes else []
    read = [min(said - at, READ_AT_ONCE) * _CHARACTERS_PER_WORD for at in parts]
    judged = judged_at_most(options, said)
    batches = [min(JUDGED_AT_ONCE, judged - k) for k in range(0, judged, JUDGED_AT_ONCE)]
    pairs = COMPARED * (COMPARED - 1) // 2
    compared = "x" * (_SHOWN_CHARACTERS // 2 * COMPARED)
    return [
        *(_question("propose", "x" * n, PROPOSED_AT_MOST * _PROPOSED_TOKENS) for n in read),
        *(_question("judge", "x" * (_SHOWN_CHARACTERS * n), n * _JUDGED_TOKENS) for n in batches),
        _question("compare", compared, pairs * _COMPARED_TOKENS),
    ]


def llm_identity(options: LlmOptions) -> dict[str, Any] | None:
    """Server, model, prompts and options, for fingerprints; None without an editor."""
    if missing(options, LLM_SETTING) is not None:
        return None
    told = "".join(_system(name) for name in ("propose", "judge", "compare"))
    return {
        "server": address(options),
        "prompt": hashlib.sha256(told.encode()).hexdigest()[:16],
        **options.model_dump(include={"budget", "candidates", "proposes", "weight"}),
    }


@functools.cache
def _system(name: str) -> str:
    text = files("vidpipe.segments.editor").joinpath(f"prompts/{name}.yaml").read_text("utf-8")
    return str(yaml.safe_load(text)["system"])


def _question(name: str, data: Any, answer_tokens: int) -> Question:
    return Question(
        (
            {"role": "system", "content": _system(name)},
            {"role": "user", "content": json.dumps(data, ensure_ascii=False)},
        ),
        answer_tokens,
    )
