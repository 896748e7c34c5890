"""How the words of a caption are shown while they are spoken, as events of ASS."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.clips.colours import readable_on
from vidpipe.clips.text.emoji import EmojiPicture
from vidpipe.clips.text.fonts import FontFallback
from vidpipe.clips.text.lettering import (
    ass_hex,
    from_right,
    in_fonts,
    line_height,
    pictures_in,
    rounded_box,
    safe_text,
    text_width,
)
from vidpipe.geometry import Rect
from vidpipe.templates.model import CaptionAnimation
from vidpipe.text import bare, joined, spaced
from vidpipe.transcript.model import Word

#: A word springs up from so much of its height, in so many milliseconds.
_SQUASHED, _SPRING_MS = 65, 80
#: One word alone grows a little over its size and back.
_SMALL, _LARGE, _GROW_MS, _REST_MS = 72, 104, 80, 130
#: Around the word on a box, next to the letters' size: beside it, and over the line's ends.
BOX_PADDING, _BOX_TRIM, _BOX_RADIUS = 0.14, 0.04, 0.22


@dataclass(frozen=True)
class Drawn:
    """One event: text with overrides, over `layer`, in clip seconds, and its emoji."""

    start_s: float
    end_s: float
    text: str
    layer: int = 0
    emoji: Sequence[EmojiPicture] = ()


@dataclass(frozen=True)
class CaptionGroup:
    """A caption: lines of words, shown from the first word's start until `end_s`."""

    lines: Sequence[Sequence[Word]]
    end_s: float

    @property
    def words(self) -> list[Word]:
        return [w for line in self.lines for w in line]


@dataclass(frozen=True)
class Animator:
    """Draws captions of one clip in the way of a template."""

    animation: CaptionAnimation
    style: CaptionStyle
    brand: Brand
    font: FontFallback
    size: int
    width: int
    key_words: Collection[str] = ()
    outline: float = 0.0
    tones: Mapping[str, str] = field(default_factory=dict)

    def events(
        self, group: CaptionGroup, start_s: float, end_s: float, box: Rect
    ) -> Iterator[Drawn]:
        """What is drawn of a caption in a place that it has from start to end."""
        animation = self.animation
        if animation in _FORWARD and any(from_right(w.text) for w in group.words):
            animation = CaptionAnimation.HIGHLIGHT
        cx, cy = box.center
        place = f"\\pos({cx:.0f},{cy:.0f})"
        size = self._size(group)
        if size != self.size:
            place += f"\\fs{size / self.font.font.em:.1f}"
        tone = self._tone(group)
        if tone != self.brand.text:
            part = 2 if animation is CaptionAnimation.KARAOKE else 1
            place += f"\\{part}c{ass_hex(tone)}"
        match animation:
            case CaptionAnimation.PLAIN | CaptionAnimation.TWO_TONE:
                text = self._text(group, size, None, toned=animation is CaptionAnimation.TWO_TONE)
                yield Drawn(
                    start_s, end_s, f"{{{place}}}{text}", emoji=self._emoji(group, size, box)
                )
            case CaptionAnimation.KARAOKE:
                text = self._filled(group, size, start_s)
                yield Drawn(
                    start_s, end_s, f"{{{place}}}{text}", emoji=self._emoji(group, size, box)
                )
            case _:
                for k, word in enumerate(group.words):
                    begin = max(start_s, word.start_s)
                    until = min(end_s, self._until(group, k))
                    if until > begin:
                        if animation is CaptionAnimation.BOX:
                            yield Drawn(begin, until, self._box(group, k, size, box))
                        text = self._moment(group, k, size, animation, fresh=begin == word.start_s)
                        emoji = self._emoji(group, size, box, k, animation)
                        yield Drawn(begin, until, f"{{{place}}}{text}", layer=1, emoji=emoji)

    def _emoji(
        self,
        group: CaptionGroup,
        size: int,
        box: Rect,
        k: int = 0,
        animation: CaptionAnimation = CaptionAnimation.PLAIN,
    ) -> list[EmojiPicture]:
        """The emoji of what is seen of a caption while its word k is spoken."""
        lines = group.lines
        if animation is CaptionAnimation.ONE_WORD:
            lines = [[group.words[k]]]
        said = [joined(self.shown(w) for w in line) for line in lines]
        cx, cy = box.center
        top = cy - line_height(size, self.font) * len(lines) / 2
        found = pictures_in(said, size, self.font, cx, top, 0)
        if animation is not CaptionAnimation.POP or not found:
            return found
        # Words that are not spoken yet are not seen: their emoji come last in reading order.
        heard = "".join(self.shown(w) for w in group.words[: k + 1])
        return found[: sum(is_picture for _, is_picture in self.font.pieces(heard))]

    def _tone(self, group: CaptionGroup) -> str:
        """The colour of what is not spoken just now: of the one who speaks, if that is known."""
        return self.tones.get(group.words[0].speaker, self.brand.text)

    def shown(self, word: Word) -> str:
        """A word as it is drawn: in capitals, with its symbol, if it is wanted so."""
        return shown(word, self.style)

    def _size(self, group: CaptionGroup) -> int:
        """Letters are smaller where a single word is wider than the caption's place."""
        widest = max(
            text_width(joined(self.shown(w) for w in line), self.size, self.font)
            for line in group.lines
        )
        room = self.width if widest <= self.width else self.width * 0.98
        return self.size if widest <= room else max(1, int(self.size * room / widest))

    def _until(self, group: CaptionGroup, k: int) -> float:
        words = group.words
        return words[k + 1].start_s if k + 1 < len(words) else group.end_s

    def _moment(
        self, group: CaptionGroup, k: int, size: int, animation: CaptionAnimation, *, fresh: bool
    ) -> str:
        """A caption while its word k is spoken."""
        lit = group.words[k]
        if animation is CaptionAnimation.ONE_WORD:
            text = in_fonts(self.shown(lit), self.font, size)
            return f"{_GROW}{text}" if fresh else text
        if animation is CaptionAnimation.BOX:
            return self._text(group, size, lit, on_box=True)
        if animation is not CaptionAnimation.POP:
            return self._text(group, size, lit)
        hidden = {id(w) for w in group.words[k + 1 :]}
        return self._text(group, size, lit, hidden=hidden, spring=fresh)

    def _text(
        self,
        group: CaptionGroup,
        size: int,
        lit: Word | None,
        *,
        toned: bool = False,
        hidden: Collection[int] = (),
        spring: bool = False,
        on_box: bool = False,
    ) -> str:
        """A caption as ASS text; scripts without spaces get none."""
        lines = []
        rest = ass_hex(self._tone(group))
        for line in group.lines:
            text = ""
            for k, word in enumerate(line):
                text += " " if k and spaced(line[k - 1].text, word.text) else ""
                drawn = in_fonts(self.shown(word), self.font, size)
                if word is lit and on_box:
                    on = ass_hex(readable_on(self.brand.accent))
                    text += f"{{\\bord0\\1c{on}}}{drawn}"
                    text += f"{{\\bord{self.outline:.1f}\\1c{rest}}}"
                elif word is lit:
                    up, down = (_SPRING, "\\fscy100") if spring else ("", "")
                    text += f"{{{up}\\1c{ass_hex(self.brand.accent)}}}{drawn}"
                    text += f"{{{down}\\1c{rest}}}"
                elif toned and self._is_key(word):
                    text += f"{{\\1c{ass_hex(self.brand.accent)}}}{drawn}"
                    text += f"{{\\1c{rest}}}"
                elif id(word) in hidden:
                    text += f"{{\\alpha&HFF&}}{drawn}{{\\alpha&H00&}}"
                else:
                    text += drawn
            lines.append(text)
        return "\\N".join(lines)

    def _is_key(self, word: Word) -> bool:
        return bare(word.text) in self.key_words or any(c.isdigit() for c in word.text)

    def _filled(self, group: CaptionGroup, size: int, from_s: float) -> str:
        """Words that fill from the left as they are spoken; what was said before is full."""
        lines, at_s = [], from_s
        for line in group.lines:
            text = ""
            for k, word in enumerate(line):
                wait = max(0.0, word.start_s - at_s)
                at_s = max(at_s, word.start_s)
                gap = " " if k and spaced(line[k - 1].text, word.text) else ""
                text += f"{{\\k{round(100 * wait)}}}{gap}"
                filling = max(0.0, word.end_s - at_s)
                at_s = max(at_s, word.end_s)
                text += f"{{\\kf{round(100 * filling)}}}"
                text += in_fonts(self.shown(word), self.font, size)
            lines.append(text)
        return "\\N".join(lines)

    def _box(self, group: CaptionGroup, k: int, size: int, box: Rect) -> str:
        """A rounded box behind word k."""
        cx, cy = box.center
        high = line_height(size, self.font)
        top = cy - high * len(group.lines) / 2
        for line in group.lines:
            if k < len(line):
                break
            k -= len(line)
            top += high
        said = [self.shown(w) for w in line]
        whole, upto = (self._wide(said[:n], size) for n in (len(said), k + 1))
        wide = self._wide(said[k : k + 1], size)
        left = cx - whole / 2 + upto - wide
        if from_right(line[k].text):
            left = cx + whole / 2 - upto
        pad, trim = BOX_PADDING * size, _BOX_TRIM * high
        outline = rounded_box(
            left - pad, top + trim, wide + 2 * pad, high - 2 * trim, _BOX_RADIUS * size
        )
        fill = ass_hex(self.brand.accent)
        return f"{{\\an7\\pos(0,0)\\bord0\\1c{fill}\\p1}}{outline}{{\\p0}}"

    def _wide(self, said: Sequence[str], size: int) -> float:
        return text_width(joined(said), size, self.font)


#: What runs from left to right: words that don't are highlighted instead.
_FORWARD = (CaptionAnimation.KARAOKE, CaptionAnimation.POP)
_SPRING = f"\\fscy{_SQUASHED}\\t(0,{_SPRING_MS},\\fscy100)"
_GROW = (
    f"{{\\fscx{_SMALL}\\fscy{_SMALL}\\t(0,{_GROW_MS},\\fscx{_LARGE}\\fscy{_LARGE})"
    f"\\t({_GROW_MS},{_REST_MS},\\fscx100\\fscy100)}}"
)


def shown(word: Word, style: CaptionStyle) -> str:
    """A word as captions have it: in capitals, with its symbol, if the style says so."""
    text = safe_text(word.text)
    text = text.upper() if style.uppercase else text
    symbol = style.emoji.get(bare(word.text))
    return f"{text} {safe_text(symbol)}" if symbol else text
