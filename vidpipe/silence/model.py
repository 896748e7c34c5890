"""Speech activity and silence: types and options."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.timeline import Interval


class AudioTrack(BaseModel):
    """What the `audio` stage hands on: "no audio" is a value, not a missing asset.

    With sound, the artifact's file `audio.wav` holds 16 kHz mono 16-bit samples,
    sample 0 at the first presented frame.
    """

    model_config = ConfigDict(frozen=True)

    has_audio: bool
    duration_s: float


class SilenceOptions(BaseModel):
    """Options of the stage; levels in dB, times in seconds."""

    model_config = ConfigDict(frozen=True)

    threshold: float = Field(default=0.5, description="speech probability that opens speech")
    min_speech_s: float = 0.12
    min_gap_s: float = Field(default=0.2, description="shorter gaps stay within speech")
    pad_s: float = Field(default=0.08, description="kept around speech: consonants are quiet")
    min_silence_s: float = 0.25
    above_floor_db: float = Field(
        default=12.0, description="sound this far over the noise floor is worth keeping"
    )
    below_speech_db: float = Field(
        default=18.0, description="sound this far under the speech level never is"
    )


class SpeechMap(BaseModel):
    """Where a voice is and where nothing is; both sorted and disjoint.

    `speech` and `silences` need not fill the whole: music and applause are neither.
    """

    model_config = ConfigDict(frozen=True)

    duration_s: float
    speech: tuple[Interval, ...] = ()
    silences: tuple[Interval, ...] = ()
    noise_floor_db: float | None = None
    speech_level_db: float | None = None

    @property
    def speech_s(self) -> float:
        return sum(item.duration_s for item in self.speech)

    @property
    def silence_s(self) -> float:
        return sum(item.duration_s for item in self.silences)
