"""Templates: types, those that come along, and a channel's own."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.presets import carried, like


class CaptionAnimation(StrEnum):
    """How the words of a caption are shown while they are spoken."""

    HIGHLIGHT = "highlight"
    """All words of a caption, the spoken one in the accent colour."""
    POP = "pop"
    """Each word appears as it is spoken, springing up."""
    KARAOKE = "karaoke"
    """The accent colour fills the words from one end to the other."""
    BOX = "box"
    """A rounded box in the accent colour behind the spoken word."""
    TWO_TONE = "two_tone"
    """What the clip is about, and numbers, in the accent colour all the time."""
    PLAIN = "plain"
    """Subtitles: words as they are."""
    ONE_WORD = "one_word"
    """One large word at a time."""


class CaptionTemplate(BaseModel):
    """What a template says of captions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    animation: CaptionAnimation = CaptionAnimation.HIGHLIGHT
    uppercase: bool = Field(default=False, description="whether all letters are capitals")
    scale: float = Field(
        default=1.0, ge=0.5, le=2.0, description="factor applied to the channel's font_size"
    )
    max_words: int | None = Field(
        default=None,
        ge=1,
        le=12,
        description="maximum words on screen at once; default the channel's",
    )


class Template(BaseModel):
    """How clips look, whatever the channel's colours and fonts are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", pattern=r"^[a-z0-9_]*$", max_length=24)
    description: str = ""
    captions: CaptionTemplate = CaptionTemplate()
    title_zone: bool = Field(
        default=False,
        description="whether the title is shown large above a page that leaves space on the canvas",
    )
    backdrop: Literal["blur", "brand", "page"] = Field(
        default="blur",
        description="ground behind a page: a blurred copy of it, the brand's background, or a"
        " dark tone of the page's own colour",
    )
    title_card: Literal["none", "title", "hook"] = Field(
        default="none", description="title card over the first seconds, if the channel sets none"
    )
    progress_bar: bool = Field(
        default=False, description="whether a progress bar is shown at the bottom"
    )
    small_page: bool = Field(
        default=False,
        description="whether a page with little on it is shown small, over a larger speaker",
    )
    j_cut_s: float = Field(
        default=0.0,
        ge=0,
        le=0.2,
        description="seconds by which sound leads the picture where a pause was cut out",
    )
    l_cut_s: float = Field(
        default=0.0,
        ge=0,
        le=0.2,
        description="seconds by which the picture leads sound where a pause of 1 s or more was "
        "cut out; such a pause has no j_cut_s then",
    )
    punch_in: Literal["none", "cut", "slow"] = Field(
        default="none",
        description="the speaker is shown closer and wider in turn, where a pause was cut out "
        "or a sentence begins, at most every 4 s: at once (cut), or in a slow eased zoom (slow), "
        "whose ends are at least 4 s apart from the next one's beginning",
    )
    page_zoom: bool = Field(
        default=False,
        description="whether a page is shown nearer where something is written, drawn or pointed "
        "at; a movement at most every 4 s",
    )


#: What clips look like when nobody says otherwise.
DEFAULT_TEMPLATE = "spotlight"

_CARRIED = resources.files("vidpipe.templates") / "carried"


@functools.cache
def load_templates() -> dict[str, Template]:
    """All templates that come along, by name; the default one first.

    Raises:
        Misconfigured: a template file that does not fit the type, named.
    """
    found = carried(_CARRIED, Template, "template")
    return {DEFAULT_TEMPLATE: found.pop(DEFAULT_TEMPLATE), **found}


def custom_template(name: str, fields: Mapping[str, Any]) -> Template:
    """A template of somebody's own: whole, or `extends` another one with what differs.

    Raises:
        ValueError: says which field does not fit, or that there is nothing like it.
    """
    return like(name, fields, load_templates(), "template")
