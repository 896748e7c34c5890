"""How the library shows edits: frozen values, as programs get them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from vidpipe.edits.compare import EditChange
from vidpipe.edits.model import EditDocument
from vidpipe.library.views import JobView, LibraryView


class SidecarSays(LibraryView):
    """What the sidecar says of what the document may decide, too."""

    keep: tuple[Any, ...] = ()
    skip: tuple[Any, ...] = ()
    layout: tuple[Any, ...] = ()
    platforms: tuple[str, ...] = ()
    template: str = ""


class EditsView(LibraryView):
    """The document of a video in one of its versions."""

    video_id: str
    version: int = Field(description="0: nobody decided anything; its ETag is made of it")
    document: EditDocument
    sidecar: SidecarSays
    overrides: tuple[str, ...] = Field(
        description="fields in which the document stands in place of what the sidecar says"
    )
    created_at: datetime | None = Field(description="of the version; none of version 0")
    created_by: str
    source: str = Field(description="what wrote it: api, cli, sidecar or restore; empty of 0")
    based_on: int = Field(description="the version that it was made of, or that it says again")
    note: str
    rendered: bool = Field(description="whether the clips that there are were made of it")


class EditVersionView(LibraryView):
    """One version in the list of a video's versions."""

    version: int
    created_at: datetime
    created_by: str
    source: str
    based_on: int
    note: str
    changes: tuple[str, ...] = Field(description="what differs from the version before")


class EditComparison(LibraryView):
    """What differs between two versions."""

    video_id: str
    before: int
    after: int
    changes: tuple[EditChange, ...]


class ClipEstimate(LibraryView):
    """What a clip will take, and why it is made anew."""

    clip: str
    seconds: float
    why: tuple[str, ...] = Field(description="the fields that changed")
    pictures: bool = Field(description="false: nothing is encoded, only what is written beside it")


class EditEstimate(LibraryView):
    """What making the clips as the document has them will take."""

    video_id: str
    version: int
    seconds: float
    clips: tuple[ClipEstimate, ...]
    stages: tuple[str, ...] = Field(description="that would run")


class RenderAsked(LibraryView):
    """A job that makes the clips as the document has them."""

    job: JobView
    estimate: EditEstimate
