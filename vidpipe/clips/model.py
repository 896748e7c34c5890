"""Clips: types and options."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.framing.model import CropPath
from vidpipe.geometry import VERTICAL_SAFE_BOX, Rect, Size
from vidpipe.timeline import EditList, Interval


class Composition(StrEnum):
    """How regions are arranged on the canvas."""

    STACK = "stack"
    SPEAKER = "speaker"
    SCREEN = "screen"
    FIT = "fit"


class Variant(BaseModel):
    """Aspect x caption box, with captions burned in or not: one encode that platforms share."""

    model_config = ConfigDict(frozen=True)

    name: str
    size: Size
    safe_box: Rect = VERTICAL_SAFE_BOX
    captions: bool = True


class Part(BaseModel):
    """Clip frames `[first_frame, last_frame)` in one composition.

    `screen` is a source rectangle, of which a page that was filmed at an angle takes the
    `corners`, from the top left one clockwise; `camera` a crop of the source that may move.
    `face` is where a face is most of the time, on the canvas; `inset` a rectangle of the
    screen that is painted over, because what it shows is shown beside it.
    """

    model_config = ConfigDict(frozen=True)

    first_frame: int
    last_frame: int
    composition: Composition
    screen: Rect | None = None
    corners: tuple[tuple[int, int], ...] = ()
    camera: CropPath | None = None
    face: Rect | None = None
    inset: Rect | None = None


class ClipPlan(BaseModel):
    """Everything that decides a clip's picture and sound, except the source's bytes."""

    model_config = ConfigDict(frozen=True)

    clip_id: str
    rank: int
    title: str
    hook: str = ""
    score: float
    segment: Interval
    edit: EditList
    parts: tuple[Part, ...]


class Measures(BaseModel):
    """What was measured on the encoded file."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    fps: float
    duration_s: float
    video_duration_s: float
    audio_duration_s: float
    size_bytes: int
    integrated_lufs: float | None
    true_peak_dbtp: float | None


class Quality(BaseModel):
    """What was looked for in the finished clip and in its source, and found or not.

    Seconds are of the longest stretch that is black, or stands still, where the source
    is not and does not. `captions_box` is measured on rendered pixels.
    """

    model_config = ConfigDict(frozen=True)

    black_s: float
    frozen_s: float
    captions_box: Rect | None
    captions_outside: bool
    starts_in_speech: bool
    ends_in_speech: bool

    @property
    def objections(self) -> tuple[str, ...]:
        """What a viewer would object to, in words."""
        found = {
            f"black for {self.black_s:.1f} s": self.black_s > 0,
            f"stands still for {self.frozen_s:.1f} s": self.frozen_s > 0,
            "captions reach out of the safe box": self.captions_outside,
            "begins in the middle of speech": self.starts_in_speech,
            "ends in the middle of speech": self.ends_in_speech,
        }
        return tuple(words for words, there in found.items() if there)


class Finished(BaseModel):
    """One encode, measured and looked at."""

    model_config = ConfigDict(frozen=True)

    measures: Measures
    quality: Quality


class ClipFile(BaseModel):
    """One variant of one clip; the files are those of the artifact `artifact`."""

    model_config = ConfigDict(frozen=True)

    variant: str
    artifact: str
    fingerprint: str
    captions: bool
    has_subtitles: bool
    measures: Measures
    quality: Quality
    plain: bool = Field(default=False, description="made without what may have failed before")
    reused: bool = Field(default=False, exclude=True)


class Clip(BaseModel):
    """A segment rendered, in every variant."""

    model_config = ConfigDict(frozen=True)

    clip_id: str
    rank: int
    title: str
    score: float
    segment: Interval
    kept: tuple[Interval, ...]
    parts: tuple[Part, ...]
    duration_s: float
    files: tuple[ClipFile, ...]


class FailedClip(BaseModel):
    """A segment that could not be rendered, and what the encoder said."""

    model_config = ConfigDict(frozen=True)

    rank: int
    title: str
    segment: Interval
    why: str


class RenderedClips(BaseModel):
    """The result of the stage, best first."""

    model_config = ConfigDict(frozen=True)

    clips: tuple[Clip, ...] = ()
    failed: tuple[FailedClip, ...] = ()
    nothing: str | None = None


class ClipOptions(BaseModel):
    """Options of the stage that can change a picture or a sound."""

    model_config = ConfigDict(frozen=True)

    variants: tuple[Variant, ...]
    brand: Brand = Brand()
    captions: CaptionStyle = CaptionStyle()
    max_pause_s: float = 0.7
    kept_pause_s: float = 0.3
    fillers: tuple[str, ...] = ()
    loudness_lufs: float = -14.0
    max_true_peak_dbtp: float = -1.0
    crf: int = Field(default=20, description="x264 constant rate factor")
    preset: str = "veryfast"
    fade_s: float = Field(default=0.008, description="audio fade at every cut")
