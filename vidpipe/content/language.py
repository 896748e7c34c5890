"""Word lists per language, as data; a language without a file has no cue phrases."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from importlib import resources

import yaml


@dataclass(frozen=True)
class CuePhrases:
    """Cue phrases by kind, as one pattern each, and words that carry no topic."""

    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)
    dangling_start: frozenset[str] = frozenset()
    stop_words: frozenset[str] = frozenset()

    def count(self, kind: str, text: str) -> int:
        pattern = self.patterns.get(kind)
        return len(pattern.findall(text)) if pattern is not None else 0


@functools.cache
def cue_phrases(language: str) -> CuePhrases:
    """The phrases of a language (ISO 639); English for an unknown one of no name."""
    code = language or "en"
    file = resources.files("vidpipe.content") / "data" / f"{code}.yaml"
    if not file.is_file():
        return CuePhrases()
    raw: dict[str, list[str]] = yaml.safe_load(file.read_text("utf-8"))
    lists = {"dangling_start", "stop_words"}
    return CuePhrases(
        patterns={
            kind: re.compile(
                r"\b(?:" + "|".join(re.escape(p) for p in phrases) + r")\b", re.IGNORECASE
            )
            for kind, phrases in raw.items()
            if kind not in lists
        },
        dangling_start=frozenset(raw.get("dangling_start", ())),
        stop_words=frozenset(raw.get("stop_words", ())),
    )
