"""Parts of a recording as people name them: by times, by what is said, by what they show."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vidpipe.geometry import Rect


class Passage(BaseModel):
    """Part of a recording, by its times or by what is said in it.

    A `quote` is found whatever its case and punctuation; `first words ... last words` is
    the passage from the ones to the others. Where it is said more than once, `start_s`
    says which is meant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    end_s: float | None = Field(default=None, allow_inf_nan=False)
    quote: str = Field(default="", max_length=2_000)

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.quote:
            return self
        if self.start_s is None or self.end_s is None:
            raise ValueError("give start_s and end_s, or a quote")
        if self.end_s <= self.start_s:
            raise ValueError("end_s must come after start_s")
        return self


class WantedSegment(Passage):
    """A segment that the sidecar forces."""

    title: str = ""
    template: str = Field(default="", description="how it looks; default as the others")


class GivenLayout(BaseModel):
    """What a stretch shows, said by hand: regions in displayed pixels, used as they are.

    Without `end_s` to the end of the video.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float = Field(default=0.0, ge=0)
    end_s: float | None = None
    screen: Rect | None = None
    camera: Rect | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.screen is None and self.camera is None:
            raise ValueError("give a screen, a camera or both")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError("end_s must come after start_s")
        return self
