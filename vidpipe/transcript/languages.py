"""Languages by their ISO 639 codes."""

from __future__ import annotations

#: Servers and files that spell languages out.
_NAMES = {
    "arabic": "ar",
    "cantonese": "yue",
    "chinese": "zh",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "mandarin": "zh",
    "norwegian": "no",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "urdu": "ur",
    "vietnamese": "vi",
}
#: What Whisper was trained on.
_WHISPER = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw "
    "he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my "
    "ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt "
    "uk ur uz vi yi yo yue zh".split()
)
#: Shorter texts are told apart by luck.
_ENOUGH_CHARACTERS = 80


def iso_language(name: str) -> str:
    """The code of a language that is named in words, as `en-US` or as a code; else empty."""
    plain = name.strip().lower().replace("_", "-")
    if plain in _NAMES:
        return _NAMES[plain]
    code = plain.split("-")[0]
    return code if code.isalpha() and 2 <= len(code) <= 3 else ""


def language_of(text: str) -> str:
    """The language that a text is written in (py3langid); empty where it is too short to say."""
    if len(text) < _ENOUGH_CHARACTERS:
        return ""
    from py3langid import classify

    return str(classify(text[:5000])[0])


def not_in_whisper(language: str | None) -> str | None:
    """Why Whisper cannot read a language, or None."""
    if language is None or language in _WHISPER:
        return None
    return f"Whisper does not know the language {language!r}"
