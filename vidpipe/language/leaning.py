"""Words that belong to what follows them: no line and no caption ends with one."""

from __future__ import annotations

import functools
from importlib.resources import files

import yaml


@functools.cache
def leaning(language: str) -> frozenset[str]:
    """Articles, prepositions and such of a language, in small letters; none of an unknown one."""
    listed = yaml.safe_load((files(__package__) / "leaning.yaml").read_text("utf-8"))
    return frozenset(str(listed.get(language, "")).split())
