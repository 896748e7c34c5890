"""How a channel wants its words written: its names and terms, and what it does not print."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

#: A name or what it sounds like: something to say, on one line.
_Text = Annotated[str, Field(min_length=2, max_length=60, pattern=r"^[^\r\n\t]*\w[^\r\n\t]*$")]


class Term(BaseModel):
    """A person, a product, a word of the trade: as it is written.

    `sounds_like` are ways in which it is heard wrong; these are always put right, also
    where they are common words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Text
    sounds_like: tuple[_Text, ...] = Field(default=(), max_length=20)

    @field_validator("name", "sounds_like")
    @classmethod
    def _single_spaced(cls, given: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if isinstance(given, str):
            return _tidy(given)
        return tuple(_tidy(text) for text in given)

    @field_validator("name", "sounds_like")
    @classmethod
    def _not_one_character(cls, given: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in (given,) if isinstance(given, str) else given:
            if len(text) < 2:
                raise ValueError(f"{text!r} should have at least 2 characters")
        return given


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _named(given: object) -> object:
    """A name alone is a term; what YAML takes for a number or a truth is told to be text."""
    if isinstance(given, int | float):
        raise ValueError(f"{given!r} is no text: write it in quotes")
    return {"name": given} if isinstance(given, str) else given


#: In a file a name, or a name with what it sounds like.
GivenTerm = Annotated[Term, BeforeValidator(_named)]
#: A longer list is a dictionary, and finds something in every sentence.
MOST_TERMS = 500

Profanity = Literal["keep", "mask"]


class Wording(BaseModel):
    """Everything of a channel and an upload that decides how words are written."""

    model_config = ConfigDict(frozen=True)

    terms: tuple[Term, ...] = ()
    profanity: Profanity = "keep"

    @property
    def names(self) -> tuple[str, ...]:
        """The terms as they are written."""
        return tuple(term.name for term in self.terms)


def joined_terms(*lists: Iterable[Term]) -> tuple[Term, ...]:
    """All terms in order, each once: what they sound like is put together.

    The first spelling of a name holds: `GitHub` of the first list, not `Github` of the next.
    """
    found: dict[str, Term] = {}
    for term in (t for terms in lists for t in terms):
        known = found.get(term.name.casefold())
        if known is None:
            found[term.name.casefold()] = term
            continue
        heard = dict.fromkeys([*known.sounds_like, *term.sounds_like])
        found[term.name.casefold()] = Term(name=known.name, sounds_like=tuple(heard)[:20])
    return tuple(found.values())
