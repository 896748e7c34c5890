"""All text over a clip as one ASS file: captions, the opening card, titles above pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pysubs2

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.model import ClipOptions, ClipPlan, Variant
from vidpipe.clips.text.animations import BOX_PADDING, Animator, CaptionGroup, Drawn
from vidpipe.clips.text.captions import groups_of
from vidpipe.clips.text.cards import TitleCard, add_opening, add_title
from vidpipe.clips.text.emoji import EmojiPicture, joined_pictures
from vidpipe.clips.text.fonts import FontFallback, bundled_font, fonts_for
from vidpipe.clips.text.lettering import colour, line_height
from vidpipe.clips.text.speakers import tones_of, with_names
from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect, Size
from vidpipe.templates.model import CaptionAnimation
from vidpipe.transcript.model import Word

#: A caption is cleared when nobody speaks for this long.
_HOLD_S = 0.35
#: One that would be gone for less than this before the next flickers: it stays.
_FLICKER_S = 0.5
#: The first one is there from the first picture on where it comes as soon as this.
_AT_ONCE_S = 0.35

TimedLayout = tuple[float, float, CanvasLayout]
"""From when to when, in clip seconds, a canvas is arranged so."""


@dataclass(frozen=True)
class TextOverlay:
    """What text stands over a clip, and what it looks like.

    Attributes:
        words: on the clip's timeline.
        arrangements: in order, covering the clip.
        style: of the channel.
        brand: colours.
        canvas: size of the picture.
        opening: text over the first seconds, if any.
        font: what letters are drawn in; the carried one by default.
        animation: how words are shown while they are spoken.
        key_words: in lower case: what some animations mark.
        title: shown where an arrangement has room for it.
        language: of the words: how they may be broken.
    """

    words: Sequence[Word]
    arrangements: Sequence[TimedLayout]
    style: CaptionStyle
    brand: Brand
    canvas: Size
    opening: TitleCard | None = None
    font: FontFallback = field(default_factory=lambda: FontFallback(bundled_font()))
    animation: CaptionAnimation = CaptionAnimation.HIGHLIGHT
    key_words: Collection[str] = ()
    title: str = ""
    language: str = ""

    @property
    def letters_px(self) -> int:
        """Size of a caption's letters."""
        return round(self.style.font_size * min(self.canvas.width, self.canvas.height) / 1080)

    @property
    def outline_px(self) -> float:
        """How thick letters are outlined."""
        return max(2.0, self.letters_px / 14)


def overlay_of(
    plan: ClipPlan,
    variant: Variant,
    arranged: Sequence[CanvasLayout],
    spoken: Sequence[Word],
    options: ClipOptions,
) -> TextOverlay | None:
    """The text over one shape of a clip; None without any.

    Args:
        plan: of the clip.
        variant: the canvas.
        arranged: of each part of the plan.
        spoken: the words that are captioned, on the clip's timeline.
        options: look of the text.
    """
    title = plan.title if any(where.title for where in arranged) else ""
    opening = _opening(plan, variant, options.brand) if arranged[0].title is None else None
    if not (spoken or opening or title):
        return None
    letters = lettering(spoken, drawn_beside(plan, options.brand), options.captions)
    if opening:
        opening = replace(opening, text=letters.shown(opening.text))
    spoken = [w.model_copy(update={"text": letters.shown(w.text)}) for w in spoken]
    return TextOverlay(
        words=[w for w in spoken if w.text],
        arrangements=_timed(plan, arranged),
        style=options.captions,
        brand=options.brand,
        canvas=variant.size,
        opening=opening,
        font=letters,
        animation=options.template.captions.animation,
        key_words=plan.key_words,
        title=letters.shown(title),
        language=plan.language,
    )


def caption_events(overlay: TextOverlay) -> Iterator[Drawn]:
    """The captions: what is drawn when, and where it covers nothing."""
    width = min(a.caption.width for _, _, a in overlay.arrangements)
    if overlay.animation is CaptionAnimation.BOX:
        width -= round(2 * BOX_PADDING * overlay.letters_px)
    tones = tones_of(overlay.words, overlay.style, overlay.brand)
    draw = Animator(
        overlay.animation,
        overlay.style,
        overlay.brand,
        overlay.font,
        overlay.letters_px,
        width,
        frozenset(overlay.key_words),
        overlay.outline_px,
        tones,
    )
    groups = groups_of(
        with_names(overlay.words) if tones else overlay.words,
        overlay.style,
        overlay.letters_px,
        width,
        overlay.font,
        overlay.language,
    )
    if groups and groups[0][0][0].start_s < _AT_ONCE_S:
        # What the first picture shows is the cover of many a player.
        groups[0][0][0] = groups[0][0][0].model_copy(update={"start_s": 0.0})
    for k, lines in enumerate(groups):
        last = lines[-1][-1]
        following = groups[k + 1][0][0].start_s if k + 1 < len(groups) else float("inf")
        until_s = min(last.end_s + _HOLD_S, following)
        group = CaptionGroup(lines, following if following - until_s < _FLICKER_S else until_s)
        high = line_height(overlay.letters_px, overlay.font) * (
            1 if overlay.animation is CaptionAnimation.ONE_WORD else len(lines)
        )
        begins_s = lines[0][0].start_s
        for start_s, stop_s, box in _boxes(overlay.arrangements, begins_s, group.end_s, high):
            yield from draw.events(group, start_s, stop_s, box)


def ass_file(overlay: TextOverlay) -> pysubs2.SSAFile:
    """All of it in the order in which it is drawn: the opening, titles, then captions."""
    return drawn_overlay(overlay)[0]


def drawn_overlay(overlay: TextOverlay) -> tuple[pysubs2.SSAFile, list[EmojiPicture]]:
    """All of it in the order in which it is drawn, and the pictures that its gaps are for."""
    canvas, brand, font = overlay.canvas, overlay.brand, overlay.font
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
        fontsize=overlay.letters_px / font.font.em,
        bold=True,
        primarycolor=colour(brand.text),
        outlinecolor=colour(brand.outline),
        outline=overlay.outline_px,
        # A shadow costs as much to blend as the outline and adds nothing beside it.
        shadow=0,
        # Whether a line runs from right to left is told from its letters.
        encoding=-1,
        alignment=pysubs2.Alignment.MIDDLE_CENTER,
    )
    emoji: list[EmojiPicture] = []
    if overlay.opening is not None and overlay.opening.text:
        emoji += add_opening(file, overlay.opening, look, brand, overlay.letters_px, font)
    emoji += add_title(file, overlay.title, overlay.arrangements, look, brand, canvas, font)
    if overlay.animation is CaptionAnimation.KARAOKE:
        look.primarycolor, look.secondarycolor = colour(brand.accent), colour(brand.text)
    file.styles["Caption"] = look
    for event in caption_events(overlay):
        emoji += (picture.during(event.start_s, event.end_s) for picture in event.emoji)
        file.append(
            pysubs2.SSAEvent(
                start=round(event.start_s * 1000),
                end=round(event.end_s * 1000),
                style="Caption",
                layer=event.layer,
                text=event.text,
            )
        )
    return file, joined_pictures(emoji)


def lettering(spoken: Sequence[Word], opening: str, style: CaptionStyle) -> FontFallback:
    """The fonts for what a clip shows of its words, and for the card at its beginning.

    Raises:
        Misconfigured: none has its letters, or the channel's emoji; names them.
    """
    added = "".join(style.emoji.values())
    named = "".join({w.speaker: None for w in spoken})
    said = "".join(w.text for w in spoken) + named + opening + added
    letters = fonts_for(said.upper() + said if style.uppercase else said, style)
    missing = [s for s in style.emoji.values() if not letters.shown(s)]
    if missing:
        raise Misconfigured(
            f"captions.emoji of the channel: no installed font has {' '.join(missing)}; install "
            "one that has, such as Noto Color Emoji, name its file as captions.emoji_font, or "
            "leave them out"
        )
    return letters


def opening_text(plan: ClipPlan, brand: Brand) -> str:
    """What stands on the card over the first seconds; empty without one."""
    return {"title": plan.title, "hook": plan.hook, "none": ""}[brand.title_card]


def drawn_beside(plan: ClipPlan, brand: Brand) -> str:
    """All text in the picture that is no caption: the card at the beginning, a title."""
    title = plan.title if any(part.titled for part in plan.parts) else ""
    return f"{opening_text(plan, brand)} {title}".strip()


def _opening(plan: ClipPlan, variant: Variant, brand: Brand) -> TitleCard | None:
    text = opening_text(plan, brand)
    until_s = min(brand.title_card_s, plan.edit.duration_s)
    return TitleCard(text, until_s, variant.safe_box) if text else None


def _timed(plan: ClipPlan, arranged: Sequence[CanvasLayout]) -> list[TimedLayout]:
    fps = plan.edit.fps
    return [
        (float(p.first_frame / fps), float(p.last_frame / fps), a)
        for p, a in zip(plan.parts, arranged, strict=True)
    ]


def _boxes(
    arrangements: Sequence[TimedLayout], start_s: float, end_s: float, high: float
) -> list[tuple[float, float, Rect]]:
    """Where captions so `high` (pixels) stand from start to end: another place where the picture
    is arranged anew.

    Else what was said before a page is left stands on the face that comes after it.
    """
    found: list[tuple[float, float, Rect]] = []
    for k, (_, until_s, item) in enumerate(arrangements):
        last = k == len(arrangements) - 1
        stop_s = end_s if last else min(end_s, until_s)
        if stop_s <= start_s:
            continue
        place = item.caption
        if item.hanging:
            place = place.model_copy(update={"height": min(place.height, round(high))})
        if found and found[-1][2] == place:
            found[-1] = (found[-1][0], stop_s, place)
        else:
            found.append((start_s, stop_s, place))
        start_s = stop_s
    return found
