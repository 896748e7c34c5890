"""Clips: types and options."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from vidpipe.channels.model import Brand, CaptionStyle, Colour
from vidpipe.framing.model import CropPath
from vidpipe.geometry import VERTICAL_SAFE_BOX, Rect, Size
from vidpipe.media.encoders import SOFTWARE, Effort
from vidpipe.platforms.model import Preset, Tier, TierName, graphics_safe_box, load_tiers
from vidpipe.segments.model import Chapter
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.templates.model import Template, load_templates
from vidpipe.timeline import EditList, Interval


class Composition(StrEnum):
    """How regions are arranged on the canvas."""

    STACK = "stack"
    SPEAKER = "speaker"
    TWO_UP = "two_up"
    SCREEN = "screen"
    FIT = "fit"
    AUDIOGRAM = "audiogram"


class Variant(BaseModel):
    """Aspect x caption box x tier, captions burned in or not: one encode that platforms share."""

    model_config = ConfigDict(frozen=True)

    name: str
    size: Size
    safe_box: Rect = VERTICAL_SAFE_BOX
    captions: bool = True

    @classmethod
    def of(cls, preset: Preset, tier: TierName = "standard") -> Variant:
        """What a platform needs, whichever others are wanted: so that one more changes nothing.

        Where the common safe box of its size lies within its own, that is taken: in a
        picture of 1080x1920 that of the vertical platforms, else EBU R 95's. Sound alone
        is taken from a vertical clip.
        """
        if preset.video is None or preset.screen is None:
            return cls(name=_named(_UPRIGHT, tier), size=_UPRIGHT)
        size, own = preset.video.size, preset.safe_box
        common = VERTICAL_SAFE_BOX if size == _UPRIGHT else graphics_safe_box(size)
        shared = own.intersect(common) == common
        box = common if shared else own
        parts = [] if preset.screen.captions else ["plain"]
        parts += [] if shared else [f"{box.width}x{box.height}at{box.x}x{box.y}"]
        return cls(
            name=_named(size, tier, *parts),
            size=size,
            safe_box=box,
            captions=preset.screen.captions,
        )

    def narrowed(self, width: int) -> Variant:
        """The same shape so many pixels wide, for looking at."""
        scale = width / self.size.width
        height = 2 * round(self.size.height * scale / 2)
        size = Size(width=width, height=height)
        return self.model_copy(update={"size": size, "safe_box": self.safe_box.scaled(scale)})

    def effort(self, tier: Tier) -> Effort:
        """What the encoder is told for this size."""
        share = self.size.rect.area / _UPRIGHT.rect.area
        return Effort(crf=tier.crf, preset=tier.preset, max_kbps=round(share * tier.max_kbps))


_UPRIGHT = Size(width=1080, height=1920)


def _named(size: Size, tier: TierName, *parts: str) -> str:
    """`1080x1920`, `1920x1080-plain`, `1080x1920-high`."""
    quality = [] if tier == "standard" else [tier]
    return "-".join([f"{size.width}x{size.height}", *parts, *quality])


class Part(BaseModel):
    """Clip frames `[first_frame, last_frame)` in one composition.

    `screen` is a source rectangle, of which a page that was filmed at an angle takes the
    `corners`, from the top left one clockwise; `camera` a crop of the source that may move,
    `other` that of a second person, shown under the first.
    `face` is where a face is most of the time, on the canvas; `inset` a rectangle of the
    screen that is painted over, because what it shows is shown beside it: from its borders, or
    where something lies around it in the colours of `inset_from`. A `disc` is a round
    camera picture that fills its crop: what is around it is left out. `titled` parts show the
    clip's title above the screen; a `small` screen leaves more to the camera; what stands
    `side_by_side` does on a canvas that has no room for one above the other. Captions `over` a
    screen stand above it, and it reaches to the lower end of the canvas. `ground` is what
    stands behind a screen, from the top of the canvas to its lower end; None for the brand's
    background or a blurred copy. Of sound alone `screen` is all of its cover, in the cover's own
    pixels. `near` is what is shown of a screen, in its place, or of a camera alone whose crop
    stands still, at the beginning and at the end of a part: the same where the picture rests;
    None for all of it. `way` is the clip frames `[first, last)` of the whole movement where the
    part shows only some of it.
    """

    model_config = ConfigDict(frozen=True)

    first_frame: int
    last_frame: int
    composition: Composition
    screen: Rect | None = None
    corners: tuple[tuple[int, int], ...] = ()
    camera: CropPath | None = None
    other: CropPath | None = None
    face: Rect | None = None
    inset: Rect | None = None
    inset_from: Rect | None = None
    disc: bool = False
    titled: bool = False
    small: bool = False
    side_by_side: bool = False
    over: bool = False
    ground: tuple[Colour, Colour] | None = None
    near: tuple[Rect, Rect] | None = None

    way: tuple[int, int] | None = None

    @model_serializer(mode="wrap")
    def _without_a_whole_way(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A movement that is whole is written, and fingerprinted, as before there were others."""
        written: dict[str, Any] = handler(self)
        if self.way is None:
            del written["way"]
        return written

    def between(self, first: int, last: int) -> Part:
        """The clip frames `[first, last)` of it; what moves in it goes on from where it was."""
        way = self.way
        if self.near is not None and self.near[0] != self.near[1]:
            way = way or (self.first_frame, self.last_frame)
            way = None if way == (first, last) else way
        return self.model_copy(update={"first_frame": first, "last_frame": last, "way": way})

    def near_at(self, frame: int) -> Rect | None:
        """What of `near` is shown at a clip frame: a movement is slow at its beginning and end."""
        if self.near is None:
            return None
        before, after = self.near
        first, last = self.way or (self.first_frame, self.last_frame)
        share = min(1.0, max(0.0, (frame - first) / max(1, last - first - 1)))
        done = share * share * (3 - 2 * share)
        x, y, right, bottom = (
            round(getattr(before, side) + done * (getattr(after, side) - getattr(before, side)))
            for side in ("x", "y", "right", "bottom")
        )
        return Rect(x=x, y=y, width=right - x, height=bottom - y)


class ClipPlan(BaseModel):
    """Everything that decides a clip's picture and sound, except the source's bytes."""

    model_config = ConfigDict(frozen=True)

    clip_id: str
    rank: int
    title: str
    hook: str = ""
    key_words: tuple[str, ...] = Field(default=(), description="what it is about, in lower case")
    score: float
    segment: Interval
    edit: EditList
    parts: tuple[Part, ...]
    intro_frames: int = Field(default=0, description="of the channel's film before the clip")
    outro_frames: int = 0
    language: str = Field(default="", description="of its words: how they may be broken")

    @property
    def frames(self) -> int:
        """Of the whole file."""
        return self.intro_frames + self.edit.frames + self.outro_frames

    @property
    def duration_s(self) -> float:
        """Of the whole file."""
        return float(self.frames / self.edit.fps)

    @property
    def lead_s(self) -> float:
        """When the clip itself begins."""
        return float(self.intro_frames / self.edit.fps)


class PlannedParts(BaseModel):
    """What a clip keeps and shows, as it was planned by what its recording shows: kept, so that
    another text, sound or crop needs no second look."""

    model_config = ConfigDict(frozen=True)

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


#: Under this SSIM blocks and smears are seen: on three real recordings 600 kbit/s at 1080x1920
#: came to 0.966-0.990, 300 kbit/s to 0.924-0.976, the tiers to 0.985 and more.
COARSE_SSIM = 0.97


class ClipQuality(BaseModel):
    """What was looked for in the finished clip and in its source, and found or not.

    Seconds are of the longest stretch in which a region is black, stands still, or shows
    another place or moment of the source, where that is not and does not (`clips.beside`).
    `captions_box` is measured on rendered pixels; `ssim` (luma, at half the size) is of some
    pictures before and after they were encoded.
    """

    model_config = ConfigDict(frozen=True)

    black_s: float
    frozen_s: float
    elsewhere_s: float = 0.0
    captions_box: Rect | None
    captions_outside: bool
    ssim: float | None = None
    starts_in_speech: bool
    ends_in_speech: bool
    cut_captions_s: float = Field(
        default=0.0, description="in which captions of the recording are not whole in the picture"
    )

    @property
    def issues(self) -> tuple[str, ...]:
        """What a viewer would object to, in words."""
        found = {
            f"black for {self.black_s:.1f} s": self.black_s > 0,
            f"stands still for {self.frozen_s:.1f} s": self.frozen_s > 0,
            f"shows something else than the recording for {self.elsewhere_s:.1f} s": (
                self.elsewhere_s > 0
            ),
            "captions reach out of the safe box": self.captions_outside,
            f"captions that are burned in are cut off for {self.cut_captions_s:.1f} s": (
                self.cut_captions_s > 0
            ),
            f"the picture is coarse (SSIM {self.ssim})": (self.ssim or 1.0) < COARSE_SSIM,
            "begins in the middle of speech": self.starts_in_speech,
            "ends in the middle of speech": self.ends_in_speech,
        }
        return tuple(words for words, there in found.items() if there)


class Encoded(BaseModel):
    """What an encode was thought to take, and took: seconds are those of all shapes at once.

    Kept with the clip's files: the stage's result is the same every time.
    """

    model_config = ConfigDict(frozen=True)

    estimated_s: float
    seconds: float
    estimated_bytes: int


class FinishedClip(BaseModel):
    """One encode, measured and looked at."""

    model_config = ConfigDict(frozen=True)

    encoded: Encoded

    measures: Measures
    quality: ClipQuality


class ClipFile(BaseModel):
    """One variant of one clip; the files are those of the artifact `artifact`."""

    model_config = ConfigDict(frozen=True)

    variant: str
    artifact: str
    fingerprint: str
    captions: bool
    has_subtitles: bool
    measures: Measures
    quality: ClipQuality
    plain: bool = Field(default=False, description="made without what may have failed before")
    reused: bool = Field(default=False, exclude=True)


#: What only a person gives a clip.
_CHOSEN = ("hashtags", "platforms", "language")


class Clip(BaseModel):
    """A segment rendered, in every variant."""

    model_config = ConfigDict(frozen=True)

    clip_id: str
    rank: int
    title: str
    hook: str = ""
    description: str = ""
    topic: str = ""
    keyphrases: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = Field(default=(), description="on the clip's timeline")
    score: float
    segment: Interval
    kept: tuple[Interval, ...]
    parts: tuple[Part, ...]
    lead_s: float = Field(default=0.0, description="of the channel's film before it")
    duration_s: float
    files: tuple[ClipFile, ...]
    hashtags: tuple[str, ...] | None = Field(
        default=None, description="that a person chose in place of those of its keyphrases"
    )
    platforms: tuple[str, ...] | None = Field(
        default=None, description="that a person chose; None: all of the video"
    )
    language: str | None = Field(default=None, description="that a person gave it, ISO 639")

    @model_serializer(mode="wrap")
    def _without_what_nobody_chose(self, as_usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A clip that nobody changed is written as if it could not be."""
        written: dict[str, Any] = as_usual(self)
        for name in _CHOSEN:
            if written.get(name, 0) is None:
                del written[name]
        return written


def clip_fingerprint(video_id: str, clip: Clip) -> str:
    """What somebody approves of: the files of a clip in every shape, and the texts beside them.

    The same clip made again under the same inputs has the same. What a person chose for its posts
    is part of it where somebody did.
    """
    chosen = {name: getattr(clip, name) for name in _CHOSEN}
    return fingerprint(
        {
            **{name: value for name, value in chosen.items() if value is not None},
            "video": video_id,
            "clip": clip.clip_id,
            "files": sorted((file.variant, file.fingerprint) for file in clip.files),
            "title": clip.title,
            "hook": clip.hook,
            "description": clip.description,
            "topic": clip.topic,
            "keyphrases": clip.keyphrases,
            "chapters": clip.chapters,
        }
    )


class BurnedIn(Interval):
    """Captions that a recording has in its picture already, and from when to when.

    Their place is in shares of the picture, from its left and upper border.
    """

    left: float
    top: float
    right: float
    bottom: float
    speech_covered: float = Field(description="share of what is said that stands in the picture")

    def rect(self, size: Size) -> Rect:
        """Their place in a picture of some size, in pixels."""
        x, y = math.floor(self.left * size.width), math.floor(self.top * size.height)
        right, bottom = math.ceil(self.right * size.width), math.ceil(self.bottom * size.height)
        return Rect(x=x, y=y, width=right - x, height=bottom - y).clamp(size.rect)

    def holds(self, passage: Interval) -> bool:
        """Whether there are captions in most of a passage."""
        return self.overlap_s(passage) > 0.5 * passage.duration_s

    def told(self, *, drawn_over: bool) -> str:
        """What is said of them to whoever sees the clips.

        Args:
            drawn_over: whether clips get captions of their own all the same.
        """
        middle = (self.top + self.bottom) / 2
        place = "upper" if middle < 1 / 3 else "middle" if middle < 2 / 3 else "lower"
        theirs = (
            f"captions are burned into the {place} part of the picture, over "
            f"{self.speech_covered:.0%} of what is said"
        )
        if drawn_over:
            return f"{theirs}: clips have their own as well, as captions.over_burned_in asks"
        return f"{theirs}: clips get none of their own (captions.over_burned_in draws them too)"


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

    language: str = ""

    clips: tuple[Clip, ...] = ()
    failed: tuple[FailedClip, ...] = ()
    empty_reason: str | None = None
    burned_in: BurnedIn | None = Field(default=None, description="captions that were there before")
    notes: tuple[str, ...] = Field(default=(), description="what holds for all clips")


class ClipOptions(BaseModel):
    """Options of the stage that can change a picture or a sound."""

    model_config = ConfigDict(frozen=True)

    variants: tuple[Variant, ...]
    brand: Brand = Brand()
    captions: CaptionStyle = CaptionStyle()
    template: Template = Field(default_factory=lambda: load_templates()["classic"])
    max_pause_s: float = 0.7
    pause_target_s: float = 0.3
    fillers: tuple[str, ...] = ()
    loudness_lufs: float = -14.0
    max_true_peak_dbtp: float = -1.0
    tier: Tier = Field(default_factory=lambda: load_tiers()["standard"])
    encoder: str = SOFTWARE
    speaker_layout: Literal["auto", "switch", "two_up"] = "auto"
    denoise: tuple[Literal["hum", "noise"], ...] = ()
    fade_s: float = Field(default=0.008, description="audio fade at every cut")
