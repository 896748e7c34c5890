from dataclasses import dataclass

import pytest

from vidpipe.media.pcm import AudioSamples
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.testmedia.recording import Room, SyntheticRecording
from vidpipe.timeline import intersection, span
from vidpipe.transcript.recogniser import AudioChunk
from vidpipe_tests.recorded import saved
from vidpipe_tests.shared import make_recording


@dataclass(frozen=True)
class Heard:
    made: SyntheticRecording
    samples: AudioSamples
    speech: SpeechMap

    def passage(self, start_s=0.0, end_s=None):
        whole = span(start_s, end_s or self.samples.duration_s)
        return AudioChunk(
            self.samples, whole, tuple(intersection(list(self.speech.speech), [whole]))
        )


@pytest.fixture(scope="session")
def heard(tmp_path_factory) -> Heard:
    """Some 70 s of made-up speech, what is known of it, and where speech was found."""
    made = make_recording(Room(noise="pink", noise_db=-30), seed=3, sentences=16)
    path = saved(made.samples, tmp_path_factory.mktemp("heard") / "heard.wav")
    samples = AudioSamples.open(path)
    return Heard(made, samples, find_silence(samples, SilenceOptions())[0])


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A tiny Whisper with random weights, as transformers stores one."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    from vidpipe_tests.transcript.checkpoint import make_whisper

    return make_whisper(tmp_path_factory.mktemp("whisper") / "tiny")
