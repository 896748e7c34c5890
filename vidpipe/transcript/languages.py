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
#: ISO 639-2, as containers and subtitle files have it.
_THREE_LETTERS = dict(
    pair.split(":")
    for pair in (
        "ara:ar chi:zh zho:zh cze:cs ces:cs dan:da dut:nl nld:nl eng:en fin:fi fre:fr fra:fr "
        "ger:de deu:de gre:el ell:el heb:he hin:hi hun:hu ind:id ita:it jpn:ja kor:ko nor:no "
        "nob:no nno:no per:fa fas:fa pol:pl por:pt rum:ro ron:ro rus:ru spa:es swe:sv tha:th "
        "tur:tr ukr:uk urd:ur vie:vi bul:bg hrv:hr srp:sr slo:sk slk:sk slv:sl cat:ca est:et "
        "lav:lv lit:lt ice:is isl:is may:ms msa:ms fil:tl baq:eu eus:eu glg:gl gle:ga wel:cy "
        "cym:cy "
    ).split()
)
#: What Whisper was trained on.
_WHISPER = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw "
    "he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my "
    "ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt "
    "uk ur uz vi yi yo yue zh".split()
)
#: Shorter texts are told apart by luck.
ENOUGH_CHARACTERS = 80


def iso_language(name: str) -> str:
    """The code of a language that is named in words, as `en-US` or as a code; else empty."""
    plain = name.strip().lower().replace("_", "-")
    if plain in _NAMES:
        return _NAMES[plain]
    code = _THREE_LETTERS.get(plain.split("-")[0], plain.split("-")[0])
    return code if code.isalpha() and 2 <= len(code) <= 3 else ""


def language_of(text: str) -> str:
    """The language that a text is written in (py3langid); empty where it is too short to say."""
    if len(text) < ENOUGH_CHARACTERS:
        return ""
    from py3langid import classify

    return str(classify(text[:5000])[0])


def not_in_whisper(language: str | None) -> str | None:
    """Why Whisper cannot read a language, or None."""
    if language is None or language in _WHISPER:
        return None
    return f"Whisper does not know the language {language!r}"
