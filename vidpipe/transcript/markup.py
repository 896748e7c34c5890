"""A line of a subtitle as it is said: tags told from code, sound remarks taken out."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import yaml

from vidpipe.text import unspaced

#: `<00:01.500>`, before a word of WebVTT.
_WORD_TIME = re.compile(r"<(?:\d{1,3}:)?\d{1,2}:\d{2}\.\d{3}>")
#: `<v Anna>` and `<v.loud Anna>`: who speaks from here on.
_VOICE = re.compile(r"<v(?:\.[^\s<>.]{1,60}){0,5}[ \t]+([^<>]{1,120})>", re.IGNORECASE)
#: What subtitles know as tags whatever stands in them.
_TAG = re.compile(
    r"</?(?:c|v|lang|ruby|rt|rp)(?:\.[^\s<>]{1,120})?(?:\s[^<>]{0,120})?>"
    r"|<font\s[^<>]{0,300}>|</font>|<br\s?/>",
    re.IGNORECASE,
)
#: Letters in angle brackets that are tags in pairs, and at the ends of a line; else they may be
#: code: `List<b>`, "the <s> token".
_STYLE = re.compile(r"<(/?)([bius])(?:\.[^\s<>]{1,60})?>", re.IGNORECASE)
#: `{\an8}` of ASS wherever it stands, `{y:i}` of MicroDVD before a line.
_OVERRIDE = re.compile(r"\{\\[^{}]{0,300}\}")
_MICRO = re.compile(r"^(?:\{[yYcCfFsSpPoO]:[^\s{}]{1,40}\})+")
#: `\N` of ASS: a line break, unless it is a part of a path.
_BREAK = re.compile(r"(?<!\S)\\[Nnh]|(?<![\\/:])\\[Nh]")
_PATH = re.compile(r"(?:[A-Za-z]:|\\)\\[^\s]")
#: A number of more digits is no letter.
_ENDLESS_ENTITY = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
_NOTES = "♪♫♬♩"
_SUNG = re.compile(rf"^[{_NOTES}#＃]\s.*[{_NOTES}#＃]$|^[{_NOTES}].*$")
#: What may be a remark: a bracket that is closed and short, not glued to a name as `a[i]` is.
_BRACKETS = re.compile(
    r"(?<![\w\])}])(?:\[([^\[\](){}]{0,60})\]|\(([^\[\](){}]{1,60})\)|（([^（）]{1,40})）"
    r"|【([^【】]{1,40})】|\*([^*\s][^*]{0,38}[^*\s])\*)(?![\w\[({])"
)
#: Signs that nobody puts into a remark, and formulas are made of.
_FORMULA = re.compile(r"[=+<>^|\\/_\d]")
_MOST_REMARK_WORDS = 5


@dataclass(frozen=True)
class SpokenText:
    """Text of a subtitle, and who its tag says it is by; empty where none does."""

    voice: str
    text: str


def said(lines: Sequence[str], *, webvtt: bool) -> list[SpokenText]:
    """The lines of a cue without tags, in the order in which they are said.

    In WebVTT every tag of its own is one; elsewhere `<b>`, `<i>`, `<s>` and `<u>` only
    where they come in pairs or at the ends of a line.
    """
    styles = _STYLE.findall("\n".join(lines))
    opened = sum(1 for slash, _ in styles if not slash)
    paired = webvtt or 2 * opened == len(styles)
    out: list[SpokenText] = []
    voice = ""
    for line in lines:
        parts = _VOICE.split(_WORD_TIME.sub("", line))
        for k in range(0, len(parts), 2):
            if k:
                voice = " ".join(html.unescape(parts[k - 1]).split())
            text = _plain(parts[k], paired=paired)
            if text:
                out.append(SpokenText(voice, text))
    return out


def _plain(text: str, *, paired: bool) -> str:
    text = _MICRO.sub("", text.strip())
    text = _OVERRIDE.sub("", _TAG.sub(" " if "<br" in text.lower() else "", text))
    if paired:
        text = _STYLE.sub("", text)
    else:
        text = re.sub(r"^\s*(?:<[bius]>\s*)+|(?:\s*</[bius]>)+\s*$", "", text, flags=re.I)
    text = html.unescape(_ENDLESS_ENTITY.sub(" ", text)).replace("\ufeff", "")
    if "\\" in text and _PATH.search(text) is None:
        text = _BREAK.sub(" ", text)
    return " ".join(text.split())


def without_remarks(text: str) -> str:
    """A line without what is no speech: `[laughter]`, `(applause)`, `♪ la la ♪`.

    What stands in brackets and may be a formula, or an aside that is read out, stays.
    """
    if _SUNG.match(text):
        return ""
    alone = _BRACKETS.fullmatch(text.strip(" .-–—"))
    if alone is not None and _is_remark(alone, alone=True):
        return ""
    if not any(c in text for c in "[(（【*"):
        return text
    kept = _BRACKETS.sub(lambda m: " " if _is_remark(m, alone=False) else m[0], text)
    if kept == text:
        return text
    kept = " ".join(kept.split())
    kept = re.sub(r"\s+([,.;:?!…])", r"\1", kept).strip()
    return kept if any(c.isalnum() for c in kept) else ""


def _is_remark(found: re.Match[str], *, alone: bool) -> bool:
    square = found[1] is not None or found[4] is not None
    text = next(g for g in found.groups() if g is not None)
    text = " ".join(text.replace("\xa0", " ").split())
    if square and not text.strip("_ ?.…-"):
        return True  # `[ __ ]`, `[?]`: a word that was covered, or not understood
    if _FORMULA.search(text) and not re.search(r"\d{1,2}:\d{2}", text):
        return False
    words = text.split()
    if not words or len(words) > _MOST_REMARK_WORDS:
        return False
    if any(_names_sound(w, square=square) for w in words) or any(w in text for w in _wide()):
        return square or alone or len(words) <= 3
    if text.isupper() and len(text) > 3:
        return square or alone
    if square:
        # "[Door slams]", not "he said [that] it works".
        return alone or (len(words) == 1 and words[0][:1].isupper() and len(words[0]) > 3)
    return alone and text[:1].islower() and len(words) <= 4 and not text.endswith((".", "?", "!"))


def is_remark(text: str) -> bool:
    """Whether what stood in brackets before a line is a sound, and nobody's name."""
    return any(_names_sound(w, square=True) for w in text.split()) or any(
        w in text for w in _wide()
    )


def _names_sound(word: str, *, square: bool) -> bool:
    plain = word.casefold().strip(".,…!-")
    stems = _stems(square=square)
    # Short ones are whole words: `tos` of Spanish begins "tossed".
    return any(plain.startswith(s) if len(s) > 3 else plain == s for s in stems)


@functools.cache
def _stems(*, square: bool) -> tuple[str, ...]:
    """How words begin that name sounds, in all languages with blanks between words."""
    kept = {k: v for k, v in _listed().items() if square or k != "square"}
    return tuple(s for line in kept.values() for s in line if not unspaced(s[0]))


@functools.cache
def _wide() -> tuple[str, ...]:
    """The same of languages without blanks."""
    return tuple(s for line in _listed().values() for s in line if unspaced(s[0]))


def _listed() -> dict[str, list[str]]:
    listed = yaml.safe_load((files(__package__) / "data" / "remarks.yaml").read_text("utf-8"))
    return {k: str(v).split() for k, v in listed.items()}
