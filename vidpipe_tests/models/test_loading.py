"""Fetched models do what they are for, and ask no network for it."""

from __future__ import annotations

import socket

import cv2
import numpy as np
import pytest

from vidpipe.content.model import SentenceModelOptions
from vidpipe.content.vectors import sentence_model
from vidpipe.media.faces import choose_faces
from vidpipe.media.pcm import AudioSamples
from vidpipe.models import ModelStore
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions
from vidpipe.timeline import span
from vidpipe.transcript.model import FasterWhisperOptions, TranscriptOptions
from vidpipe.transcript.recogniser import AudioChunk
from vidpipe.transcript.registry import choose
from vidpipe_tests.conftest import MODELS
from vidpipe_tests.recorded import saved


@pytest.fixture
def store(monkeypatch):
    """The fetched models, on a machine that may not even try to connect."""

    def refuse(self, address):
        pytest.fail(f"somebody asks {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    return ModelStore(MODELS, may_fetch=True)


def test_the_pinned_whisper_hears_what_is_said(whisper_base, store, real_media, tmp_path):
    import av

    with av.open(str(real_media("speech/jfk_11s.wav"))) as file:
        sampler = av.AudioResampler("flt", "mono", 16_000)
        frames = [f for frame in file.decode(audio=0) for f in sampler.resample(frame)]
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
    samples = AudioSamples.open(saved(sound, tmp_path / "jfk.wav"))
    options = TranscriptOptions(
        recognisers="faster-whisper", faster_whisper=FasterWhisperOptions(model="base")
    )
    recogniser, passed = choose(options, "en", store)
    assert passed == [] and recogniser.weights.folder() == whisper_base
    assert "whisper-base-1.0.0" in recogniser.identity
    speech, _ = find_silence(samples, SilenceOptions())
    whole = AudioChunk(samples, span(0.0, samples.duration_s), speech.speech)
    said = " ".join(word.text for word in recogniser.recognise(whole, "en").words).lower()
    assert "ask not what your country can do for you" in said.replace(",", "")


def test_the_pinned_detector_finds_a_face(centerface, store, real_media):
    video = cv2.VideoCapture(str(real_media("speech/talkinghead_senator_8s_512.mp4")))
    _, picture = video.read()
    chosen = choose_faces("auto", None, lambda name: store.locate(name).path)
    assert "centerface" in chosen.detector.identity and not chosen.instead
    [face] = chosen.detector.detect(np.asarray(picture, np.uint8))
    assert face.score > 0.5 and 0.1 < face.rect.height / picture.shape[0] < 0.9


def test_the_pinned_sentence_model_tells_what_belongs_together(model, store):
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    folder = model("minilm")
    found, why = sentence_model(SentenceModelOptions(model="minilm"), store)
    assert why == "" and found.weights.folder() == folder
    cat, kitten, money = found.embed(
        ["A cat sits on the mat.", "A kitten rests on a rug.", "Interest rates rose."]
    )
    assert cat @ kitten > 0.4 > cat @ money
