"""What a run is to make of one video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from vidpipe.channels.model import Channel
from vidpipe.channels.wording import Wording, joined_terms
from vidpipe.edits.model import EditDocument
from vidpipe.intake.lengths import length_limits
from vidpipe.intake.model import Instructions
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.platforms.model import TierName
from vidpipe.settings import Settings
from vidpipe.storage.keys import Folder
from vidpipe.templates.model import Template

#: Folders of stages whose work grows with the clips that are asked for.
OF_CLIPS = (Folder.CLIPS, Folder.EXPORTS)


@dataclass(frozen=True)
class Order:
    """The request for one video: settings, its channel, its sidecar, this run's options.

    Attributes:
        settings: of the service.
        channel: whose video it is.
        instructions: of the sidecar, with what people decided since in place of what it says.
        run_options: of this run.
        withheld: clips that are kept from exports and why, by id: somebody rejected them, or has
            not approved of them yet.
        edits: what people decided of it and of its clips.
        music: files of the sounds that edits name, by `asset:NAME`.
        asked_at: when the run was asked for, in trusted hours or out of them; None: now.
    """

    settings: Settings
    channel: Channel
    instructions: Instructions = field(default_factory=Instructions)
    run_options: RunOptions = field(default_factory=RunOptions)
    withheld: Mapping[str, str] = field(default_factory=dict)
    edits: EditDocument = field(default_factory=EditDocument)
    music: Mapping[str, Path] = field(default_factory=dict)
    asked_at: datetime | None = None

    @property
    def wanted_platforms(self) -> tuple[str, ...]:
        """This run's platforms, else the sidecar's, else the channel's; the urgent ones first."""
        options = self.run_options
        wanted = options.platforms or self.instructions.platforms or self.channel.platforms
        every = dict.fromkeys([*wanted, *options.additional_platforms])
        return tuple(sorted(every, key=lambda name: -self.channel.preset(name).priority))

    @property
    def tier(self) -> TierName:
        """This run's quality, else the channel's."""
        return self.run_options.quality or self.channel.quality

    @property
    def look(self) -> Template:
        """How clips look: this run's template, else the sidecar's, else the channel's."""
        return self.channel.look(self.run_options.template or self.instructions.template)

    @property
    def clip_count(self) -> int:
        return self.run_options.clips or self.instructions.clips or self.channel.clips.count

    @property
    def clips_asked(self) -> bool:
        """Whether somebody asked for a number of clips: then the best are given, weak or not."""
        return (self.run_options.clips or self.instructions.clips) is not None

    @property
    def clip_lengths_s(self) -> tuple[float, float]:
        """The shortest and the longest clip: this run's, else the sidecar's, else the channel's."""
        wanted = self.run_options.length or self.instructions.length
        limits = self.channel.clips
        return length_limits(wanted) if wanted else (limits.min_s, limits.max_s)

    @property
    def clip_seconds(self) -> float:
        """Seconds of clips that are asked for: how many, by the middle of their lengths."""
        return self.clip_count * sum(self.clip_lengths_s) / 2

    @property
    def language(self) -> str | None:
        """The sidecar's language, else the channel's, else the settings'."""
        return (
            self.instructions.language or self.channel.language or self.settings.transcript.language
        )

    @property
    def sound(self) -> str:
        """Which sound of a recording is heard: the sidecar's word, else the channel's."""
        return self.instructions.sound or self.channel.sound

    @property
    def wording(self) -> Wording:
        """The sidecar's terms, which matter most, then the channel's; whose word on profanity."""
        return Wording(
            terms=joined_terms(self.instructions.terms, self.channel.terms),
            profanity=self.instructions.profanity or self.channel.profanity,
        )
