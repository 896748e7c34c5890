"""What is written on slides, read by RapidOCR where it is installed (the extra `ocr`)."""

from __future__ import annotations

import functools
import importlib.util
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect
from vidpipe.layout.model import Layout, LayoutOptions, RegionRole, Slide, SlideReading, TextLine
from vidpipe.media.frames import FrameReader, Image
from vidpipe.models import bundled_model

#: Lines that are less sure are marks, formulas, ink.
_SURE = 0.6
#: A line on so many of the slides belongs to the template.
_TEMPLATE_SHARE = 0.5
#: A title begins in this upper share of the page and is about as high as the highest line.
_TITLE_TOP = 0.34
_TITLE_HEIGHT = 0.75


def reads_slides(options: LayoutOptions) -> bool:
    """Whether slides will be read.

    Raises:
        Misconfigured: it is asked for and RapidOCR is not installed.
    """
    if options.read_slides is SlideReading.NEVER:
        return False
    installed = importlib.util.find_spec("rapidocr") is not None
    if options.read_slides is SlideReading.ALWAYS and not installed:
        raise Misconfigured("reading slides needs RapidOCR: install vidpipe[ocr]")
    return installed


def reader_identity(options: LayoutOptions) -> str:
    """What reads the slides, for fingerprints; empty for nothing."""
    if not reads_slides(options):
        return ""
    return f"rapidocr-{version('rapidocr')}:{bundled_model('rapidocr').identity}"


def with_text(
    layout: Layout,
    reader: FrameReader,
    options: LayoutOptions,
    on_progress: Callable[[float], None] | None = None,
) -> Layout:
    """The layout with the lines and the title of each slide.

    Args:
        layout: as found; slides over `max_read_slides` are left unread, evenly.
        reader: of the same video, in a size at which text can be read.
        options: of the stage.
        on_progress: called with 0 to 1.
    """
    engine = _engine()
    every = max(1, -(-len(layout.slides) // options.max_read_slides))
    lines: list[tuple[TextLine, ...]] = []
    for k, slide in enumerate(layout.slides):
        lines.append(_lines(engine, layout, slide, reader) if k % every == 0 else ())
        if on_progress is not None:
            on_progress((k + 1) / len(layout.slides))
    shared = _template(lines)
    slides = tuple(
        slide.model_copy(
            update={"lines": found, "title": _title(found, shared, _page(layout, slide))}
        )
        for slide, found in zip(layout.slides, lines, strict=True)
    )
    return layout.model_copy(update={"slides": slides})


@functools.cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    params = {"Global.log_level": "error"}
    for path in bundled_model("rapidocr").files:
        # Named, or it would fetch one that it holds for another without a word.
        for task in ("Det", "Rec", "Cls"):
            if f"_{task.lower()}_" in path.name:
                params[f"{task}.model_path"] = str(path)
    return RapidOCR(params=params)


def _page(layout: Layout, slide: Slide) -> Rect:
    region = layout.at(slide.frame_s).region(RegionRole.SCREEN)
    return region.rect if region else Rect(x=0, y=0, width=layout.width, height=layout.height)


def _lines(engine: Any, layout: Layout, slide: Slide, reader: FrameReader) -> tuple[TextLine, ...]:
    """Lines from top to bottom, in displayed pixels; what cameras show is painted over."""
    scale = reader.scale
    page = _page(layout, slide).scaled(scale).clamp(reader.size.rect)
    image = _without_cameras(reader.at(slide.frame_s).image, layout, slide, scale)
    found = engine(np.ascontiguousarray(image[page.y : page.bottom, page.x : page.right]))
    if found.boxes is None:
        return ()
    lines = []
    for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        if score < _SURE or not text.strip():
            continue
        (left, top), (right, bottom) = box.min(axis=0), box.max(axis=0)
        rect = Rect(
            x=round((page.x + float(left)) / scale),
            y=round((page.y + float(top)) / scale),
            width=max(1, round(float(right - left) / scale)),
            height=max(1, round(float(bottom - top) / scale)),
        )
        lines.append(TextLine(text=text.strip(), rect=rect, confidence=round(float(score), 2)))
    return tuple(sorted(lines, key=lambda line: (line.rect.y, line.rect.x)))


def _without_cameras(image: Image, layout: Layout, slide: Slide, scale: float) -> Image:
    image = image.copy()
    for region in layout.at(slide.frame_s).regions:
        if region.role is RegionRole.CAMERA:
            r = region.rect.scaled(scale)
            image[r.y : r.bottom, r.x : r.right] = np.median(image, axis=(0, 1))
    return image


def _template(lines: Sequence[Sequence[TextLine]]) -> set[str]:
    """Texts that most slides share: a logo, the speaker's name."""
    counts = Counter(text for found in lines for text in {_plain(line.text) for line in found})
    read = sum(1 for found in lines if found)
    return {text for text, count in counts.items() if read > 2 and count > _TEMPLATE_SHARE * read}


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())


def _title(lines: Sequence[TextLine], shared: set[str], page: Rect) -> str:
    """The highest letters in the upper part of the page, over one line or two."""
    own = [
        line
        for line in lines
        if len(_plain(line.text)) >= 3
        and _plain(line.text) not in shared
        and line.rect.y - page.y < _TITLE_TOP * page.height
    ]
    if not own:
        return ""
    tallest = max(line.rect.height for line in own)
    first = next(line for line in own if line.rect.height >= _TITLE_HEIGHT * tallest)
    parts = [first.text]
    for line in own[own.index(first) + 1 :]:
        gap = line.rect.y - first.rect.bottom
        alike = line.rect.height >= _TITLE_HEIGHT * first.rect.height
        if gap < 0.6 * first.rect.height and alike and line.rect.y > first.rect.y and gap > -5:
            parts.append(line.text)
        break
    return " ".join(parts)
