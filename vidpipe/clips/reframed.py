"""Compositions and crops that a person chose, in place of those that were planned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidpipe.clips.canvas import column, stack
from vidpipe.clips.model import Composition, Part, Variant
from vidpipe.edits.model import FramingEdit
from vidpipe.framing.model import CropPath, PathPoint
from vidpipe.geometry import Rect, bounding
from vidpipe.layout.model import Layout, RegionRole
from vidpipe.timeline import EditList

_CAMERAS = (Composition.SPEAKER, Composition.STACK, Composition.TWO_UP)
_PAGES = (Composition.SCREEN, Composition.FIT)
#: Shapes that differ by less are the same; a crop is never narrower than this beside its place.
_AS_WIDE, _NARROWEST = 0.02, 0.25


def reframed(
    parts: Sequence[Part],
    edit: EditList,
    framing: Sequence[FramingEdit],
    layout: Layout,
    frame: Rect,
    variant: Variant,
    *,
    captions: bool,
) -> tuple[Part, ...]:
    """The parts of a clip with what a person chose where they chose it; later choices count.

    Args:
        parts: as planned, in order.
        edit: what the clip keeps.
        framing: what was chosen, in source time.
        layout: of the recording: regions where nobody gave a box.
        frame: the whole picture of the source.
        variant: the canvas; a box of another shape keeps its middle and its height.
        captions: whether there is room for captions.
    """
    shown = list(parts)
    for item in framing:
        first, last = _frames(item, edit)
        if last > first:
            shown = _with(shown, item, first, last, edit, layout, frame, variant, captions)
    return tuple(shown)


def _frames(item: FramingEdit, edit: EditList) -> tuple[int, int]:
    """Clip frames of a choice."""
    first, last = _reach(item, edit)
    return max(0, first), min(edit.frames, last)


def _reach(item: FramingEdit, edit: EditList) -> tuple[int, int]:
    """The same, counted on before the clip begins and after it ends.

    A border that is moved thus leaves what a movement shows at each moment as it was.
    """
    first, last = 0, edit.frames
    if item.start_s is not None:
        before_s = max(0.0, edit.intervals[0].start_s - item.start_s)
        first = round((edit.to_clip(item.start_s) - before_s) * edit.fps)
    if item.end_s is not None:
        after_s = max(0.0, item.end_s - edit.intervals[-1].end_s)
        last = round((edit.to_clip(item.end_s) + after_s) * edit.fps)
    return first, last


def _with(
    parts: Sequence[Part],
    item: FramingEdit,
    first: int,
    last: int,
    edit: EditList,
    layout: Layout,
    frame: Rect,
    variant: Variant,
    captions: bool,
) -> list[Part]:
    out: list[Part] = []
    # A camera alone is shown through whatever was to change; beside a moving page it is as planned.
    for part in parts if item.camera_to is None else _as_one(parts, first, last):
        begin, end = max(part.first_frame, first), min(part.last_frame, last)
        if end <= begin:
            out.append(part)
            continue
        if part.first_frame < begin:
            out.append(part.between(part.first_frame, begin))
        at_s = edit.to_source(float(begin / edit.fps))
        whole = part.between(begin, end)
        made = _chosen(whole, item, at_s, layout, frame, variant, captions=captions)
        out.append(_moving(made, item, edit, frame) if item.moves else made)
        if end < part.last_frame:
            out.append(part.between(end, part.last_frame))
    return out


def _as_one(parts: Sequence[Part], first: int, last: int) -> list[Part]:
    """The parts with one alone from one frame to another, as one movement goes through them all."""
    under = next(part for part in parts if part.last_frame > first)
    return [
        *(
            p.between(p.first_frame, min(p.last_frame, first))
            for p in parts
            if p.first_frame < first
        ),
        under.model_copy(
            update={"first_frame": first, "last_frame": last, "near": None, "way": None}
        ),
        *(p.between(max(p.first_frame, last), p.last_frame) for p in parts if p.last_frame > last),
    ]


def _moving(part: Part, item: FramingEdit, edit: EditList, frame: Rect) -> Part:
    """A part that shows one box at the beginning of a choice and another, as shaped, at its end."""
    if item.camera_to is not None:
        assert part.camera is not None
        before, after = part.camera.rect, item.camera_to
    else:
        assert part.screen is not None and item.screen_to is not None
        before, after = part.screen, item.screen_to
    first, last = _reach(item, edit)
    near = before, shaped(after, before.aspect, frame)
    whole = {"first_frame": first, "last_frame": last, "near": near, "way": None, "corners": ()}
    return part.model_copy(update=whole).between(part.first_frame, part.last_frame)


def _chosen(
    part: Part,
    item: FramingEdit,
    at_s: float,
    layout: Layout,
    frame: Rect,
    variant: Variant,
    *,
    captions: bool,
) -> Part:
    """A part as it was chosen."""
    composition = _composition(part, item)
    stretch = layout.at(at_s)
    page = stretch.region(RegionRole.SCREEN)
    person = stretch.region(RegionRole.CAMERA)
    regions = [r.rect for r in stretch.regions]
    screen = (
        item.screen
        or part.screen
        or (page.rect if page else bounding(regions) if regions else frame)
    ).clamp(frame)
    fields: dict[str, Any] = {
        "first_frame": part.first_frame,
        "last_frame": part.last_frame,
        "composition": composition,
    }
    if composition in _PAGES:
        same = part.composition in _PAGES and item.screen is None
        titled = part.titled and part.composition in _PAGES and item.screen is None
        corners = part.corners if same else ()
        return Part(
            **fields,
            screen=screen,
            corners=corners,
            titled=titled,
            over=part.over and item.screen is None,
            ground=part.ground,
            near=part.near if same else None,
            way=part.way if same else None,
        )
    given = item.camera or (person.rect if person and part.camera is None else None)
    if composition is Composition.STACK:
        same = part.composition is Composition.STACK
        beside = part.side_by_side and same
        if beside:
            aspect = column(screen, variant, captions=captions)
        else:
            place = stack(screen, variant, captions=captions, small=part.small).camera
            assert place is not None
            aspect = place.aspect
        camera = _path(given, part.camera, aspect, frame, at_s, stacked=True)
        return Part(
            **fields,
            screen=screen,
            corners=part.corners if same and item.screen is None else (),
            camera=camera,
            disc=part.disc and same and item.camera is None,
            inset=part.inset if same else None,
            inset_from=part.inset_from if same else None,
            titled=part.titled and beside,
            side_by_side=beside,
            small=part.small and same,
            ground=part.ground,
            near=part.near if same and item.screen is None else None,
            way=part.way if same and item.screen is None else None,
        )
    if composition is Composition.TWO_UP:
        aspect = variant.size.width / (variant.size.height // 4 * 2)
        others = [r.rect for r in stretch.regions if r.role is RegionRole.CAMERA][1:]
        second = item.other or (others[0] if others and part.other is None else None)
        camera = _path(given, part.camera, aspect, frame, at_s)
        return Part(**fields, camera=camera, other=_path(second, part.other, aspect, frame, at_s))
    camera = _path(given, part.camera, variant.size.aspect, frame, at_s)
    unchanged = item.camera is None and part.composition is Composition.SPEAKER
    return Part(
        **fields,
        camera=camera,
        face=part.face if unchanged else None,
        near=part.near if unchanged and camera == part.camera else None,
        way=part.way if unchanged and camera == part.camera else None,
    )


def _composition(part: Part, item: FramingEdit) -> Composition:
    """What was chosen, or what shows the boxes that were."""
    if item.composition is not None:
        return Composition(item.composition)
    if item.other is not None:
        return Composition.TWO_UP
    if item.camera is not None and part.composition not in _CAMERAS:
        return Composition.SPEAKER
    if item.screen is not None and part.composition not in (*_PAGES, Composition.STACK):
        return Composition.FIT
    return part.composition


def _path(
    given: Rect | None,
    planned: CropPath | None,
    aspect: float,
    frame: Rect,
    at_s: float,
    *,
    stacked: bool = False,
) -> CropPath:
    """A crop that stands where it was put; the planned one where nobody put it anywhere."""
    if given is None and planned is not None:
        wide = planned.rect.aspect / aspect
        # A crop in a stack may be narrower than its place, and stands in the middle of it then,
        # or wider, and stands higher.
        least, most = 1 - _AS_WIDE, 1 + _AS_WIDE
        if stacked:
            least, most = _NARROWEST, 1 / _NARROWEST
        if least <= wide <= most:
            return planned
    rect = shaped(given or (planned.rect if planned else frame), aspect, frame)
    return CropPath(rect=rect, points=(PathPoint(t_s=at_s, x=rect.x),))


def shaped(box: Rect, aspect: float, frame: Rect) -> Rect:
    """A box of another shape: its middle and height kept, as large as the picture allows."""
    height = min(float(box.height), float(frame.height), frame.width / aspect)
    width = height * aspect
    middle_x, middle_y = box.center
    made = Rect(
        x=round(middle_x - width / 2),
        y=round(middle_y - height / 2),
        width=max(2, round(width)),
        height=max(2, round(height)),
    )
    return made.clamp(frame)
