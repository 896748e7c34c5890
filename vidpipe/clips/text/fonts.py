"""Which font captions are drawn in: one that has their letters, or an error that says which."""

from __future__ import annotations

import functools
import hashlib
import logging
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vidpipe.channels.model import CaptionStyle
from vidpipe.clips.text.emoji import EmojiFont, emoji_font_for, parts
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
class FontFallback:
    """What a text is drawn in: a font, and others for what it lacks.

    `scripts` says which of the others has a script, all of it: letters of one word never
    change their font. Symbols are drawn in the first font that has them, emoji as pictures of
    the `emoji` font where it has them.
    """

    font: Font
    others: tuple[Font, ...] = ()
    scripts: tuple[tuple[str, Font], ...] = ()
    emoji: EmojiFont | None = None

    def pieces(self, text: str) -> Iterator[tuple[str, bool]]:
        """A text in pieces, each with whether it is an emoji that is shown as a picture."""
        if self.emoji is None or text.isascii():
            yield text, False
            return
        for piece, is_emoji in parts(text):
            yield piece, is_emoji and self.emoji.has(piece)

    def shown(self, text: str) -> str:
        """A text without the symbols that no font has, and without what only joins them."""
        return "".join(
            piece if is_picture else "".join(c for c in piece if self._font_of(c) is not None)
            for piece, is_picture in self.pieces(text)
        ).strip()

    def runs(self, text: str) -> list[tuple[Font, str]]:
        """A text in pieces of one font each; what is written above a letter stays with it."""
        pieces: list[tuple[Font, str]] = []
        for letter in text:
            font = self._font_of(letter) or self.font
            if pieces and unicodedata.category(letter).startswith("M"):
                last = pieces[-1][0]
                if ord(letter) in last.letters or ord(letter) not in font.letters:
                    font = last
            if pieces and pieces[-1][0] is font:
                pieces[-1] = (font, pieces[-1][1] + letter)
            else:
                pieces.append((font, letter))
        return pieces

    @property
    def fonts(self) -> list[Font]:
        return [self.font, *self.others]

    @property
    def digests(self) -> list[str]:
        """Of all files that are drawn from."""
        return [f.digest for f in (*self.fonts, *((self.emoji,) if self.emoji else ()))]

    def _font_of(self, letter: str) -> Font | None:
        for script, font in self.scripts:
            if ord(letter) in font.letters and script_of(letter) == script:
                return font
        for font in self.fonts:
            if ord(letter) in font.letters:
                return font
        return None if _is_symbol(letter) or _changes_symbols(letter) else self.font


#: What is written together, by the first word of its letters' names.
_TOGETHER = dict.fromkeys(
    ("HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH", "BOPOMOFO"), "CJK"
)


@functools.lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """The script of a letter, as its name begins: `LATIN`, `ARABIC`, `CJK`; empty without one."""
    if unicodedata.category(letter)[0] not in "LMN" and ord(letter) < 0x3000:
        return ""
    name = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    return _TOGETHER.get(name, name)


@functools.cache
def fonts_dir() -> Path:
    """The folder of the DejaVu fonts that the matplotlib wheel brings."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@functools.cache
def bundled_font() -> Font:
    """DejaVu Sans Bold: Latin, Cyrillic, Greek, Hebrew, Arabic, Armenian, Georgian."""
    return read_font(fonts_dir() / "DejaVuSans-Bold.ttf")


@functools.cache
def read_font(path: Path) -> Font:
    """A font file's name, measures and letters.

    Raises:
        Misconfigured: it is no font.
    """
    from fontTools.ttLib import TTFont, TTLibError

    # It says on the terminal which fonts tell their date wrongly.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
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
        raise Misconfigured(f"{path} is not a usable font: {error}") from error


def fonts_for(text: str, style: CaptionStyle) -> FontFallback:
    """The fonts for all letters of a text: one that has them all, else one for each script.

    Raises:
        Misconfigured: none has a letter; names the script.
    """
    font = font_for(text, style)
    missing = font.lacks(text)
    scripts = _by_script(text, missing)
    emoji = emoji_font_for(text, style.emoji_font, _files)
    outlined = FontFallback(font, emoji=emoji).pieces(text)
    wanted = {
        c
        for piece, is_picture in outlined
        for c in piece
        if not is_picture and ord(c) not in font.letters and _is_symbol(c)
    }
    symbols = _with_most(wanted, fonts_dir() / "DejaVuSans.ttf") if wanted else None
    others = dict.fromkeys([f for _, f in scripts] + ([symbols] if symbols else []))
    return FontFallback(font, tuple(others), scripts, emoji)


def _by_script(text: str, missing: Iterable[str]) -> tuple[tuple[str, Font], ...]:
    """For each script of which a letter is missing, the installed font that has all of it."""
    found: list[tuple[str, Font]] = []
    for script in sorted({script_of(c) for c in missing}):
        letters = {c for c in text if script_of(c) == script} if script else set(missing)
        drawn = {c for c in letters if unicodedata.category(c) not in _MAY_LACK}
        best = _with_most(drawn, bundled_font().path)
        if best is not None:
            found.append((script, best))
    return tuple(found)


def _with_most(wanted: Collection[str], carried: Path) -> Font | None:
    """The font that has most of these letters, the carried one or an installed one."""
    best: Font | None = None
    most = 0
    for path in (carried, *_installed()):
        try:
            other = read_font(path)
        except Misconfigured:
            continue
        have = sum(ord(c) in other.letters for c in wanted)
        if have > most:
            best, most = other, have
        if most == len(wanted):
            break
    return best


def _is_symbol(letter: str) -> bool:
    return unicodedata.category(letter) in _SYMBOLS


def _changes_symbols(letter: str) -> bool:
    """Variation selectors, and what joins emoji: nothing to draw without them."""
    return "\ufe00" <= letter <= "\ufe0f" or letter == "\u200d"


def font_for(text: str, style: CaptionStyle) -> Font:
    """The channel's font if it has all letters of a text, else an installed one that has.

    Where none has them all by itself it is the channel's, with others for what it lacks.

    Raises:
        Misconfigured: a letter is in none; names the script.
    """
    first = _wanted(style)
    missing = first.lacks(text)
    if not missing:
        return first
    lacking = set(missing)
    for path in _installed():
        try:
            other = read_font(path)
        except Misconfigured:
            continue
        # A channel's own file is what its captions look like: others only fill its gaps.
        if style.font_file is None and not other.lacks(text):
            return other
        lacking = {c for c in lacking if ord(c) not in other.letters}
        if not lacking and style.font_file is not None:
            break
    if not lacking:
        return first
    names = sorted({unicodedata.name(c, "unknown").split()[0] for c in lacking})
    raise Misconfigured(
        f"the captions are in a script ({', '.join(names)}: {''.join(sorted(lacking)[:8])}) that "
        f"the font {first.family} lacks, and so do all installed fonts; install one that has it, "
        "give one as captions.font_file of the channel, or set captions.enabled to false"
    )


def _wanted(style: CaptionStyle) -> Font:
    if style.font_file is not None:
        return read_font(style.font_file)
    if style.font == bundled_font().family:
        return bundled_font()
    named = [p for p, name, _ in _listed() if name == style.font and p.is_file()]
    return read_font(named[0]) if named else bundled_font()


def _files() -> list[Path]:
    """All font files there are, those with pictures among them."""
    from matplotlib.font_manager import findSystemFonts

    return sorted(map(Path, findSystemFonts()))


def _installed() -> Iterator[Path]:
    """Installed fonts, those nearest to bold first."""
    return (path for path, _, _ in _listed())


def _listed() -> list[tuple[Path, str, int]]:
    """Path, family and weight of every installed font, those nearest to bold first.

    matplotlib keeps its list from the day on which it was first asked: what was installed
    since is looked for each time.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager, weight_dict

    def weight(of: int | str) -> int:
        return int(weight_dict.get(of, 400)) if isinstance(of, str) else int(of)

    fonts = [
        (Path(f.fname), f.name, weight(f.weight))
        for f in fontManager.ttflist
        if f.style == "normal" and not f.name.startswith(_PLACEHOLDER)
    ]
    known = {f.fname for f in fontManager.ttflist}
    for name in findSystemFonts():
        if name not in known:
            fresh = _fresh(Path(name), Path(name).stat().st_mtime_ns)
            fonts += [fresh] if fresh is not None else []
    return sorted(fonts, key=lambda item: (abs(item[2] - 700), str(item[0])))


@functools.lru_cache(maxsize=8192)
def _fresh(path: Path, changed_ns: int) -> tuple[Path, str, int] | None:
    """Path, family and weight of a font file; None for what cannot be drawn with upright."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        font = read_font(path)
        with TTFont(path, fontNumber=0, lazy=True) as file:
            os2 = file["OS/2"]
            slanted = bool(os2.fsSelection & 1)
            return None if slanted else (path, font.family, int(os2.usWeightClass))
    except (Misconfigured, TTLibError, OSError, KeyError):
        return None
