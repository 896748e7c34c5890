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
    """Options of the stage; levels in dB, times in seconds.

    The figures are the ones that did best in `benchmarks/silence.py`, where other
    values of each were tried on made-up and real recordings.
    """

    model_config = ConfigDict(frozen=True)

    threshold: float = Field(
        default=0.55, description="speech probability at which speech begins, 0 to 1"
    )
    hysteresis: float = Field(
        default=0.1, description="hysteresis: speech ends this far below the opening threshold"
    )
    min_speech_s: float = Field(
        default=0.1, description="minimum seconds of speech; shorter is a click"
    )
    min_gap_s: float = Field(
        default=0.1,
        description="minimum seconds of a gap; a shorter one is the closure of a stop consonant",
    )
    min_silence_s: float = Field(
        default=0.25, description="minimum seconds of silence; shorter pauses belong to the speech"
    )
    margin_s: float = Field(
        default=0.005, description="seconds kept around speech whose edges are clear"
    )
    noisy_margin_s: float = Field(
        default=0.03, description="seconds kept around speech whose edges are lost in noise"
    )
    clear_share: float = Field(
        default=0.85,
        description="share of speech above the noise from which its edges count as clear",
    )
    edge_db: float = Field(default=5.0, description="level of an edge above the noise, in dB")
    edge_reach_s: float = Field(
        default=0.35, description="maximum seconds between an edge and where the model hears it"
    )
    closure_s: float = Field(
        default=0.08,
        description="minimum seconds of a gap within a sound; a shorter one is a stop consonant",
    )
    min_rest_s: float = Field(
        default=0.2, description="minimum seconds of a rest within speech that counts as silence"
    )
    above_background_db: float = Field(
        default=9.0, description="level of sound above echo and codec noise, in dB"
    )
    below_speech_db: float = Field(
        default=48.0, description="level below the speech from which sound never counts, in dB"
    )
    heard_db: float = Field(
        default=15.0, description="level below the speech up to which sound always counts, in dB"
    )
    sound_db: float = Field(
        default=7.0, description="level of music or applause above the noise, in dB"
    )
    sound_below_speech_db: float = Field(
        default=30.0,
        description="level below the speech from which a sound is dropped (breath, steps), in dB",
    )
    min_sound_s: float = Field(
        default=0.3, description="minimum seconds of a sound; a shorter one is a click"
    )


class SpeechMap(BaseModel):
    """Where a voice is, where nothing is, and other sounds worth keeping.

    All sorted and disjoint. They need not fill the whole: a gap too short to be
    called silence is none of them. Levels in dBFS.
    """

    model_config = ConfigDict(frozen=True)

    duration_s: float
    speech: tuple[Interval, ...] = ()
    silences: tuple[Interval, ...] = ()
    sounds: tuple[Interval, ...] = ()
    noise_floor_db: float | None = None
    speech_level_db: float | None = None

    @property
    def speech_s(self) -> float:
        return sum(item.duration_s for item in self.speech)

    @property
    def silence_s(self) -> float:
        return sum(item.duration_s for item in self.silences)
