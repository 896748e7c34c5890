"""The type of a preset, and loading them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from vidpipe.geometry import Rect, Size, largest_rectangle
from vidpipe.platforms.counting import Counting, counted
from vidpipe.presets import carried, like

Platform = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Point = tuple[int, int]

#: EBU R 95: graphics safe area, 90 % of each side.
_GRAPHICS_SAFE = 0.05


class _Figures(BaseModel):
    """Figures that come from one place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=10, description="where the figures of this group are from")
    checked_on: str = Field(min_length=4, description="when they were last looked up")


class VideoRules(_Figures):
    """The picture; no audio platform has one."""

    size: Size = Field(description="what the platform shows best, and what we make")
    codec: str = "h264"
    profiles: tuple[str, ...] = ("High", "Main", "Constrained Baseline", "Baseline")
    max_level: float = Field(default=5.2, description="of H.264, as in 4.2")
    pix_fmt: str = "yuv420p"
    colour: str = Field(default="bt709", description="primaries, transfer and matrix")
    min_fps: float
    max_fps: float
    max_kbps: int


class AudioRules(_Figures):
    """The sound, and how loud it is after EBU R 128."""

    codec: str = "aac"
    rate: int = 48_000
    max_channels: int = 2
    max_kbps: int
    loudness_lufs: float | None = Field(
        default=None, description="None: what the channel wants; else the platform's own"
    )
    loudness_tolerance_lu: float = 1.0
    max_true_peak_dbtp: float = -1.0


class Advice(BaseModel):
    """What is not refused, but not wise either: a clip that is longer than `over_s`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    over_s: float
    says: str = Field(min_length=10, description="what happens to a longer one")


class FileRules(_Figures):
    """The file as a whole."""

    container: Literal["mp4", "m4a"] = "mp4"
    min_duration_s: float
    max_duration_s: float
    max_size_bytes: int
    moov_first: bool = True
    edit_lists: bool = Field(default=True, description="whether a late start may be in one")
    advice: tuple[Advice, ...] = Field(default=(), description="taken, but with a drawback")


class TextRules(_Figures):
    """The post. A platform without titles shows the description alone."""

    title_characters: int | None
    description_characters: int
    max_hashtags: int
    counted_in: Counting = Field(default="characters", description="how it counts a text's length")
    refused: str = Field(default="", description="characters that it does not take")
    chapters: bool = Field(default=False, description="reads times in a description as chapters")

    def length(self, text: str) -> int:
        """Of a text, as the platform counts."""
        return counted(text, self.counted_in)

    def taken(self, text: str) -> str:
        """A text without what the platform refuses."""
        return text.translate({ord(c): None for c in self.refused})


class ScreenRules(_Figures):
    """What of the picture stays free of the platform's own controls."""

    captions: bool = Field(
        default=True, description="burned in; not where the platform shows a file of them"
    )
    safe_area: tuple[Point, ...] = Field(
        min_length=4, description="a polygon with level and upright sides, in pixels"
    )


class ThumbnailRules(_Figures):
    """The picture that stands for a clip."""

    formats: tuple[str, ...] = ("jpg",)
    max_size_bytes: int


class Preset(BaseModel):
    """What one platform accepts: figures in groups, each with its source and date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Platform
    title: str
    video: VideoRules | None = Field(default=None, description="None: sound only")
    audio: AudioRules
    file: FileRules
    text: TextRules
    screen: ScreenRules | None = None
    thumbnail: ThumbnailRules
    priority: int = Field(default=0, description="of a clip's exports, higher ones are made first")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.video is None) != (self.screen is None):
            raise ValueError("picture and screen go together")
        if (self.video is None) != (self.file.container == "m4a"):
            raise ValueError("sound alone goes into m4a, pictures into mp4")
        if self.screen is not None and self.video is not None:
            whole = self.video.size.rect
            for x, y in self.screen.safe_area:
                if not (0 <= x <= whole.width and 0 <= y <= whole.height):
                    raise ValueError(f"screen.safe_area: {x}, {y} lies outside the picture")
            largest_rectangle(self.screen.safe_area)
        return self

    @property
    def safe_box(self) -> Rect:
        """The largest rectangle in the safe area."""
        assert self.screen is not None
        return largest_rectangle(self.screen.safe_area)


class Tier(BaseModel):
    """How good a picture is and what it may cost: x264's terms, and a ceiling."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crf: int = Field(ge=0, le=51)
    preset: str = Field(pattern=r"^[a-z]{4,9}$")
    max_kbps: int = Field(description="at 1080x1920; other sizes by their pixels")
    least_kbps: int = Field(description="a limit of a file's size is met down to this")


TierName = Literal["draft", "standard", "high"]


@functools.cache
def load_tiers() -> dict[TierName, Tier]:
    """The quality tiers by name."""
    text = (resources.files("vidpipe.platforms") / "tiers.yaml").read_text("utf-8")
    return TypeAdapter(dict[TierName, Tier]).validate_python(yaml.safe_load(text))


#: One YAML file for each platform that comes along.
PRESETS = resources.files("vidpipe.platforms") / "presets"


@functools.cache
def load_presets() -> dict[str, Preset]:
    """All presets that come along, by name.

    Raises:
        Misconfigured: a preset file that does not fit the type, named.
    """
    return carried(PRESETS, Preset, "platform preset")


def custom_preset(name: str, fields: Mapping[str, Any]) -> Preset:
    """A preset of somebody's own: whole, or `extends` another one with what differs.

    Raises:
        ValueError: says which field does not fit, or that there is nothing like it.
    """
    return like(name, fields, load_presets(), "platform")


def graphics_safe_box(size: Size) -> Rect:
    """EBU R 95's graphics safe area of a picture."""
    return Rect(
        x=round(_GRAPHICS_SAFE * size.width),
        y=round(_GRAPHICS_SAFE * size.height),
        width=round((1 - 2 * _GRAPHICS_SAFE) * size.width),
        height=round((1 - 2 * _GRAPHICS_SAFE) * size.height),
    )
