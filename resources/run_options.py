"""The launch form: what a person may request of a run, once for all of its steps."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final, Literal

import dagster as dg
from pydantic import Field, create_model

from vidpipe.pipeline.run_options import RunOptions

_CHANNEL: Final = "as the channel says"
_SETTINGS: Final = "as configured"


class RunOptionsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What this run wants that channel and sidecar do not say.

    In the launchpad it is `resources: run_options: config:`. They hold for one run; what is
    wanted always belongs into channels.yaml, or into the video's sidecar.
    """

    force: bool = Field(
        default=False,
        description="Make every selected stage again, changed or not. Costs the full time.",
    )
    platforms: list[str] = Field(
        default=[],
        description="Only for these platforms. Empty: those of the sidecar, else of the channel.",
    )
    additional_platforms: list[str] = Field(
        default=[], description="These platforms beside those of sidecar and channel."
    )
    clips: int = Field(
        default=0,
        description="This number of clips, 1 to 50, the best there are, weak ones marked. "
        "0: as sidecar or channel say, and only good ones.",
    )
    length: str = Field(
        default="",
        description="Of a clip in seconds, '20-45'. Empty: as sidecar or channel say.",
    )
    transcript: Literal[
        "as configured", "sidecar", "api", "transformers", "faster-whisper", "pocketsphinx"
    ] = Field(
        default=_SETTINGS,
        description="Where the words come from. One that cannot be used here fails the step.",
    )
    quality: Literal["as the channel says", "draft", "standard", "high"] = Field(
        default=_CHANNEL, description="Of the picture: draft is to look at, quick and coarse."
    )
    template: str = Field(
        default="",
        description="How clips look, a name that `vidpipe templates` lists. "
        "Empty: as the channel says.",
    )
    captions: Literal["as the channel says", "burned in", "none"] = Field(
        default=_CHANNEL, description="Whether words are shown in the picture."
    )
    caption_size: int = Field(
        default=0,
        description="Height of the letters, 24 to 140 pixels at a width of 1080. "
        "0: as the channel says.",
    )
    caption_words: int = Field(
        default=0, description="Words on screen at most, 1 to 12. 0: as the channel says."
    )
    caption_capitals: Literal["as the channel says", "yes", "no"] = Field(
        default=_CHANNEL, description="All letters in capitals."
    )
    caption_accent: str = Field(
        default="",
        description="Colour of the word that is spoken, '#rrggbb'. Empty: as the channel says.",
    )

    def chosen(self) -> RunOptions:
        """The options, checked.

        Raises:
            Misconfigured: every field that cannot be, by its name.
        """
        captions: dict[str, Any] = {
            "enabled": {"burned in": True, "none": False}.get(self.captions),
            "font_size": self.caption_size or None,
            "max_words": self.caption_words or None,
            "uppercase": {"yes": True, "no": False}.get(self.caption_capitals),
        }
        return RunOptions.of(
            force=self.force,
            platforms=_names(self.platforms),
            additional_platforms=_names(self.additional_platforms),
            clips=self.clips or None,
            length=self.length or None,
            transcript=None if self.transcript == _SETTINGS else self.transcript,
            quality=None if self.quality == _CHANNEL else self.quality,
            template=self.template or None,
            captions={name: value for name, value in captions.items() if value is not None},
            accent=self.caption_accent or None,
        )


_FIELDS = RunOptionsResource.model_fields


def form(*fields: str) -> dict[str, Any]:
    """Run configuration that shows these fields of the form with what they are by default."""
    shown = {name: _FIELDS[name].get_default() for name in fields}
    return {"resources": {"run_options": {"config": shown}}}


def filled(options: RunOptions) -> dict[str, Any]:
    """Run configuration with these options in the form."""
    captions = options.captions
    enabled = {None: None, True: "burned in", False: "none"}
    capitals = {None: None, True: "yes", False: "no"}
    fields: dict[str, Any] = {
        **options.model_dump(mode="json", exclude={"captions", "accent"}, exclude_defaults=True),
        "captions": enabled[captions.get("enabled")],
        "caption_size": captions.get("font_size"),
        "caption_words": captions.get("max_words"),
        "caption_capitals": capitals[captions.get("uppercase")],
        "caption_accent": options.accent,
    }
    chosen = {name: value for name, value in fields.items() if value is not None}
    return {"resources": {"run_options": {"config": chosen}}}


def has_run_options(run_config: Mapping[str, Any]) -> bool:
    """Whether somebody filled in the form of a run with this configuration."""
    config = run_config.get("resources", {}).get("run_options", {}).get("config", {})
    neutral = {n: f.get_default() for n, f in _FIELDS.items()}
    return any(value != neutral.get(name) for name, value in config.items())


def _names(chosen: Iterable[Any]) -> tuple[str, ...]:
    """Without repetitions; members of an enumeration by their value."""
    return tuple(dict.fromkeys(str(getattr(item, "value", item)) for item in chosen))


def run_options_for(platforms: Iterable[str]) -> RunOptionsResource:
    """The form with the platforms that there are: another one is refused before a run starts."""
    names = list(platforms)
    # Its name stands in the error, and Dagster knows types by it.
    listed = Enum(f"Platform[{', '.join(names)}]", {n: n for n in names})  # type: ignore[misc]

    def field(name: str) -> Any:
        said = RunOptionsResource.model_fields[name].description
        return (list[listed], Field(default=[], description=said))

    made = create_model(
        "RunOptions",
        __base__=RunOptionsResource,
        __doc__=RunOptionsResource.__doc__,
        platforms=field("platforms"),
        additional_platforms=field("additional_platforms"),
    )
    return made()
