"""Tracks and paths: types and options. Positions in displayed pixels of the source."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.geometry import Rect


class FacePoint(BaseModel):
    """Where the face's middle is at a source time, and how high the face is.

    `seen` by the detector, or only followed from where it was.
    """

    model_config = ConfigDict(frozen=True)

    t_s: float
    x: float
    y: float
    height: float
    seen: bool = True


class FaceTrack(BaseModel):
    """One face over time, within one shot; sorted, with no hole in between."""

    model_config = ConfigDict(frozen=True)

    points: tuple[FacePoint, ...]

    @property
    def start_s(self) -> float:
        return self.points[0].t_s

    @property
    def end_s(self) -> float:
        return self.points[-1].t_s


class Speaking(BaseModel):
    """How sure it is that each of several faces speaks.

    `probabilities[k][i]`, 0 to 1, is for track k at `times_s[i]`; in silence all are 0.
    """

    model_config = ConfigDict(frozen=True)

    times_s: tuple[float, ...]
    probabilities: tuple[tuple[float, ...], ...]


class PathMode(StrEnum):
    """How the camera behaves during a shot, in AutoFlip's words."""

    STEADY = "steady"
    PANNING = "panning"
    TRACKING = "tracking"


class PathPoint(BaseModel):
    """Where a crop's left edge is at a source time; linear in between."""

    model_config = ConfigDict(frozen=True)

    t_s: float
    x: float


class CropPath(BaseModel):
    """A crop of fixed size that moves sideways; a steady one has one point a shot."""

    model_config = ConfigDict(frozen=True)

    rect: Rect = Field(description="the crop at its first point")
    points: tuple[PathPoint, ...]
    modes: tuple[PathMode, ...] = Field(
        default=(PathMode.STEADY,), description="one for each shot, in order"
    )


class FramingOptions(BaseModel):
    """Options; lengths as shares of the crop's width unless named."""

    model_config = ConfigDict(frozen=True)

    faces_per_s: float = Field(default=2.0, description="frames per second searched for faces")
    faces_per_s_stacked: float = Field(
        default=1.0, description="frames per second searched for faces in a stack"
    )
    lip_samples_per_s: float = Field(
        default=10.0,
        description="frames per second in which lips are measured where several people are seen",
    )
    max_gap_s: float = Field(
        default=4.0, description="seconds that a track survives without a detection"
    )
    steady: float = Field(
        default=0.18,
        description="spread of the face's position, in crop widths, up to which the crop "
        "stands still",
    )
    dead_zone: float = Field(
        default=0.1, description="distance from the centre that the crop ignores, in crop widths"
    )
    max_speed: float = Field(
        default=1.0, description="maximum speed of the crop, in crop widths per second"
    )
    max_acceleration: float = Field(
        default=2.0,
        description="maximum acceleration of the crop, in crop widths per second squared",
    )
    headroom: float = Field(
        default=0.42, description="height of the face's centre in the crop, 0 (top) to 1"
    )
    min_turn_s: float = Field(
        default=1.5, description="minimum seconds of speech before the crop moves to the speaker"
    )
