"""What one run wants that neither its channel nor its sidecar says."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vidpipe.channels.model import Brand, CaptionStyle, Channel
from vidpipe.errors import Misconfigured
from vidpipe.intake.lengths import Length
from vidpipe.platforms.model import TierName
from vidpipe.settings import Settings
from vidpipe.transcript.model import TranscriptOptions


class RunOptions(BaseModel):
    """They hold for one run: what it makes is what is current from then on, but
    `stale_videos` goes on comparing with what channel and sidecar say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    force: bool = Field(default=False, description="make everything again, changed or not")
    platforms: tuple[str, ...] = Field(
        default=(), description="only these; empty: those of the sidecar, else of the channel"
    )
    additional_platforms: tuple[str, ...] = Field(default=(), description="these beside those")
    clips: int | None = Field(
        default=None,
        ge=1,
        le=50,
        description="this number, the best there are, weak or not",
    )
    length: Length | None = Field(default=None, description="of a clip in seconds, such as 20-45")
    quality: TierName | None = Field(default=None, description="quality of the encode")
    template: str | None = Field(default=None, description="how clips look: one of the templates")
    transcript: str | None = Field(
        default=None, description="where words come from: one of the recognisers, or sidecar"
    )
    captions: dict[str, Any] = Field(
        default_factory=dict, description="fields of the channel's captions that differ"
    )
    accent: str | None = Field(default=None, description="#rrggbb of the word that is spoken")

    @classmethod
    def of(cls, **fields: Any) -> Self:
        """Options as somebody wrote them; what is None was not given.

        Raises:
            Misconfigured: every field that cannot be, by its name.
        """
        try:
            return cls(**{name: value for name, value in fields.items() if value is not None})
        except ValidationError as error:
            raise _refused(error, "") from error

    def applied_to(self, settings: Settings, channel: Channel) -> tuple[Settings, Channel]:
        """Both with what this run wants in place of what they say.

        Raises:
            Misconfigured: a field that cannot be, by its name; a platform that is none.
        """
        for name in (*self.platforms, *self.additional_platforms):
            channel.preset(name)
        if self.template is not None:
            channel.look(self.template)
        if self.transcript is not None:
            wanted = {**dict(settings.transcript), "recognisers": self.transcript}
            transcript = _made(TranscriptOptions, wanted, "transcript: ")
            settings = settings.model_copy(update={"transcript": transcript})
        if self.captions:
            wanted = {**dict(channel.captions), **self.captions}
            captions = _made(CaptionStyle, wanted, "captions.")
            channel = channel.model_copy(update={"captions": captions})
        if self.accent is not None:
            brand = _made(Brand, {**dict(channel.brand), "accent": self.accent}, "")
            channel = channel.model_copy(update={"brand": brand})
        return settings, channel


def _made(model: type[Any], fields: dict[str, Any], where: str) -> Any:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _refused(error, where) from error


def _refused(error: ValidationError, where: str) -> Misconfigured:
    return Misconfigured(
        [
            f"run_options: {where}{'.'.join(str(part) for part in item['loc'])}: {item['msg']}, "
            f"not {item['input']!r}"
            for item in error.errors()
        ]
    )
