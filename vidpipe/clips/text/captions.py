"""Burned-in captions as ASS: which words stand together, and where they cover nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pysubs2

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.clips.arrange import Arrangement
from vidpipe.clips.text.animations import BOX_PADDING, Animator, Group, shown
from vidpipe.clips.text.cards import Opening, add_opening, add_title
from vidpipe.clips.text.fonts import Lettering, carried_font
from vidpipe.clips.text.lettering import colour, text_width
from vidpipe.geometry import Rect, Size
from vidpipe.orthography import ends_clause, ends_sentence, joined
from vidpipe.templates.model import CaptionAnimation
from vidpipe.timeline import EditList
from vidpipe.transcript.model import Word

#: A caption is cleared when nobody speaks for this long.
_HOLD_S = 0.35
_BREAK_GAP_S = 0.5


def clip_words(words: Sequence[Word], edit: EditList) -> list[Word]:
    """The words that a clip keeps, on the clip's own timeline."""
    kept = []
    for item in edit.intervals:
        for word in words:
            middle = (word.start_s + word.end_s) / 2
            if item.contains(middle):
                start, end = (
                    edit.to_clip(max(word.start_s, item.start_s)),
                    edit.to_clip(min(word.end_s, item.end_s - 1e-6)),
                )
                if end - start < 0.02:
                    end = start + 0.02
                kept.append(
                    word.model_copy(update={"start_s": round(start, 3), "end_s": round(end, 3)})
                )
    return kept


def groups_of(
    words: Sequence[Word],
    style: CaptionStyle,
    size: int,
    width: int,
    font: Lettering | None = None,
) -> list[list[list[Word]]]:
    """Captions: each a list of lines of words that fit `width`, broken at phrases."""
    groups: list[list[list[Word]]] = []
    current: list[Word] = []
    for k, word in enumerate(words):
        trial = [*current, word]
        gap = word.start_s - current[-1].end_s if current else 0.0
        ended = bool(current) and ends_sentence(current[-1].text)
        clause = bool(current) and ends_clause(current[-1].text) and len(current) >= 3
        too_wide = _lines(trial, style, size, width, font) is None
        if current and (
            too_wide or gap > _BREAK_GAP_S or ended or clause or len(trial) > style.max_words
        ):
            groups.append(_lines(current, style, size, width, font) or [current])
            current = [word]
        else:
            current = trial
        if k == len(words) - 1:
            groups.append(_lines(current, style, size, width, font) or [current])
    return groups


def _lines(
    words: Sequence[Word], style: CaptionStyle, size: int, width: int, font: Lettering | None
) -> list[list[Word]] | None:
    """One line, or two of like width; None when that does not fit."""

    def wide(part: Sequence[Word]) -> float:
        return text_width(joined(shown(w, style) for w in part), size, font)

    if wide(words) <= width:
        return [list(words)]
    options = [
        (abs(wide(words[:k]) - wide(words[k:])), k)
        for k in range(1, len(words))
        if wide(words[:k]) <= width and wide(words[k:]) <= width
    ]
    if not options:
        return None
    k = min(options)[1]
    return [list(words[:k]), list(words[k:])]


def write_captions(
    words: Sequence[Word],
    arrangements: Sequence[tuple[float, float, Arrangement]],
    style: CaptionStyle,
    brand: Brand,
    canvas: Size,
    target: Path,
    opening: Opening | None = None,
    font: Lettering | None = None,
    animation: CaptionAnimation = CaptionAnimation.HIGHLIGHT,
    key_words: Collection[str] = (),
    title: str = "",
) -> None:
    """Write the ASS file.

    Args:
        words: on the clip's timeline.
        arrangements: (start, end, arrangement) in clip seconds, covering the clip.
        style: of the channel.
        brand: colours.
        canvas: size of the picture.
        target: the file.
        opening: text over the first seconds, if any.
        font: what letters are drawn in; the carried one by default.
        animation: how words are shown while they are spoken.
        key_words: in lower case: what some animations mark.
        title: shown where an arrangement has room for it.
    """
    font = font or Lettering(carried_font())
    size = round(style.font_size * min(canvas.width, canvas.height) / 1080)
    width = min(a.caption.width for _, _, a in arrangements)
    file = pysubs2.SSAFile()
    file.info.update(
        {
            "PlayResX": str(canvas.width),
            "PlayResY": str(canvas.height),
            "WrapStyle": "2",
            "ScaledBorderAndShadow": "yes",
            "YCbCr Matrix": "TV.709",
        }
    )
    look = pysubs2.SSAStyle(
        fontname=font.font.family,
        fontsize=size / font.font.em,
        bold=True,
        primarycolor=colour(brand.text),
        outlinecolor=colour(brand.outline),
        outline=max(2.0, size / 14),
        # A shadow costs as much to blend as the outline and adds nothing beside it.
        shadow=0,
        # Whether a line runs from right to left is told from its letters.
        encoding=-1,
        alignment=pysubs2.Alignment.MIDDLE_CENTER,
    )
    if opening is not None and opening.text:
        add_opening(file, opening, look, brand, size, font)
    add_title(file, title, arrangements, look, brand, canvas, font)
    if animation is CaptionAnimation.KARAOKE:
        look.primarycolor, look.secondarycolor = colour(brand.accent), colour(brand.text)
    if animation is CaptionAnimation.BOX:
        width -= round(2 * BOX_PADDING * size)
    file.styles["Caption"] = look
    draw = Animator(animation, style, brand, font, size, width, frozenset(key_words), look.outline)
    groups = groups_of(words, style, size, width, font)
    for k, lines in enumerate(groups):
        last = lines[-1][-1]
        following = groups[k + 1][0][0].start_s if k + 1 < len(groups) else float("inf")
        group = Group(lines, min(last.end_s + _HOLD_S, following))
        for start_s, stop_s, box in _boxes(arrangements, lines[0][0].start_s, group.end_s):
            for event in draw.events(group, start_s, stop_s, box):
                file.append(
                    pysubs2.SSAEvent(
                        start=round(event.start_s * 1000),
                        end=round(event.end_s * 1000),
                        style="Caption",
                        layer=event.layer,
                        text=event.text,
                    )
                )
    file.save(str(target), format_="ass")


def _boxes(
    arrangements: Sequence[tuple[float, float, Arrangement]], start_s: float, end_s: float
) -> list[tuple[float, float, Rect]]:
    """Where captions stand from start to end: another place where the picture is arranged anew.

    Else what was said before a page is left stands on the face that comes after it.
    """
    found: list[tuple[float, float, Rect]] = []
    for k, (_, until_s, item) in enumerate(arrangements):
        last = k == len(arrangements) - 1
        stop_s = end_s if last else min(end_s, until_s)
        if stop_s <= start_s:
            continue
        if found and found[-1][2] == item.caption:
            found[-1] = (found[-1][0], stop_s, item.caption)
        else:
            found.append((start_s, stop_s, item.caption))
        start_s = stop_s
    return found
