"""Filter graphs that put regions of the source on the canvas of a clip."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.grounds import lay_card, still, write_ground
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part, Variant
from vidpipe.framing.model import CropPath
from vidpipe.geometry import Rect, Size, bounding

_BLUR_DIVISOR = 16
#: A blurred page is as good at so many pictures a second, and costs a tenth less of a clip.
_CALM_FPS = 8
#: A hole in a page is filled with so many colours along each side.
_COARSE = 32
#: Each of them is the median of those up to so many places away: the most that the filter takes.
_AROUND = 15


@dataclass(frozen=True)
class FilterGraph:
    """Arranges regions on the canvas of one clip.

    Colours are brought to BT.709 in the scaling that every region needs anyway:
    a pass of its own over the whole canvas costs half as much as the encoder.
    """

    plan: ClipPlan
    variant: Variant
    options: ClipOptions
    matrix: str
    work: Path

    def compose(self, stream: Any, part: Part, where: CanvasLayout) -> Any:
        if where.screen is not None and where.camera is not None:
            return self._stack(stream, part, where.screen, where.camera)
        if where.camera is not None and where.other is not None:
            assert part.camera is not None and part.other is not None
            split = stream.split()
            return ffmpeg.filter(
                [
                    self._following(split[0], part.camera, part, where.camera),
                    self._following(split[1], part.other, part, where.other),
                ],
                "vstack",
            )
        if where.camera is not None:
            assert part.camera is not None
            if part.near is not None:
                return self._scaled(_moved(stream, part, part.near), where.camera)
            return self._following(stream, part.camera, part, where.camera)
        assert part.screen is not None and where.screen is not None
        shown = self._page(stream, part)
        if part.ground is not None and where.screen != self.variant.size.rect:
            scaled = self._scaled(shown, where.screen)
            return self._on_ground(scaled, part, where.screen, card=where.card)
        if not where.blurred:
            return self._scaled(shown, where.screen)
        return self._on_blur(shown, where.screen, part)

    def _page(self, stream: Any, part: Part) -> Any:
        """What is shown of the screen: all of it, or as near as it is, which may move."""
        assert part.screen is not None
        if part.near is None:
            return straightened(stream, part.screen, part.corners)
        return _moved(stream, part, part.near)

    def _on_ground(self, shown: Any, part: Part, rect: Rect, *, card: bool = False) -> Any:
        """On one picture that is drawn once and stays; a card has its corners under another one.

        Each part has a file of its own: of two inputs that are equal a graph makes one, which
        cannot go to two places.
        """
        assert part.ground is not None
        behind = self.work / f"ground-{part.first_frame}.png"
        write_ground(part.ground, self.variant.size, behind)
        corners = self.work / f"corners-{part.first_frame}.png"
        if card:
            lay_card(behind, rect, corners)
        fps = self.plan.edit.fps
        lasting = still(behind, fps).filter("tpad", stop=-1, stop_mode="clone")
        laid = lasting.overlay(shown, x=rect.x, y=rect.y, shortest=1)
        if not card:
            return laid
        return laid.overlay(still(corners, fps, alpha=True), x=rect.x, y=rect.y)

    def _stack(self, stream: Any, part: Part, screen: Rect, camera: Rect) -> Any:
        assert part.screen is not None and part.camera is not None
        split = stream.split()
        size = self.variant.size
        page = split[0]
        if part.inset is not None:
            page = _filled(page, part.inset, part.inset_from)
        shown = self._scaled(self._page(page, part), screen)
        if part.ground is not None:
            canvas = self._on_ground(shown, part, screen)
        else:
            behind = "0x" + self.options.brand.background[1:]
            canvas = shown.filter("pad", size.width, size.height, screen.x, screen.y, color=behind)
        speaker = self._following(split[1], part.camera, part, camera)
        if part.disc:
            speaker = ffmpeg.filter([speaker, _round(camera, part)], "alphamerge")
        return canvas.overlay(speaker, x=camera.x, y=camera.y)

    def _on_blur(self, shown: Any, rect: Rect, part: Part) -> Any:
        split = shown.split()
        size = self.variant.size
        small = Size(width=size.width // _BLUR_DIVISOR, height=size.height // _BLUR_DIVISOR)
        # People would be seen to jerk, pages hardly move.
        calm = part.composition is Composition.SCREEN
        source = split[0].filter("fps", _CALM_FPS) if calm else split[0]
        backdrop = (
            self._scaled(source, small.rect, force_original_aspect_ratio="increase")
            .filter("crop", small.width, small.height)
            .filter("gblur", sigma=9)
            .filter("eq", brightness=-0.2, contrast=0.7, saturation=0.9)
            # Scaling by two different factors would otherwise be undone by the pixels' shape.
            .filter("scale", size.width, size.height, flags="bilinear")
            .filter("setsar", 1)
        )
        if calm:
            rate = self.plan.edit.fps
            backdrop = (
                backdrop.filter("fps", f"{rate.numerator}/{rate.denominator}")
                .filter("tpad", stop_mode="clone", stop_duration=1)
                .filter("trim", end_frame=part.last_frame - part.first_frame)
            )
        return backdrop.overlay(self._scaled(split[1], rect), x=rect.x, y=rect.y)

    def _following(self, stream: Any, path: CropPath, part: Part, into: Rect) -> Any:
        """The crop as it moves: what the path needs at all is scaled, then the crop moves in it.

        With 4:2:0 chroma a crop moves in steps of two pixels; on the canvas they
        are too small to see, in a small camera picture they show as jitter.
        """
        rect = path.rect.even()
        xs = [p.x for p in path.points]
        if max(xs) - min(xs) < 1:
            return self._scaled(_cropped(stream, rect), into)
        left = int(min(xs)) // 2 * 2
        reach = rect.model_copy(update={"x": left, "width": int(max(xs)) + 2 - left + rect.width})
        reach = reach.even()
        scale = into.width / rect.width
        wide = into.model_copy(update={"width": 2 * round(reach.width * scale / 2)})
        moving = path_expression(path, part, self.plan, left, wide.width / reach.width)
        shown = self._scaled(_cropped(stream, reach), wide)
        return shown.filter("crop", into.width, into.height, moving, 0).filter("setsar", 1)

    def _scaled(self, stream: Any, rect: Rect, **more: str) -> Any:
        return stream.filter(
            "scale",
            rect.width,
            rect.height,
            flags="bicubic",
            in_color_matrix=self.matrix,
            out_color_matrix="bt709",
            out_range="tv",
            **more,
        ).filter("setsar", 1)


def _moved(stream: Any, part: Part, near: tuple[Rect, Rect]) -> Any:
    """From one place of the source to another during a part, eased; one of them where they are."""
    before, after = near
    if before == after:
        return _cropped(stream, before)
    reach = bounding([before, after]).even()
    begins, ends = (
        [(x - reach.x, y - reach.y) for x, y in _corners(rect)] for rect in (before, after)
    )
    first, last = part.way or (part.first_frame, part.last_frame)
    share = f"(on/{max(1, last - first - 1)})"
    if part.way is not None:
        share = f"clip((on+{part.first_frame - first})/{max(1, last - first - 1)},0,1)"
    eased = f"min(1,{share}*{share}*(3-2*{share}))"
    places = {
        f"{axis}{k}": f"{begins[k][n]}+({ends[k][n] - begins[k][n]})*{eased}"
        for k in range(4)
        for n, axis in enumerate("xy")
    }
    return _cropped(stream, reach).filter(
        "perspective", **places, sense="source", interpolation="linear", eval="frame"
    )


def _round(into: Rect, part: Part) -> Any:
    """One picture, white inside the circle that a region holds: an alpha that stays.

    Of another length for each part, as two equal inputs are one.
    """
    radius = min(into.width, into.height) / 2
    far = "hypot(X+0.5-W/2,Y+0.5-H/2)"
    black = f"color=c=black:s={into.width}x{into.height}:r=1:d={1 + part.first_frame * 1e-6:.6f}"
    return (
        ffmpeg.input(black, f="lavfi")
        .filter("format", "gray")
        .filter("geq", lum=f"255*clip({radius:g}+0.5-{far},0,1)")
    )


def _corners(rect: Rect) -> list[tuple[int, int]]:
    """As the filter `perspective` counts them: row by row."""
    return [
        (rect.x, rect.y),
        (rect.right, rect.y),
        (rect.x, rect.bottom),
        (rect.right, rect.bottom),
    ]


def _filled(page: Any, hole: Rect, like: Rect | None = None) -> Any:
    """The page with a hole filled from its borders, or `like` a place beside it, frame by frame.

    A line that ends at the hole would be drawn across it as a streak. What is drawn on a page is
    less than the page: the median of a wide surrounding has none of it.
    """
    inside = hole.even()
    if like is None:
        page = page.filter("delogo", hole.x, hole.y, hole.width, hole.height)
    filled = page.split()
    coarse = _cropped(filled[1], like or inside).filter("scale", _COARSE, _COARSE, flags="area")
    # Colours that are halved in size would be looked at half as widely.
    calm = coarse.filter("format", "yuv444p").filter("median", radius=_AROUND)
    calm = calm.filter("scale", inside.width, inside.height, flags="bicubic").filter("setsar", 1)
    return filled[0].overlay(calm, x=inside.x, y=inside.y)


def _cropped(stream: Any, rect: Rect) -> Any:
    even = rect.even()
    return stream.filter("crop", even.width, even.height, even.x, even.y)


def straightened(stream: Any, rect: Rect, corners: tuple[tuple[int, int], ...]) -> Any:
    """The screen; one that was filmed at an angle is set straight."""
    shown = _cropped(stream, rect)
    if not corners:
        return shown
    even = rect.even()
    # The filter counts the corners row by row: top left, top right, bottom left, bottom right.
    places = [(x - even.x, y - even.y) for x, y in (corners[k] for k in (0, 1, 3, 2))]
    named = {f"{axis}{k}": at[n] for k, at in enumerate(places) for n, axis in enumerate("xy")}
    return shown.filter("perspective", **named, sense="source", interpolation="cubic")


def path_expression(
    path: CropPath, part: Part, plan: ClipPlan, left: int = 0, scale: float = 1.0
) -> str:
    """The crop's edge, from `left` and scaled, as an expression of `t`, seconds into the part.

    A sum of clipped ramps: linear between points, flat at both ends, and as
    deep as one addition however many points there are.
    """
    start_s = float(part.first_frame / plan.edit.fps)
    timed = [(plan.edit.to_clip(p.t_s) - start_s, (p.x - left) * scale) for p in path.points]
    terms = [f"{timed[0][1]:.2f}"]
    for (t0, x0), (t1, x1) in itertools.pairwise(timed):
        step = x1 - x0
        if abs(step) < 0.005:
            continue
        if t1 - t0 < 1e-3:
            terms.append(f"{step:+.2f}*gte(t,{t1:.3f})")
        else:
            terms.append(f"{step:+.2f}*clip((t-{t0:.3f})/{t1 - t0:.3f},0,1)")
    return "".join(terms)
