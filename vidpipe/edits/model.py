"""The edit document: everything that people decided of one video, as data.

Times are seconds of the source, boxes pixels of the displayed source.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from vidpipe.edits.passages import GivenLayout, Passage, WantedSegment
from vidpipe.geometry import Rect
from vidpipe.timeline import Interval

#: Of the document's form. A document of another one is refused, not guessed at.
FORMAT: Literal[1] = 1
#: Lists that a person writes are shorter; a request that is not is a mistake, or worse.
MOST_CLIPS, MOST_OF_ONE, MOST_WORDS = 500, 500, 20_000

Time = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
EditedClipId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
#: Letters and digits of any script, as `#` and a platform allow them.
EditedHashtag = Annotated[str, StringConstraints(pattern=r"^[^\W_][\w]{0,99}$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
#: What no line of a caption or a title may hold.
_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$")]

ShownAs = Literal["stack", "speaker", "two_up", "screen", "fit"]
#: In which of them a region can move from one box to another.
_MOVED_IN: dict[str, tuple[ShownAs, ...]] = {"screen": ("stack", "screen"), "camera": ("speaker",)}


class _Edit(BaseModel):
    """Frozen, and nothing but its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WordEdit(_Edit):
    """Another text for a word: in captions and subtitles; what is heard stays.

    It is found by the time at which it begins and, where `was` is given, by what it was: so
    that it is found after the words were recognised again, too.
    """

    start_s: Time = Field(description="when the word begins in the transcript")
    was: _Line = Field(default="", max_length=200, description="the word as the transcript has it")
    text: _Line = Field(
        max_length=400,
        description="what is shown instead; several words share its time; empty: nothing is shown",
    )


class CutEdit(Passage):
    """Part of a clip that is taken out, by its times or by what is said in it.

    Unless `exact`, whole words go: those whose middle lies inside, from border to border.
    """

    exact: bool = Field(default=False, description="cut at these times, whatever is said there")


class FramingEdit(_Edit):
    """What a stretch of a clip shows, and where in the picture; what is left out stays as it was.

    A box of another shape than its place on the canvas keeps its middle and its height. With
    `camera_to` or `screen_to` what is shown moves there, slowly at first and at the end, from the
    beginning of the stretch to its end; what is cut out of it takes none of that time.
    """

    start_s: Time | None = Field(default=None, description="null: from the clip's beginning")
    end_s: Time | None = Field(default=None, description="null: to the clip's end")
    composition: ShownAs | None = Field(default=None, description="null: as it was")
    screen: Rect | None = Field(default=None, description="of stack, screen and fit")
    camera: Rect | None = Field(default=None, description="of stack, speaker and two_up")
    other: Rect | None = Field(default=None, description="the second person of two_up")
    screen_to: Rect | None = Field(
        default=None,
        description="of stack and screen: where `screen` moves to; null: it stays where it is",
    )
    camera_to: Rect | None = Field(
        default=None, description="of speaker: where `camera` moves to; null: it stays where it is"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any((self.composition, self.screen, self.camera, self.other)):
            raise ValueError("say what to change: composition, screen, camera or other")
        for moved, shown_as in _MOVED_IN.items():
            if getattr(self, f"{moved}_to") is None:
                continue
            if getattr(self, moved) is None:
                raise ValueError(f"{moved}_to: say with {moved} where it moves from")
            if self.composition not in shown_as:
                named = " or ".join(shown_as)
                raise ValueError(f"{moved}_to: only composition {named} has a {moved} that moves")
        if self.start_s is not None and self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError("end_s must come after start_s")
        return self

    @property
    def moves(self) -> bool:
        """Whether it shows one place at its beginning and another at its end."""
        return self.screen_to is not None or self.camera_to is not None


class ClipEdit(_Edit):
    """What was decided of one clip; what is null is as the pipeline chose it."""

    clip: EditedClipId = Field(description="its id, which stays the same however it is changed")
    moment: Interval | None = Field(
        default=None, description="as it was found, so that it is known again after a new analysis"
    )
    added: bool = Field(default=False, description="made by a person: nothing of it was found")
    kept: bool = Field(default=True, description="false: dropped, no file is made of it")
    start_s: Time | None = Field(default=None, description="where it begins")
    end_s: Time | None = Field(default=None, description="where it ends")
    cuts: tuple[CutEdit, ...] = Field(
        default=(), max_length=MOST_OF_ONE, description="what is taken out of it"
    )
    pauses: Literal["keep", "shorten"] | None = Field(
        default=None, description="keep: long pauses and fillers stay; null: as the channel has it"
    )
    words: tuple[WordEdit, ...] = Field(
        default=(), max_length=MOST_WORDS, description="of this clip; they win over the document's"
    )
    title: _Line | None = Field(
        default=None, min_length=1, max_length=300, description="in its picture and in its posts"
    )
    hook: _Line | None = Field(
        default=None, max_length=300, description="what makes people stay, in its posts"
    )
    description: str | None = Field(
        default=None, max_length=10_000, description="of its posts, before a platform's limits"
    )
    hashtags: tuple[EditedHashtag, ...] | None = Field(
        default=None, max_length=100, description="in place of the clip's own; without `#`"
    )
    template: _Name | None = Field(default=None, description="how it looks")
    language: _Language | None = Field(
        default=None, description="of its words: how captions are broken, what its posts say"
    )
    music: str | None = Field(
        default=None,
        pattern=r"^(none|asset:[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$",
        description="none, or a sound of the channel: asset:NAME",
    )
    framing: tuple[FramingEdit, ...] = Field(
        default=(),
        max_length=MOST_OF_ONE,
        description="what is shown when; where two hold, the later in the list does",
    )
    platforms: tuple[_Name, ...] | None = Field(
        default=None, max_length=50, description="of those that the video is made for"
    )

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.start_s is not None and self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError("end_s must come after start_s")
        if self.added and self.moment is None and (self.start_s is None or self.end_s is None):
            raise ValueError("a clip that is added needs start_s and end_s")
        times = [w.start_s for w in self.words]
        if len(set(times)) < len(times):
            raise ValueError("words: two of them are for one word; keep one of each start_s")
        return self

    @property
    def is_edited(self) -> bool:
        """Whether it says anything but what the clip is."""
        return self.model_dump(exclude={"clip", "moment"}, exclude_defaults=True) != {}


class EditDocument(_Edit):
    """Everything that people decided of a video; what is null is as the sidecar has it."""

    format: Literal[1] = FORMAT
    keep: tuple[WantedSegment, ...] | None = Field(
        default=None, max_length=MOST_CLIPS, description="segments to force, as in the sidecar"
    )
    skip: tuple[Passage, ...] | None = Field(
        default=None,
        max_length=MOST_CLIPS,
        description="passages no clip may touch, as in the sidecar",
    )
    layout: tuple[GivenLayout, ...] | None = Field(
        default=None,
        max_length=MOST_CLIPS,
        description="where the screen and the camera are, as in the sidecar",
    )
    platforms: tuple[_Name, ...] | None = Field(
        default=None, max_length=50, description="that the video is made for"
    )
    template: _Name | None = Field(default=None, description="how its clips look")
    words: tuple[WordEdit, ...] = Field(
        default=(),
        max_length=MOST_WORDS,
        description="of the transcript, and of every clip that holds them",
    )
    clip_edits: tuple[ClipEdit, ...] = Field(
        default=(), max_length=MOST_CLIPS, description="what is decided of single clips"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [edit.clip for edit in self.clip_edits]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"clip_edits: {', '.join(twice)} twice; put all of a clip in one")
        times = [w.start_s for w in self.words]
        if len(set(times)) < len(times):
            raise ValueError("words: two of them are for one word; keep one of each start_s")
        return self

    def of(self, clip_id: str) -> ClipEdit | None:
        """What was decided of a clip; None where nothing was."""
        return next((edit for edit in self.clip_edits if edit.clip == clip_id), None)

    def with_clip(self, edit: ClipEdit) -> Self:
        """The same with this in place of what was decided of its clip."""
        if self.of(edit.clip) is None:
            edits = (*self.clip_edits, edit)
        else:
            edits = tuple(edit if e.clip == edit.clip else e for e in self.clip_edits)
        return self.model_copy(update={"clip_edits": edits})

    def without_clip(self, clip_id: str) -> Self:
        """The same without what was decided of a clip."""
        left = tuple(e for e in self.clip_edits if e.clip != clip_id)
        return self.model_copy(update={"clip_edits": left})

    def as_json(self) -> dict[str, Any]:
        """What is kept and fingerprinted: only what was decided."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"format": self.format}

    @property
    def says_nothing(self) -> bool:
        return self.as_json() == {"format": self.format}
