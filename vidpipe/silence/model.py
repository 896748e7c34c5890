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

    threshold: float = Field(default=0.55, description="speech probability that opens speech")
    hysteresis: float = Field(default=0.1, description="and so much less holds it open")
    min_speech_s: float = Field(default=0.1, description="shorter is a click, not a syllable")
    min_gap_s: float = Field(default=0.1, description="a shorter gap is the closure of a stop")
    min_silence_s: float = Field(
        default=0.25, description="shorter pauses are part of how somebody speaks"
    )
    margin_s: float = Field(
        default=0.005, description="kept around speech; its edges are found to within a frame"
    )
    noisy_margin_s: float = Field(
        default=0.03, description="the same where edges drown in noise and cannot be seen"
    )
    clear_share: float = Field(
        default=0.85, description="edges can be seen where so much of the speech stands out"
    )
    edge_db: float = Field(default=5.0, description="an edge stands so far out of the noise")
    edge_reach_s: float = Field(
        default=0.35, description="how far an edge may lie from where the model hears it"
    )
    closure_s: float = Field(
        default=0.08, description="a shorter hole in a sound is the closure of a stop"
    )
    min_rest_s: float = Field(default=0.2, description="a rest within speech that is no speech")
    above_background_db: float = Field(
        default=9.0, description="over what a room leaves after its steady noise: echo, codec"
    )
    below_speech_db: float = Field(
        default=48.0, description="what is so far under the speech is never heard"
    )
    heard_db: float = Field(
        default=15.0, description="what is no more than this under the speech always is"
    )
    sound_db: float = Field(
        default=7.0, description="music or applause stands so far out of the noise"
    )
    sound_below_speech_db: float = Field(
        default=30.0, description="quieter than this a sound is not worth keeping: breath, steps"
    )
    min_sound_s: float = Field(default=0.3, description="and neither is a shorter one: a click")


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
