"""Made-up speech: which voice says it, and exactly when each word is said."""

import json
import re

import numpy as np
import pytest

from vidpipe.errors import Misconfigured
from vidpipe.media.pcm import SAMPLE_RATE
from vidpipe.testmedia.espeak import pronounced
from vidpipe.testmedia.piper import HOP, Piper
from vidpipe.testmedia.script import DEMO_TALK, signed
from vidpipe.testmedia.speech import NATURAL_VOICE, voice_for
from vidpipe.testmedia.talk import TalkLook, make_talk, truth_of

TEXT = "The end of the 44 volts isn't for a U.S. company. How often, do we have to look?"
#: Where the sound of a word begins is told by its level; quiet ones (h, th, f) swell.
ONSET_S = 0.06


@pytest.fixture(scope="module")
def natural(model):
    return model(NATURAL_VOICE)


@pytest.fixture(scope="module")
def said(natural):
    return Piper(natural).say(TEXT)


def level(samples, rate):
    hop = rate // 100
    count = len(samples) // hop
    return np.sqrt(np.mean(samples[: count * hop].reshape(count, hop) ** 2, axis=1))


def test_without_a_model_espeak_speaks_and_its_words_end_before_the_next():
    voice = voice_for(None)
    spoken = voice.say("What is a sound, really?")
    assert voice.name == "espeak-ng"
    assert [w.text for w in spoken.words] == ["What", "is", "a", "sound", "really"]
    for word, after in zip(spoken.words, spoken.words[1:], strict=False):
        assert word.start_s < word.end_s <= after.start_s
    # At the comma nobody speaks.
    sound, really = spoken.words[3:]
    assert really.start_s - sound.end_s > 0.1
    assert spoken.words[-1].end_s <= spoken.duration_s


def test_every_sound_belongs_to_a_place_in_the_text():
    read = pronounced(TEXT)
    assert [r.sentence for r in read] == sorted(r.sentence for r in read)
    assert {r.sentence for r in read} == {0, 1}
    of = next(r for r in read if TEXT[r.first : r.last] == "of")
    # English runs "of the" together: both are at the first.
    assert "".join(of.phonemes) == "ʌvðə" and TEXT.index("the ") not in [r.first for r in read]


def test_a_natural_voice_says_every_written_word_once_and_in_order(said):
    assert [w.text for w in said.words] == TEXT.split()
    assert said.words[0].start_s >= 0 and said.words[-1].end_s <= said.duration_s
    for word, after in zip(said.words, said.words[1:], strict=False):
        assert word.start_s < word.end_s <= after.start_s
    # 44 is one written word and two spoken ones.
    lengths = {w.text: w.end_s - w.start_s for w in said.words}
    assert lengths["44"] > 1.5 * lengths["end"]


def test_words_begin_where_their_sound_does(said):
    """After each pause of 0.2 s the level rises where the first word begins."""
    levels = level(said.samples, said.rate)
    starts = [
        w.start_s
        for before, w in zip((None, *said.words), said.words, strict=False)
        if before is None or w.start_s - before.end_s > 0.2
    ]
    assert len(starts) == 3  # the beginning, the second sentence, after its comma
    for start in starts:
        first = max(0, round((start - 0.15) * 100))
        onset = (first + int(np.argmax(levels[first:] > 0.02))) / 100
        assert onset == pytest.approx(start, abs=ONSET_S)


def test_times_lie_on_frames(said):
    frames = [w.start_s * said.rate / HOP for w in said.words[:11]]
    assert frames and np.allclose(frames, np.round(frames), atol=0.02)


def test_the_same_texts_in_the_same_order_sound_alike(natural, said):
    again = Piper(natural).say(TEXT)
    assert np.array_equal(again.samples, said.samples) and again.words == said.words


def test_nothing_is_cut_off_and_there_is_a_pause_between_sentences(said):
    assert 0.2 < np.abs(said.samples).max() < 0.99
    loud = level(said.samples, said.rate)
    assert -35 < 20 * np.log10(np.sqrt(np.mean(loud**2))) < -15
    company, how = said.words[10:12]
    assert company.text == "company." and 0.35 < how.start_s - company.end_s < 1.0


@pytest.mark.slow
def test_a_recogniser_understands_it(natural, whisper_base):
    from faster_whisper import WhisperModel
    from scipy.signal import resample_poly

    sentences = DEMO_TALK[1].sentences
    voice = Piper(natural)
    spoken = [voice.say(s) for s in sentences]
    pause = np.zeros(spoken[0].rate // 2, np.float32)
    sound = np.concatenate([part for s in spoken for part in (s.samples, pause)])
    sound = resample_poly(sound, SAMPLE_RATE, spoken[0].rate).astype(np.float32)
    whisper = WhisperModel(str(whisper_base), device="cpu", compute_type="int8")
    heard = " ".join(s.text for s in whisper.transcribe(sound, language="en", beam_size=1)[0])
    expected, words = (re.findall(r"[a-z']+", t.lower()) for t in (" ".join(sentences), heard))
    assert len(set(expected) - set(words)) <= 0.08 * len(set(expected))


def test_a_file_that_is_no_voice_is_refused(tmp_path, model):
    with pytest.raises(Misconfigured, match="joe"):
        voice_for(tmp_path / "joe.onnx")
    other = tmp_path / "other.onnx"
    other.write_bytes(model("centerface").read_bytes())
    config = {
        "dataset": "x",
        "audio": {"sample_rate": 22050},
        "inference": {"noise_scale": 0.6, "length_scale": 1, "noise_w": 0.8},
        "phoneme_id_map": {"_": [0]},
    }
    other.with_name("other.onnx.json").write_text(json.dumps(config))
    with pytest.raises(Misconfigured, match="rounds durations"):
        voice_for(other)


@pytest.mark.parametrize("text", [" … ", "++", "%", "\U0001f600"])
def test_nothing_to_say_is_an_error(natural, text):
    with pytest.raises(ValueError, match="nothing to say"):
        Piper(natural).say(text)


def test_a_talk_says_who_spoke(tmp_path, natural):
    pages = signed(DEMO_TALK[1:2], "somebody")
    assert pages[0].bullets[-1] == "Made up; spoken by: somebody"
    target = tmp_path / "talk.mp4"
    voice = Piper(natural)
    truth = make_talk(target, pages, TalkLook(width=320, height=180), voice=voice)
    assert truth.voice == voice.name == json.loads(truth_of(target).read_text())["voice"]
    assert [w for _, w in truth.words] == " ".join(pages[0].sentences).split()
    starts = [t for t, _ in truth.words]
    assert starts == sorted(starts)
    for start, end, text in truth.sentences:
        within = [w for t, w in truth.words if start <= t < end]
        assert within == text.split()
