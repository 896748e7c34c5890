"""What requests about edits say."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field

IfMatch = Annotated[
    str | None,
    Header(
        max_length=100,
        description="`ETag` of the edits as you read them; `*` stands for whatever is current",
    ),
]
Note = Annotated[
    str,
    Query(
        max_length=400,
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$",
        description="what the list of versions says of this one",
    ),
]
VersionPath = Annotated[int, Path(ge=0, le=10**9, description="number of a version")]
_Time = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
_ClipName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClipCreate(_Sent):
    """A clip of another moment, in seconds of the source."""

    start_s: _Time
    end_s: _Time
    title: str | None = Field(default=None, min_length=1, max_length=300)


class ClipSplit(_Sent):
    """Where a clip is to be split, in seconds of the source."""

    at_s: _Time


class ClipsMerge(_Sent):
    """Clips that are to be one."""

    clips: list[_ClipName] = Field(min_length=2, max_length=50, description="ids or ranks")
    between: Literal["cut", "keep"] = Field(
        default="cut", description="what becomes of what lies between them"
    )


class EditsRestore(_Sent):
    """The version whose document is to hold again."""

    version: int = Field(ge=0, le=10**9)


class EditsRender(_Sent):
    """Nothing can be chosen yet: the newest version is made."""
