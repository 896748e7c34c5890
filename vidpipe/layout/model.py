"""Layouts over time: types and options. Positions in displayed pixels."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.geometry import Rect
from vidpipe.timeline import Interval

#: Confidence of what is known; of what is found it is never as much.
GIVEN = 1.0


class RegionRole(StrEnum):
    """What a region shows."""

    SCREEN = "screen"
    CAMERA = "camera"


class LayoutKind(StrEnum):
    """What a stretch looks like; `sound`: there is nothing to see."""

    SCREEN = "screen"
    CAMERA = "camera"
    SCREEN_AND_CAMERA = "screen_and_camera"
    OTHER = "other"
    SOUND = "sound"


class Region(BaseModel):
    """A rectangle with a role; `confidence` 0 to 1; a `circle` fills its rectangle.

    A page that is filmed on a wall has `corners`, from the top left one clockwise.
    """

    model_config = ConfigDict(frozen=True)

    role: RegionRole
    rect: Rect
    confidence: float
    faces: int = Field(default=0, description="faces seen in it at once, as a median")
    circle: bool = False
    corners: tuple[tuple[int, int], ...] = ()


class LayoutInterval(Interval):
    """A stretch of time with one layout."""

    kind: LayoutKind
    regions: tuple[Region, ...]
    confidence: float

    @property
    def is_given(self) -> bool:
        """Whether its regions are known, not found: said by hand, or recorded apart."""
        return self.confidence >= GIVEN

    def region(self, role: RegionRole) -> Region | None:
        """The most certain region of this role."""
        found = [r for r in self.regions if r.role is role]
        return max(found, key=lambda r: r.confidence) if found else None


class Transition(StrEnum):
    """How a shot begins."""

    START = "start"
    CUT = "cut"
    FADE = "fade"
    DISSOLVE = "dissolve"


class Shot(Interval):
    """A stretch without a cut; one that fades in begins where the picture was darkest."""

    begins: Transition


class TextLine(BaseModel):
    """A line of text on a slide; `confidence` 0 to 1."""

    model_config = ConfigDict(frozen=True)

    text: str
    rect: Rect
    confidence: float


class Slide(Interval):
    """A stretch in which the screen shows the same page.

    `frame_s` is when it holds most, `builds_s` when something was added to it (a bullet,
    ink): about, to within the step of the samples.
    """

    frame_s: float
    builds_s: tuple[float, ...] = ()
    title: str = ""
    lines: tuple[TextLine, ...] = Field(default=(), description="where slides are read")


class Spell(Interval):
    """A time in which text at one place stays as it is, about to within an eighth of a second."""

    strokes: int = Field(description="edges of letters along rows: how much text; 0 without any")


class ChangingText(BaseModel):
    """Text at one place that comes and goes at once: captions that are burned in, or others.

    Spells that adjoin are of one look at the recording; between two looks nothing is known.
    """

    model_config = ConfigDict(frozen=True)

    rect: Rect = Field(description="what it ever covers")
    off_middle: float = Field(
        description="of its lines from the picture's middle, in picture widths, as a median"
    )
    spells: tuple[Spell, ...]


class Layout(BaseModel):
    """The result of the stage; `stretches` and `shots` each cover the whole video in order.

    Of sound alone both are one, without regions, in a picture of 0x0.
    """

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    duration_s: float
    stretches: tuple[LayoutInterval, ...]
    shots: tuple[Shot, ...]
    slides: tuple[Slide, ...]
    changing_text: ChangingText | None = None

    @property
    def cuts_s(self) -> list[float]:
        """When another shot begins."""
        return [shot.start_s for shot in self.shots[1:]]

    @classmethod
    def of_sound(cls, duration_s: float) -> Layout:
        """The layout of a recording without pictures."""
        whole = {"start_s": 0.0, "end_s": max(duration_s, 0.04)}
        return cls(
            width=0,
            height=0,
            duration_s=whole["end_s"],
            stretches=(LayoutInterval(**whole, kind=LayoutKind.SOUND, regions=(), confidence=1.0),),
            shots=(Shot(**whole, begins=Transition.START),),
            slides=(),
        )

    def at(self, t_s: float) -> LayoutInterval:
        """The stretch that is shown at `t_s`."""
        for item in self.stretches:
            if t_s < item.end_s:
                return item
        return self.stretches[-1]


class SlideReading(StrEnum):
    """Whether slides are read: by default where what it needs is installed."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class LayoutOptions(BaseModel):
    """Options of the stage."""

    model_config = ConfigDict(frozen=True)

    max_samples: int = Field(
        default=300, description="maximum frames sampled over the video and around events"
    )
    dense_up_to_s: float = Field(
        default=150.0, description="length in seconds up to which every frame is decoded"
    )
    sparse_step_s: float = Field(
        default=5.0, description="seconds between sampled frames of longer videos, about"
    )
    max_keyframe_gap_s: float = Field(
        default=12.0, description="maximum seconds between keyframes; a longer span is decoded"
    )
    min_step_s: float = Field(default=0.5, description="minimum seconds between sampled frames")
    analysis_width: int = Field(
        default=640,
        description="width of sampled frames, in pixels; upright ones are at most so high, and "
        "square ones have as many pixels as one of this width at 4:3",
    )
    cut_fraction: float = Field(
        default=0.42, description="share of the frame that changes at a cut"
    )
    slide_fraction: float = Field(
        default=0.006, description="share of the screen that changes at a new slide"
    )
    max_refinements: int = Field(
        default=60, description="maximum number of boundaries that are refined"
    )
    min_stretch_s: float = Field(
        default=1.0, description="minimum seconds of an interval; a shorter one joins its neighbour"
    )
    faceless_support: int = Field(
        default=6, description="frames that must show an inset in which no face is found"
    )
    max_face_samples: int = Field(
        default=400, description="maximum frames searched for faces over the whole video, about"
    )
    read_slides: SlideReading = Field(
        default=SlideReading.AUTO,
        description="whether slides are read; auto: if RapidOCR is installed; always: an "
        "error without it",
    )
    max_read_slides: int = Field(
        default=200, description="maximum number of slides that are read, about half a second each"
    )
    face_frames: int = Field(default=5, description="frames of each interval searched for faces")
