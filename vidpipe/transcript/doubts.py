"""When not to believe what a recogniser says that it heard."""

from __future__ import annotations

import re
import zlib

#: Signs of a failed window (section 4.5 of Whisper's paper): text that compresses too
#: well, a mean log probability too low, and then the chance that nobody speaks.
_TOO_REGULAR = 2.4
_TOO_UNSURE = -1.0
_NOBODY = 0.6
#: Where a model's text cannot be right, or it has so little sound that it makes up a sentence
#: which it may be sure of, the chance that nobody speaks tells by itself. Whisper base gave
#: 0.59 to 0.82 for music, noise, hum and silence, 0.00 to 0.45 for 32 phrases in five
#: languages.
_SHORT_S = 8.0
_NOBODY_BY_ITSELF = 0.52
#: What Whisper says over music, noise and silence: its training was on subtitles.
_MADE_UP = re.compile(
    r"thank(s| you)( very much| so much)?( for (watching|listening|your attention))?|you|bye( bye)?"
    r"|(please )?(like and )?subscribe.*|.*amara\.?org.*|subtitles by .*|i'm sorry"
    r"|untertitel(ung)? .*|vielen dank( fürs zuschauen)?|sous-?titr(es|age) .*"
    r"|merci d'avoir regardé.*|gracias por ver.*|subtítulos .*|obrigado por assistir.*"
    r"|sottotitoli .*|grazie per (aver guardato|la visione).*|ご視聴ありがとうございました"
    r"|字幕.*|请不吝点赞.*|시청해 ?주셔서 감사합니다|музыка|субтитры .*|продолжение следует",
    re.IGNORECASE,
)


def nobody_speaks(nobody: float, chance: float, sound_s: float, *, doubted: bool) -> bool:
    """Whether a window is to be taken as silent.

    `nobody` is the chance that a model gives to that, `chance` the mean log probability
    of the text that it has all the same, `doubted` whether that text cannot be right.
    """
    if (doubted or sound_s < _SHORT_S) and nobody > _NOBODY_BY_ITSELF:
        return True
    return nobody > _NOBODY and chance < _TOO_UNSURE


def regularity(text: str) -> float:
    """How much smaller a text becomes when it is compressed; over 2.4 it repeats itself."""
    written = text.strip().encode()
    return len(written) / len(zlib.compress(written)) if written else 0.0


def repeats(text: str) -> bool:
    """Whether a text is one phrase again and again."""
    return regularity(text) > _TOO_REGULAR


def unsure(chance: float) -> bool:
    """Whether a model does not believe its own words, by their mean log probability."""
    return chance < _TOO_UNSURE


def made_up(text: str) -> bool:
    """Whether all of a text is a phrase that recognisers say where nobody speaks, or marks."""
    plain = " ".join(re.sub(r"[^\w\s'.-]", " ", text.replace("\u2019", "'")).split()).strip(" .-")
    return not plain or _MADE_UP.fullmatch(plain) is not None
