"""What clips are made with: looks, detector, the files of a channel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from vidpipe.channels.model import Brand, CaptionStyle, Channel
from vidpipe.edits.model import EditDocument
from vidpipe.framing.model import FramingOptions
from vidpipe.media.faces import FaceDetector
from vidpipe.pipeline.editing.made import edits_told
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
        edits: what people decided of clips and words.
        music: files of the sounds that edits name.
        shapes: by platform, the variant that it takes; only where edits choose platforms.
    """

    detector: FaceDetector
    framing: FramingOptions
    channel_files: Mapping[str, str | None]
    looks: Mapping[str, Look]
    edits: EditDocument = field(default_factory=EditDocument)
    music: Mapping[str, Path] = field(default_factory=dict)
    shapes: Mapping[str, str] = field(default_factory=dict)

    def edits_identity(self) -> dict[str, Any]:
        """What people decided, for the fingerprint; nothing where they decided nothing of it."""
        files = {
            "music": {name: _digest(path) for name, path in self.music.items()},
            "shapes": dict(self.shapes),
        }
        told = {**edits_told(self.edits), **{name: v for name, v in files.items() if v}}
        return {"edits": told} if told else {}


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
    return {name: _digest(path) if path else None for name, path in files.items()}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
