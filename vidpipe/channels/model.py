"""Channels: who a video is for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from vidpipe.channels.publishing import PublishingRules
from vidpipe.channels.reviews import ReviewRules
from vidpipe.channels.sound import SoundChoice
from vidpipe.channels.wording import MOST_TERMS, GivenTerm, Profanity
from vidpipe.errors import Misconfigured
from vidpipe.platforms.model import Preset, TierName, custom_preset, load_presets
from vidpipe.templates.model import (
    DEFAULT_TEMPLATE,
    Template,
    custom_template,
    load_templates,
)
from vidpipe.untrusted import Unreadable, read_yaml

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", description="#rrggbb")]
ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9_]+(?:-[a-z0-9_]+)*$", max_length=24)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _existing(path: Path | None) -> Path | None:
    if path is not None and not path.expanduser().is_file():
        raise ValueError(f"there is no file {path}")
    return path.expanduser().resolve() if path is not None else None


#: What a channel may call its assets.
ASSET_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_ASSET = re.compile(f"asset:({ASSET_NAME})")


def asset_named(file: Path | None) -> str | None:
    """The name of the asset that stands in place of a file (`asset:logo`); None for a file."""
    found = _ASSET.fullmatch(str(file)) if file is not None else None
    return found[1] if found is not None else None


class Brand(_Strict):
    """How a channel looks."""

    background: Colour = "#12161c"
    text: Colour = "#ffffff"
    accent: Colour = "#ffd23f"
    outline: Colour = "#000000"
    logo: Path | None = Field(
        default=None,
        description="PNG file, or asset:NAME, drawn small near the upper edge, aligned with the "
        "left of the safe box",
    )

    title_card: Literal["none", "title", "hook"] = Field(
        default="none",
        description="title card over the first seconds: the clip's title, or its hook",
    )
    title_card_s: float = Field(default=3.0, gt=0.5, le=10)
    progress_bar: bool = Field(
        default=False, description="whether a progress bar is shown at the bottom"
    )
    music: Path | None = Field(
        default=None, description="sound file, or asset:NAME, that is looped under the speech"
    )
    intro: Path | None = Field(
        default=None, description="video file, or asset:NAME, shown before every clip"
    )
    outro: Path | None = Field(
        default=None, description="video file, or asset:NAME, shown after every clip"
    )
    music_lufs: float = Field(
        default=-32.0,
        ge=-60,
        le=-14,
        description="loudness of the music while no one speaks, in LUFS",
    )

    @field_validator("logo", "music", "intro", "outro")
    @classmethod
    def _file_is_there(cls, path: Path | None) -> Path | None:
        # Assets are looked for when a run begins: they come and go while this runs.
        return path if asset_named(path) is not None else _existing(path)


class CaptionStyle(_Strict):
    """Burned-in captions."""

    enabled: bool = Field(default=True, description="whether captions are shown")
    from_draft: bool = Field(
        default=False,
        description="whether captions are shown even if the transcript is only a draft",
    )
    over_burned_in: bool = Field(
        default=False,
        description="whether captions are shown even if the recording has captions burned in",
    )
    font: str = Field(
        default="DejaVu Sans", pattern=r"^[\w .-]{1,60}$", description="name of an installed font"
    )
    font_file: Path | None = Field(
        default=None, description="font file with the letters of the channel's language"
    )
    font_size: int = Field(
        default=64, ge=24, le=140, description="height of the letters, in pixels at a width of 1080"
    )
    uppercase: bool = Field(default=False, description="whether all letters are capitals")
    emoji: dict[str, Annotated[str, Field(min_length=1, max_length=8)]] = Field(
        default_factory=dict, description="emoji by the word that they follow"
    )
    emoji_font: Path | None = Field(
        default=None,
        description="font file with emoji in colour (CBDT, sbix or COLR 0); default: an installed "
        "one",
    )
    max_words: int = Field(default=6, ge=1, le=12, description="maximum words on screen at once")
    speakers: bool = Field(
        default=True,
        description="whether speakers are named, each in a colour, where the transcript names"
        " several",
    )

    @field_validator("emoji")
    @classmethod
    def _any_case(cls, given: dict[str, str]) -> dict[str, str]:
        return {word.lower(): symbol for word, symbol in given.items()}

    @field_validator("font_file", "emoji_font")
    @classmethod
    def _font_is_there(cls, path: Path | None) -> Path | None:
        return _existing(path)


class ClipLimits(_Strict):
    """How many clips, how long, how tight."""

    count: int = Field(default=5, ge=1, le=50)
    min_s: float = Field(default=15.0, ge=3.0)
    max_s: float = Field(default=60.0, le=600.0)
    max_pause_s: float = Field(
        default=0.7, ge=0.2, description="maximum seconds of a pause; longer ones are shortened"
    )
    pause_target_s: float = Field(
        default=0.3, ge=0.1, description="seconds that stay of a shortened pause"
    )
    fillers: tuple[str, ...] = Field(
        default=(),
        description="filler words, such as um and uh, that are cut out where their times are known",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_s < self.min_s * 1.2:
            raise ValueError("max_s must be at least 1.2 times min_s")
        if self.pause_target_s > self.max_pause_s:
            raise ValueError("pause_target_s must not exceed max_pause_s")
        return self


Days = Annotated[float, Field(ge=0)]


class Retention(_Strict):
    """After how many days what is removed; nothing that has no number.

    Days count from the end of processing; for `superseded` from when it was made. Rows of
    the catalog and what a removed file was made of (its manifest) stay.
    """

    source: Days | None = Field(
        default=None, description="days until the uploaded recording is deleted"
    )
    working: Days | None = Field(
        default=None, description="days until the decoded sound is deleted"
    )
    preview: Days | None = Field(
        default=None, description="days until contact sheets, posters and frames are deleted"
    )
    master: Days | None = Field(
        default=None,
        description="days until rendered clips are deleted, once every platform has its exports",
    )
    delivery: Days | None = Field(default=None, description="days until exports are deleted")
    superseded: Days | None = Field(
        default=None,
        description="days until results of an older setting, version or sidecar are deleted",
    )
    quarantine: Days | None = Field(
        default=None, description="days until rejected uploads are deleted"
    )

    @property
    def policies(self) -> dict[str, float]:
        """Those that have a number, by kind."""
        return {kind: days for kind, days in self.model_dump().items() if days is not None}

    def days(self, kind: str) -> float | None:
        """The number for one of these kinds; None for what is always kept."""
        return self.policies.get(kind)


class PostTemplates(_Strict):
    """What stands in a post, before the platform's limits cut it.

    Fields in braces are filled in: title, hook, description (two sentences of what is
    said), topic, video (the recording's title), file (its file's name), channel (its title).
    A line whose fields are all empty is left out: that of the recording where it has no title.
    """

    title: str = Field(default="{title}", description="of a post")
    description: str = Field(default="{description}\n\nFrom: {video}", description="of a post")
    hashtags: tuple[Annotated[str, Field(pattern=r"^\w{1,60}$")], ...] = Field(
        default=(), description="hashtags of every post, without #; the clip's own follow"
    )
    auto_hashtags: int = Field(
        default=4, ge=0, le=10, description="maximum hashtags made from the clip's own words"
    )
    credits: str = Field(default="", description="end of the description: rights, sources")

    @field_validator("title", "description", "credits")
    @classmethod
    def _fillable(cls, text: str) -> str:
        try:
            text.format_map(dict.fromkeys(POST_FIELDS, ""))
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise ValueError(
                f"cannot be filled in ({error}); fields are {', '.join(POST_FIELDS)}"
            ) from error
        return text


#: What a template may name.
POST_FIELDS = ("title", "hook", "description", "topic", "video", "file", "channel")


class Channel(_Strict):
    """The configuration of one channel: its videos, and how its clips look and sound."""

    name: ChannelName
    organisation: ChannelName = Field(
        default="default",
        description="whose the channel is: roles and keys are given in an organisation",
    )
    title: str = Field(
        default="", description="title of the channel: artist in the files, and in posts"
    )
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2,3}$", description="ISO 639 code of the language"
    )
    terms: tuple[GivenTerm, ...] = Field(
        default=(),
        max_length=MOST_TERMS,
        description="names and technical terms as they are spelled: recognised more reliably,"
        " and corrected where misheard",
    )
    profanity: Profanity = Field(
        default="keep", description="whether strong language is kept, or masked as f***"
    )
    custom_platforms: dict[str, Preset] = Field(
        default_factory=dict,
        description="the channel's own platforms: complete presets, or `extends` another one",
    )
    platforms: tuple[str, ...] = Field(
        default=("tiktok", "instagram_reels", "youtube_shorts"),
        description="platforms that clips are made for",
    )
    quality: TierName = Field(default="standard", description="quality of the encode")
    post: PostTemplates = PostTemplates()
    clips: ClipLimits = ClipLimits()
    brand: Brand = Brand()
    captions: CaptionStyle = CaptionStyle()
    templates: dict[str, Template] = Field(
        default_factory=dict,
        description="the channel's own templates: complete ones, or `extends` another one",
    )
    template: str = Field(
        default=DEFAULT_TEMPLATE,
        description="template of the clips: a bundled one, or one of the channel's own",
    )
    speaker_layout: Literal["auto", "switch", "two_up"] = Field(
        default="auto",
        description="which of two people is shown: the speaker, or both; auto: both where "
        "turns are short",
    )
    sound: SoundChoice = Field(
        default="auto",
        description="sound track of a recording with several: auto: the one with speech, or a"
        " mix where people are on different ones; mix: all of them; or a number "
        "from 1",
    )
    denoise: tuple[Literal["hum", "noise"], ...] = Field(
        default=(), description="noise that is removed from the sound: mains hum, constant noise"
    )
    retention: Retention = Retention()
    review: ReviewRules = Field(
        default=ReviewRules(), description="what waits for somebody's approval"
    )
    publishing: PublishingRules = Field(
        default=PublishingRules(), description="when clips are posted, and what posts say"
    )
    max_in_flight: int | None = Field(
        default=None,
        ge=1,
        description="videos queued or running at once; default VIDPIPE_QUEUE__MAX_RUNS_PER_CHANNEL",
    )
    loudness_lufs: float = Field(default=-14.0, ge=-31, le=-9)
    max_true_peak_dbtp: float = Field(default=-1.0, ge=-9, le=0)

    @field_validator("custom_platforms", mode="before")
    @classmethod
    def _custom(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {
            str(name): custom_preset(str(name), fields) if isinstance(fields, dict) else fields
            for name, fields in given.items()
        }

    @field_validator("templates", mode="before")
    @classmethod
    def _own_templates(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {
            str(name): custom_template(str(name), fields) if isinstance(fields, dict) else fields
            for name, fields in given.items()
        }

    @field_validator("template")
    @classmethod
    def _known_template(cls, name: str, info: ValidationInfo) -> str:
        known = {**load_templates(), **info.data.get("templates", {})}
        if name not in known:
            raise ValueError(f"unknown template {name!r}; there are: {', '.join(known)}")
        return name

    @field_validator("platforms")
    @classmethod
    def _known(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        presets = {**load_presets(), **info.data.get("custom_platforms", {})}
        unknown = [n for n in names if n not in presets]
        if unknown:
            raise ValueError(
                f"unknown platform {', '.join(unknown)}; there are: {', '.join(presets)}"
            )
        if not names:
            raise ValueError("name at least one platform")
        return tuple(dict.fromkeys(names))

    @property
    def presets(self) -> dict[str, Preset]:
        """All platforms that the channel may use, by name."""
        return {**load_presets(), **self.custom_platforms}

    def preset(self, name: str) -> Preset:
        """One of them.

        Raises:
            Misconfigured: no platform of this name; says which there are.
        """
        if name not in self.presets:
            raise Misconfigured(f"unknown platform {name!r}; there are: {', '.join(self.presets)}")
        return self.presets[name]

    @property
    def looks(self) -> dict[str, Template]:
        """All templates that the channel may use, by name."""
        return {**load_templates(), **self.templates}

    def look(self, name: str | None = None) -> Template:
        """The template of this name, else the one that the channel's clips have.

        Raises:
            Misconfigured: no template of this name; says which there are.
        """
        known, name = self.looks, name or self.template
        if name not in known:
            raise Misconfigured(f"unknown template {name!r}; there are: {', '.join(known)}")
        return known[name]

    def styled(self, template: Template) -> tuple[Brand, CaptionStyle]:
        """Brand and captions as a template has them.

        A card and a bar where the brand has none; letters in the channel's own font, its
        size as the measure.
        """
        brand, look = self.brand, template.captions
        title_card = template.title_card if brand.title_card == "none" else brand.title_card
        branded = brand.model_copy(
            update={
                "title_card": title_card,
                "progress_bar": brand.progress_bar or template.progress_bar,
            }
        )
        captioned = self.captions.model_copy(
            update={
                "uppercase": self.captions.uppercase or look.uppercase,
                "font_size": round(self.captions.font_size * look.scale),
                "max_words": look.max_words or self.captions.max_words,
            }
        )
        return branded, captioned


def all_presets(channels: Iterable[Channel]) -> dict[str, Preset]:
    """Every platform that any of the channels may use."""
    found = dict(load_presets())
    for channel in channels:
        found.update(channel.custom_platforms)
    return found


#: A channel with platforms and templates of its own takes 10 KB.
_MOST_BYTES = 4 << 20


def load_channels(path: Path | None) -> dict[str, Channel]:
    """Channels by name; without a file the one channel `default`.

    Raises:
        Misconfigured: every problem of the file at once, each with its place.
    """
    if path is None or not path.exists():
        return {"default": Channel(name="default")}
    try:
        raw = read_yaml(path.read_bytes(), _MOST_BYTES) or {}
    except Unreadable as error:
        raise Misconfigured(f"{path}: {error}") from error
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from error
    entries = raw.get("channels") if isinstance(raw, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise Misconfigured(f"{path}: begin with `channels:` and one entry per channel")
    channels: dict[str, Channel] = {}
    problems: list[str] = []
    for name, fields in entries.items():
        try:
            if not isinstance(fields, dict | None):
                raise TypeError(f"fields are due here, not {fields!r:.60}")
            channels[str(name)] = Channel.model_validate({"name": name, **(fields or {})})
        except (ValidationError, TypeError) as error:
            if isinstance(error, ValidationError):
                for item in error.errors():
                    where = ".".join(str(part) for part in item["loc"])
                    problems.append(f"{path}: channels.{name}.{where}: {item['msg']}")
            else:
                problems.append(f"{path}: channels.{name}: {error}")
    if problems:
        raise Misconfigured(problems)
    channels.setdefault("default", Channel(name="default"))
    return channels


def channel_named(channels: Mapping[str, Channel], name: str) -> Channel:
    """One of the channels.

    Raises:
        Misconfigured: there is none of this name; says which there are.
    """
    if name not in channels:
        raise Misconfigured(
            f"there is no channel {name!r}; there are: {', '.join(sorted(channels))}"
        )
    return channels[name]
