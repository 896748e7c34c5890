"""What clips are made with: looks, detector, the files of a channel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from vidpipe.channels.model import Brand, CaptionStyle, Channel
from vidpipe.framing.model import FramingOptions
from vidpipe.media.faces import FaceDetector
from vidpipe.templates.model import Template


class Look(BaseModel):
    """How clips look: a template, and brand and captions as it has them."""

    model_config = ConfigDict(frozen=True)

    brand: Brand
    captions: CaptionStyle
    template: Template


def look_of(channel: Channel, template: Template) -> Look:
    """How clips of a channel look in a template; without what of it changes no picture."""
    brand, captions = channel.styled(template)
    unnamed = template.model_copy(update={"name": "", "description": ""})
    return Look(brand=brand, captions=captions, template=unnamed)


@dataclass(frozen=True)
class Studio:
    """What clips are made with, beside inputs and options.

    Attributes:
        detector: what finds faces. Several threads may use it.
        framing: how faces are followed.
        channel_files: digests of the files that the channel names, by what they are.
        looks: by template, of the segments that have one of their own.
    """

    detector: FaceDetector
    framing: FramingOptions
    channel_files: Mapping[str, str | None]
    looks: Mapping[str, Look]


def brand_files(brand: Brand, captions: CaptionStyle) -> dict[str, str | None]:
    """What the channel's files hold, for fingerprints."""
    files = {
        "logo": brand.logo,
        "music": brand.music,
        "intro": brand.intro,
        "outro": brand.outro,
        "font": captions.font_file,
        "emoji": captions.emoji_font,
    }
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path else None
        for name, path in files.items()
    }
