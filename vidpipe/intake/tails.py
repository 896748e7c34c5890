"""Which file belongs to which recording, by their names: `talk.en.srt` to `talk.mp4`."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

#: Between a recording's stem and a transcript's suffix may stand its language and these.
_QUALIFIERS = frozenset(
    "transcript transcription captions caption subtitles subtitle subs sub cc cc1 sdh hi forced "
    "default auto asr orig original closed_captions words aligned whisper whisperx diarized".split()
)
#: ISO 639-1, and of 639-2 what files are named by.
_LANGUAGES = frozenset(
    "aa ab af ak am ar as az ba be bg bn bo br bs ca cs cy da de dv dz ee el en eo es et eu fa ff "
    "fi fil fo fr fy ga gd gl gn gu ha haw he hi hr ht hu hy id ig is it ja jv ka kk kl km kn ko "
    "ku ky la lb lg ln lo lt lv mg mi mk ml mn mr ms mt my nb nd ne nl nn no ny oc om or os pa pl "
    "ps pt qu rm rn ro ru rw sa sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk "
    "tl tn to tr ts tt ug uk ur uz ve vi wo xh yi yo yue zh zu iw "
    "eng deu ger fra fre spa ita por rus jpn chi zho kor ara nld dut pol swe dan nor fin ces cze "
    "tur hun ron rum ell gre heb hin ukr bul hrv slk slo slv srp tha vie ind may cat".split()
)
_NAMES = frozenset(
    "arabic chinese czech danish dutch english finnish french german greek hebrew hindi hungarian "
    "indonesian italian japanese korean norwegian persian polish portuguese romanian russian "
    "spanish swedish thai turkish ukrainian vietnamese".split()
)
_REGION = re.compile(r"[a-z0-9]{2,8}")
#: Zoom's recordings are named `GMT…_Recording_1920x1080.mp4`, their text `GMT…_Recording.….vtt`.
_ZOOM = re.compile(r"(.+_recording)(?:_[a-z_]{1,24})?(?:_\d{3,4}x\d{3,4})?", re.IGNORECASE)
_MOST_PARTS = 5


def stem_of(name: str) -> str:
    """A file's name without its folder and its last suffix."""
    base = name.rsplit("/", 1)[-1]
    return base.rsplit(".", 1)[0]


def tail_of(name: str, recording: str) -> str:
    """How a file's name goes on after that of the recording it belongs to, in small letters.

    Empty where it does not belong to it: `.en.srt` of `talk.en.srt` beside `Talk.mp4`.
    """
    base, own = name.rsplit("/", 1)[-1].casefold(), recording.rsplit("/", 1)[-1].casefold()
    stem, _, suffix = own.rpartition(".")
    zoom = _ZOOM.fullmatch(stem)
    for begin in (stem, *([zoom[1]] if zoom else [])):
        if base.startswith(begin + ".") and base != own:
            tail = base[len(begin) :]
            parts = tail.split(".")[1:-1]
            if len(parts) <= _MOST_PARTS and all(p == suffix or _qualifies(p) for p in parts):
                return tail
    return ""


def language_in(tail: str) -> str:
    """The language that a tail names (`.en-US.srt`: `en-us`), or empty."""
    parts = tail.lower().split(".")[1:-1]
    return next((p.replace("_", "-") for p in parts if _is_language(p)), "")


def is_forced(tail: str) -> bool:
    """Whether it is only what is said in another language, as `talk.forced.srt` has it."""
    return "forced" in tail.lower().split(".")


class Recordings:
    """Recordings by their stems: which one a file belongs to, at once among thousands.

    The longest stem counts: `talk.en.srt` is of `talk.en.mp4`, if there is one.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_stem: dict[str, list[str]] = {}
        for key in keys:
            folder = key.rpartition("/")[0]
            stem = stem_of(key).casefold()
            zoom = _ZOOM.fullmatch(stem)
            for begin in {stem, *([zoom[1]] if zoom else [])}:
                self._by_stem.setdefault(f"{folder}/{begin}", []).append(key)

    def of(self, key: str) -> list[str]:
        """The recordings that a file belongs to: several where only their suffix differs."""
        folder, _, base = key.rpartition("/")
        stem = base.casefold()
        for _ in range(_MOST_PARTS + 1):
            stem, dot, _ = stem.rpartition(".")
            if not dot:
                break
            found = [k for k in self._by_stem.get(f"{folder}/{stem}", ()) if tail_of(base, k)]
            if found:
                exact = [k for k in found if base.startswith(stem_of(k) + ".")]
                return exact or found
        return []


def _qualifies(part: str) -> bool:
    return part in _QUALIFIERS or _is_language(part)


@functools.lru_cache(maxsize=1024)
def _is_language(part: str) -> bool:
    begin, *rest = part.replace("_", "-").split("-")
    if begin in _NAMES:
        return True
    return begin in _LANGUAGES and all(_REGION.fullmatch(r) for r in rest)
