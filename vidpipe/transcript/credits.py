"""Lines of subtitle files that nobody says: who transcribed them, and what that advertises.

Transcription services, translators and channels write themselves into the file. Such a line is
told by how it begins ("Transcribed by …", "Subtitles: …") together with an address or its place at
an end of the file, or by the name of a service that lives by such lines. What a speaker says about
subtitles stays: it stands in the middle, and goes on as a sentence does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vidpipe.transcript.cues import Cue

#: An address, as such lines have one: `https://otter.ai`, `www.addic7ed.com`, `TurboScribe.ai`.
_ADDRESS = r"(?:https?://|www\.)\S+|\b[\w-]{2,40}\.(?:ai|com|org|net|io|app|tv|co|me|de|info|xyz)\b"
#: How a line begins that says who made the file; in the languages that services write.
_MADE_BY = (
    r"(?:automatically\s+)?(?:transcri(?:bed|ption|pt)|subtitle[sd]?|subtitling|caption(?:s|ed|ing)?"
    r"|closed captions?|sync(?:ed|hronized)?(?:,? (?:and|&) correct(?:ed|ions))?|translat(?:ed|ion)"
    r"|transkribiert|untertitel(?:ung)?|übersetzung|sous-titr(?:es|age)|transcrit|traduction"
    r"|subtítulos|subtitulado|transcrito|traducción|legendas?|tradução|sottotitoli"
    r"|trascritto|traduzione|ondertitel(?:s|ing|d)|napisy|субтитры|перевод|字幕|翻译|翻譯)"
)
_BY = (
    r"(?:\s+(?:by|from|with|using|provided|created|made|downloaded|corrected|edited|von|vom|des|der"
    r"|durch|mit|im auftrag|par|de|por|con|da|di|door|przez|от|сделал)\b|\s*[:：])"
)
#: Services whose name in a line says that it is theirs: they write what changes ("Support us and
#: become VIP member to remove all ads from …"), always with their name.
_SERVICE = re.compile(
    r"\bopensubtitles(?:\.(?:org|com))?\b|\baddic7ed\b|\bamara\.org\b|\bsubscene\.com\b"
    r"|\byts\.(?:mx|am|lt)\b|\bgo unlimited\b.*\bturboscribe\b|\bturboscribe\b.*\bgo unlimited\b",
    re.IGNORECASE,
)
#: Broadcasters whose lines recognisers learnt, and write in the middle of a talk.
_BROADCASTER = re.compile(r"\b(?:ZDF|ARD|SWR|WDR|NDR|MDR|funk|Radio-Canada|SWISS TXT)\b")
#: How a name begins, behind "by": with a capital, or in letters that have none.
_A_NAME = re.compile(r"\s*(?:(?:the|der|die|das|la|le|les|el)\s+)?[^\W\d_a-zß-ÿ]")
_CREDIT = re.compile(rf"\s*{_MADE_BY}{_BY}", re.IGNORECASE)
_ITS_BEGIN = re.compile(rf"\s*{_MADE_BY}\b", re.IGNORECASE)
_HAS_ADDRESS = re.compile(_ADDRESS, re.IGNORECASE)
#: A remark in brackets, which may stand before or behind what is said.
_BRACKET = re.compile(r"[(\[]([^()\[\]]{8,200})[)\]]")
#: Credits without an address stand among so many subtitles at either end, and have no more words:
#: a sentence about subtitles is longer.
_AT_THE_ENDS, _MOST_WORDS = 2, 9


def without_credits(cues: Sequence[Cue]) -> list[Cue]:
    """The subtitles that are said; where none would be left, all of them."""
    kept: list[Cue] = []
    for k, cue in enumerate(cues):
        text = _BRACKET.sub(lambda m: " " if _is_credit(m[1], at_an_end=True) else m[0], cue.text)
        text = cue.text if text == cue.text else " ".join(text.split())
        at_an_end = k < _AT_THE_ENDS or k >= len(cues) - _AT_THE_ENDS
        if any(c.isalnum() for c in text) and not _is_credit(text, at_an_end=at_an_end):
            kept.append(cue if text == cue.text else cue.model_copy(update={"text": text}))
    return kept or list(cues)


def _is_credit(text: str, *, at_an_end: bool) -> bool:
    short = len(text.split()) <= _MOST_WORDS
    if _SERVICE.search(text) or (
        short and _BROADCASTER.search(text) and _ITS_BEGIN.match(text) is not None
    ):
        return True
    begin = _CREDIT.match(text)
    if begin is None:
        return False
    if _HAS_ADDRESS.search(text):
        return True
    named = (
        begin[0].rstrip().endswith((":", "：")) or _A_NAME.match(text[begin.end() :]) is not None
    )
    return short and at_an_end and named
