"""What can be chosen from: platforms with what they take, and templates."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from pydantic import Field

from vidpipe.channels.model import Channel
from vidpipe.geometry import VERTICAL_SAFE_BOX, Rect, Size
from vidpipe.library.views import LibraryView
from vidpipe.platforms.model import Preset, graphics_safe_box, load_presets
from vidpipe.templates.model import Template, load_templates


class SafeArea(LibraryView):
    """The part of the picture that a platform's own controls leave free, in pixels."""

    x: int
    y: int
    width: int
    height: int


class NamedSafeArea(SafeArea):
    """A part of the picture that stays free, to be drawn over a preview."""

    name: str = Field(
        description="platform: free of its own controls; shared: free on all upright platforms; "
        "graphics: EBU R 95's, for pictures without controls"
    )
    outline: tuple[tuple[int, int], ...] = Field(description="its corners, in pixels, in order")
    note: str = Field(description="where the figures are from")


class PlatformView(LibraryView):
    """What a platform takes."""

    name: str
    title: str
    width: int | None = Field(description="of the picture, in pixels; none for sound alone")
    height: int | None
    aspect: str | None = Field(description="of the picture, as in 9:16; none for sound alone")
    safe_area: SafeArea | None = Field(description="none for sound alone")
    safe_areas: tuple[NamedSafeArea, ...] = Field(
        default=(), description="every area that an editor may want to see; none for sound alone"
    )
    container: str
    min_duration_s: float
    max_duration_s: float | None
    max_size_bytes: int
    title_characters: int | None = Field(description="none: it has no field for a title")
    description_characters: int
    max_hashtags: int
    source: str = Field(description="where the figures are from")
    checked_on: str = Field(description="when they were last looked up")


class TemplateView(LibraryView):
    """How clips look."""

    name: str
    description: str
    captions: str = Field(description="how words are shown while they are spoken")
    title_card: str
    backdrop: str
    progress_bar: bool


def platform_views(channel: Channel | None = None) -> tuple[PlatformView, ...]:
    """The platforms that come along, or all that a channel may use, by name."""
    presets = channel.presets if channel is not None else load_presets()
    return tuple(_platform(presets[name]) for name in sorted(presets))


def template_views(channel: Channel | None = None) -> tuple[TemplateView, ...]:
    """The templates that come along, or all that a channel may use; the default one first."""
    looks = channel.looks if channel is not None else load_templates()
    return tuple(_template(name, template) for name, template in looks.items())


def _platform(preset: Preset) -> PlatformView:
    size = preset.video.size if preset.video is not None else None
    box = preset.safe_box if preset.screen is not None else None
    return PlatformView(
        name=preset.name,
        title=preset.title,
        width=size.width if size is not None else None,
        height=size.height if size is not None else None,
        aspect=_aspect(size.width, size.height) if size is not None else None,
        safe_area=SafeArea(**box.model_dump(include=set(SafeArea.model_fields)))
        if box is not None
        else None,
        safe_areas=_safe_areas(preset),
        container=preset.file.container,
        min_duration_s=preset.file.min_duration_s,
        max_duration_s=preset.file.max_duration_s,
        max_size_bytes=preset.file.max_size_bytes,
        title_characters=preset.text.title_characters,
        description_characters=preset.text.description_characters,
        max_hashtags=preset.text.max_hashtags,
        source=preset.file.source,
        checked_on=preset.file.checked_on,
    )


def _safe_areas(preset: Preset) -> tuple[NamedSafeArea, ...]:
    """The areas of a platform's picture that stay free, the narrowest meaning first."""
    if preset.video is None or preset.screen is None:
        return ()
    size = preset.video.size
    upright = Size(width=1080, height=1920)
    found = [_area("platform", preset.safe_box, preset.screen.safe_area, preset.screen.source)]
    if size == upright:
        said = "what every upright platform leaves free: clips keep their captions in it"
        found.append(_area("shared", VERTICAL_SAFE_BOX, (), said))
    found.append(_area("graphics", graphics_safe_box(size), (), "EBU R 95: 90 % of each side"))
    return tuple(found)


def _area(name: str, box: Rect, outline: Sequence[tuple[int, int]], note: str) -> NamedSafeArea:
    corners = ((box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom))
    where = box.model_dump(include=set(SafeArea.model_fields))
    return NamedSafeArea(name=name, outline=tuple(outline) or corners, note=note, **where)


def _aspect(width: int, height: int) -> str:
    shared = gcd(width, height)
    return f"{width // shared}:{height // shared}"


def _template(name: str, template: Template) -> TemplateView:
    return TemplateView(
        name=name,
        description=template.description,
        captions=template.captions.animation.value,
        title_card=template.title_card,
        backdrop=template.backdrop,
        progress_bar=template.progress_bar,
    )
