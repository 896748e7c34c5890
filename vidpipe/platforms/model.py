"""The type of a preset, and loading them."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect, Size

Platform = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")]


class Preset(BaseModel):
    """What one platform accepts; figures with their source and date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Platform
    title: str
    size: Size
    container: str = Field(description="file suffix of the export")
    video_codec: str
    audio_codec: str
    pix_fmt: str = "yuv420p"
    min_fps: float
    max_fps: float
    min_duration_s: float
    max_duration_s: float
    max_size_bytes: int
    audio_rate: int
    loudness_lufs: float = Field(description="integrated, EBU R 128")
    loudness_tolerance_lu: float = 1.0
    max_true_peak_dbtp: float
    title_characters: int
    captions: bool = Field(
        default=True, description="burned in; not where the platform shows a file of them"
    )
    safe_box: Rect = Field(description="where the platform lays no controls over the picture")
    source: str
    dated: str

    @property
    def variant(self) -> str:
        """Platforms with the same variant share one encode: `1080x1920`, `1920x1080-plain`."""
        return f"{self.size.width}x{self.size.height}{'' if self.captions else '-plain'}"


@functools.cache
def load_presets() -> dict[str, Preset]:
    """All presets by name.

    Raises:
        Misconfigured: a preset file that does not fit the type, named.
    """
    found: dict[str, Preset] = {}
    folder = resources.files("vidpipe.platforms") / "presets"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            try:
                item = Preset.model_validate(yaml.safe_load(file.read_text("utf-8")))
            except (ValueError, yaml.YAMLError) as error:
                raise Misconfigured(f"platform preset {file.name}: {error}") from error
            found[item.name] = item
    return found


def preset(name: str) -> Preset:
    """One preset.

    Raises:
        Misconfigured: no platform of this name; says which there are.
    """
    presets = load_presets()
    if name not in presets:
        raise Misconfigured(f"unknown platform {name!r}; there are: {', '.join(presets)}")
    return presets[name]
