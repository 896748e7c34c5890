"""Tracks and paths: types and options. Positions in displayed pixels of the source."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.geometry import Rect


class FacePoint(BaseModel):
    """Where the face's middle is at a source time, and how high the face is."""

    model_config = ConfigDict(frozen=True)

    t_s: float
    x: float
    y: float
    height: float


class PathPoint(BaseModel):
    """Where a crop's left edge is at a source time; linear in between."""

    model_config = ConfigDict(frozen=True)

    t_s: float
    x: float


class CropPath(BaseModel):
    """A crop of fixed size that moves sideways; a steady one has one point."""

    model_config = ConfigDict(frozen=True)

    rect: Rect = Field(description="the crop at its first point")
    points: tuple[PathPoint, ...]


class FramingOptions(BaseModel):
    """Options; lengths as shares of the crop's width unless named."""

    model_config = ConfigDict(frozen=True)

    faces_per_s: float = 2.0
    faces_per_s_stacked: float = Field(
        default=1.0, description="in a stack the crop is nearly as wide as the camera"
    )
    steady: float = Field(default=0.12, description="spread of the face that needs no movement")
    dead_zone: float = Field(default=0.06, description="movement that the camera ignores")
    spring_s: float = Field(
        default=0.9, description="time constant of the critically damped spring"
    )
    max_speed: float = Field(default=0.4, description="crop widths per second")
    headroom: float = Field(default=0.42, description="height of the face's middle in a crop")
