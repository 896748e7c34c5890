"""Exports: types and options."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from vidpipe.clips.model import Measures
from vidpipe.platforms.model import Preset


class Rule(BaseModel):
    """One rule of a preset against the measured file."""

    model_config = ConfigDict(frozen=True)

    rule: str
    ok: bool
    measured: str
    wanted: str


class Export(BaseModel):
    """A clip as one platform wants it; the files are those of the artifact `artifact`."""

    model_config = ConfigDict(frozen=True)

    clip_id: str
    rank: int
    title: str
    platform: str
    artifact: str
    fingerprint: str
    key: str
    measures: Measures
    rules: tuple[Rule, ...]

    @property
    def conforms(self) -> bool:
        return all(rule.ok for rule in self.rules)


class PlatformExports(BaseModel):
    """All exports for one platform, best clip first."""

    model_config = ConfigDict(frozen=True)

    platform: str
    exports: tuple[Export, ...] = ()


class ExportOptions(BaseModel):
    """Options of the stage."""

    model_config = ConfigDict(frozen=True)

    preset: Preset
    channel_title: str = ""
