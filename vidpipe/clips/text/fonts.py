"""Which font captions are drawn in: one that has their letters, or an error that says which."""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vidpipe.channels.model import CaptionStyle
from vidpipe.errors import Misconfigured

#: Symbols, among them emoji.
_SYMBOLS = ("So", "Sk")
#: What may be left out of a caption: those, and what is never drawn by itself.
_MAY_LACK = (*_SYMBOLS, "Co", "Cs", "Cf", "Cc", "Zs", "Zl", "Zp", "Mn", "Me")


#: Tables of a font that libass can draw from; colour emoji are mostly bitmaps.
_OUTLINES = {"glyf", "CFF ", "CFF2"}
#: A font that comes with matplotlib and shows a box for every letter there is.
_PLACEHOLDER = "Last Resort"
#: A name that stands in a caption file as it is.
_FAMILY = re.compile(r"[^\\{}\n,]{1,80}$")


@dataclass(frozen=True)
class Font:
    """A font file; `em` is the size of its letters as a share of a line, as ASS counts."""

    family: str
    path: Path
    em: float
    letters: frozenset[int]

    def lacks(self, text: Iterable[str]) -> list[str]:
        """The letters of a text that the font does not have, each once."""
        missing = {c for c in text if ord(c) not in self.letters}
        return sorted(c for c in missing if unicodedata.category(c) not in _MAY_LACK)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the file: what a picture with its letters rests on."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Lettering:
    """What a text is drawn in: a font, and one for the symbols that it lacks, if any has them."""

    font: Font
    symbols: Font | None = None

    def shown(self, text: str) -> str:
        """A text without the symbols that no font has, and without what only joins them."""
        return "".join(c for c in text if self._font_of(c) is not None).strip()

    def runs(self, text: str) -> list[tuple[Font, str]]:
        """A text in pieces of one font each."""
        pieces = itertools.groupby(text, key=lambda c: self._font_of(c) or self.font)
        return [(font, "".join(letters)) for font, letters in pieces]

    @property
    def fonts(self) -> list[Font]:
        return [self.font, *([self.symbols] if self.symbols else [])]

    def _font_of(self, letter: str) -> Font | None:
        if ord(letter) in self.font.letters:
            return self.font
        if self.symbols is not None and ord(letter) in self.symbols.letters:
            return self.symbols
        return None if _is_symbol(letter) or _changes_symbols(letter) else self.font


@functools.cache
def fonts_dir() -> Path:
    """The folder of the DejaVu fonts that the matplotlib wheel brings."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@functools.cache
def carried_font() -> Font:
    """DejaVu Sans Bold: Latin, Cyrillic, Greek, Hebrew, Arabic, Armenian, Georgian."""
    return read_font(fonts_dir() / "DejaVuSans-Bold.ttf")


@functools.cache
def read_font(path: Path) -> Font:
    """A font file's name, measures and letters.

    Raises:
        Misconfigured: it is no font.
    """
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            os2 = font["OS/2"]
            if not _OUTLINES & set(font.keys()):
                raise Misconfigured(f"{path} holds pictures, no outlines: it cannot be drawn")
            family = str(font["name"].getBestFamilyName())
            if not _FAMILY.match(family):
                raise Misconfigured(f"{path}: its name {family!r} cannot be asked for")
            return Font(
                family=family,
                path=path,
                em=font["head"].unitsPerEm / (os2.usWinAscent + os2.usWinDescent),
                letters=frozenset(font.getBestCmap() or {}),
            )
    except (TTLibError, OSError, KeyError) as error:
        raise Misconfigured(f"{path} is no font that can be used: {error}") from error


def lettering_for(text: str, style: CaptionStyle) -> Lettering:
    """The fonts for all letters of a text.

    Raises:
        Misconfigured: none has a letter; names the script.
    """
    font = font_for(text, style)
    wanted = {c for c in text if ord(c) not in font.letters and _is_symbol(c)}
    if not wanted:
        return Lettering(font)
    best: Font | None = None
    most = 0
    for path in (fonts_dir() / "DejaVuSans.ttf", *_installed()):
        try:
            other = read_font(path)
        except Misconfigured:
            continue
        have = sum(ord(c) in other.letters for c in wanted)
        if have > most:
            best, most = other, have
        if most == len(wanted):
            break
    return Lettering(font, best)


def _is_symbol(letter: str) -> bool:
    return unicodedata.category(letter) in _SYMBOLS


def _changes_symbols(letter: str) -> bool:
    """Variation selectors, and what joins emoji: nothing to draw without them."""
    return "\ufe00" <= letter <= "\ufe0f" or letter == "\u200d"


def font_for(text: str, style: CaptionStyle) -> Font:
    """The channel's font if it has all letters of a text, else an installed one that has.

    Raises:
        Misconfigured: none has; names the script.
    """
    first = _wanted(style)
    missing = first.lacks(text)
    if not missing:
        return first
    if style.font_file is None:
        for path in _installed():
            try:
                other = read_font(path)
            except Misconfigured:
                continue
            if not other.lacks(text):
                return other
    names = sorted({unicodedata.name(c, "unknown").split()[0] for c in missing})
    raise Misconfigured(
        f"the captions are in a script ({', '.join(names)}: {''.join(missing[:8])}) that the font "
        f"{first.family} lacks"
        + ("" if style.font_file else ", and so do all installed fonts")
        + "; give a font that has it as captions.font_file of the channel, or set "
        "captions.enabled to false"
    )


def _wanted(style: CaptionStyle) -> Font:
    if style.font_file is not None:
        return read_font(style.font_file)
    if style.font == carried_font().family:
        return carried_font()
    named = [p for p, name, _ in _listed() if name == style.font]
    return read_font(named[0]) if named else carried_font()


def _installed() -> Iterator[Path]:
    """Installed fonts, those nearest to bold first."""
    return (path for path, _, _ in _listed())


def _listed() -> list[tuple[Path, str, int]]:
    """Path, family and weight of every installed font, those nearest to bold first."""
    from matplotlib.font_manager import fontManager, weight_dict

    def weight(of: int | str) -> int:
        return int(weight_dict.get(of, 400)) if isinstance(of, str) else int(of)

    fonts = [
        (Path(f.fname), f.name, weight(f.weight))
        for f in fontManager.ttflist
        if f.style == "normal" and not f.name.startswith(_PLACEHOLDER)
    ]
    return sorted(fonts, key=lambda item: (abs(item[2] - 700), str(item[0])))
