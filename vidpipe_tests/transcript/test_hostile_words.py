"""Word lists and servers' answers of any content: words, or a reason, within seconds."""

import json
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.errors import InputRejected, Unavailable
from vidpipe.openai_client import read_answer
from vidpipe.segments.editor.answers import comparisons, proposals, verdicts
from vidpipe.segments.editor.questions import Lengths, ShownCandidate
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript import api
from vidpipe.transcript.model import SkippedSource, Word
from vidpipe.transcript.recogniser import AudioChunk
from vidpipe.transcript.sidecar import SidecarTranscript, from_sidecar, read_sidecar
from vidpipe.transcript.subtitles import to_srt, to_vtt
from vidpipe.transcript.word_lists import read_word_list

WHISPER = '{"segments": [{"start": %s, "end": %s, "text": "so", "words": [%s]}]}'


def read(text):
    return read_word_list(text.encode("utf-8", "surrogatepass"), "talk.json", 60.0)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        WHISPER % ("NaN", "Infinity", ""),
        WHISPER % ("1e400", "2e400", ""),
        WHISPER % ("9" * 5000, "9" * 5001, ""),
        WHISPER % ("1", "2", '{"word": "%s", "start": 1, "end": 2}' % ("x" * 5_000_000)),
        '{"words": [{"word": "a", "start": NaN, "end": 2}]}',
        '{"words": [{"word": "a", "start": "many", "end": {}}]}',
        '{"words": 5}',
        '{"segments": {"a": 1}}',
        '{"transcription": [{"offsets": {"from": "x", "to": null}}]}',
        '{"events": [{"tStartMs": 1e999, "segs": [{"utf8": "x"}]}]}',
        '{"recognizedPhrases": [{"nBest": [], "offsetInTicks": "x"}]}',
        '{"results": {"channels": []}}',
        "[" + "1," * 5_000_000 + "1]",
        '"\\ud800"',
    ],
)
def test_what_is_no_word_list_is_refused_with_a_reason(text):
    begun = time.process_time()
    with pytest.raises(InputRejected) as refused:
        read(text)
    assert refused.value.message and time.process_time() - begun < 10


def test_halves_of_letters_and_odd_numbers_are_left_out():
    found = read(
        '{"words": [{"word": "a\\ud800b", "start": 1, "end": 2, "score": 1e999},'
        ' {"word": "c", "start": 2, "end": NaN, "speaker": 3}]}'
    )
    assert [w.confidence for w in found.words] == [None, None]
    assert found.words[1].speaker == "Speaker 4"
    for word in found.words:
        word.text.encode()


@pytest.mark.parametrize(
    "listed",
    [
        [{"word": f"w{k}"} for k in range(49_000)]
        + [{"word": "t", "start": k / 1000, "end": k / 1000} for k in range(51_000)],
        [{"word": "a", "start": 1.0, "end": 1.0} for _ in range(2000)],
    ],
)
def test_words_without_times_or_length_take_no_minutes(tmp_path, listed):
    path = tmp_path / "talk.json"
    path.write_text(json.dumps({"words": listed}))
    speech = SpeechMap(duration_s=60, speech=(span(0, 60),))
    begun = time.process_time()
    reading = read_sidecar(path, "talk.json", speech)
    if isinstance(reading, SidecarTranscript):
        done = from_sidecar(reading, None, speech, "en")
        assert to_srt(done.words)
    else:
        assert "nobody speaks so fast" in reading.reason
    assert time.process_time() - begun < 20


def test_words_between_timed_ones_share_the_gap():
    listed = [{"word": "a", "start": 1, "end": 2}, {"word": "x"}, {"word": "y"}]
    listed += [{"word": "b", "start": 5}, {"word": "c", "start": 6}]
    times = [(w.start_s, w.end_s) for w in read(json.dumps({"words": listed})).words]
    assert times[:3] == [(1.0, 2.0), (2.0, 3.5), (3.5, 5.0)]


def test_who_speaks_is_read_from_the_forms_that_say_it():
    whisperx = {
        "segments": [
            {
                "start": 0,
                "end": 2,
                "text": "a b",
                "speaker": "SPEAKER_01",
                "words": [
                    {"word": "a", "start": 0, "end": 1, "speaker": "SPEAKER_00"},
                    {"word": "b", "start": 1, "end": 2},
                ],
            }
        ]
    }
    assert [w.speaker for w in read(json.dumps(whisperx)).words] == ["Speaker 1", "Speaker 2"]
    assembly = {"words": [{"text": "a", "start": 0, "end": 9, "speaker": "A"}]}
    assert read(json.dumps(assembly)).words[0].speaker == "Speaker A"


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1.5s", "en", "PT3S", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "segments words word text start end results events segs utf8 tStartMs offsets from "
                "to transcription recognizedPhrases nBest offsetInTicks durationInTicks result "
                "alternatives channels items type content speaker confidence language clips id "
                "score title hook reason".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(_JSON)
def test_any_json_is_read_or_refused(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("any") / "talk.json"
    path.write_text(json.dumps(value))
    speech = SpeechMap(duration_s=60, speech=(span(0, 60),))
    found = read_sidecar(path, "talk.json", speech)
    if isinstance(found, SkippedSource):
        assert found.reason
        return
    done = from_sidecar(found, None, speech, None)
    for write in (to_srt, to_vtt):
        write(done.words).encode()
    assert all(w.end_s > w.start_s for w in done.words)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(["words", "segments", "text", "language"]), _JSON))
def test_any_answer_of_a_server_is_words_or_none(said):
    said = json.loads(json.dumps(said))
    passage = AudioChunk(SimpleNamespace(), span(10, 20), (span(11, 19),))
    words = api._words(said.get("words"), 10.0)
    if words:
        words = api._with_punctuation(words, api._text(said.get("text")))
    for word in words or api._from_segments(said, passage):
        assert word.text.strip() and word.end_s > word.start_s >= 10.0


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b"", b"\xff\xfe", b"[" + b"1," * 3_000_000 + b"1]", b"x" * (40 << 20)],
)
def test_an_answer_that_is_none_is_unavailable(content):
    with pytest.raises(Unavailable, match="server"):
        read_answer(content, "server")


@settings(max_examples=250, deadline=None, derandomize=True)
@given(_JSON)
def test_any_answer_of_a_language_model_leaves_the_local_choice(value):
    words = [Word(text="so", start_s=0, end_s=1), Word(text="what", start_s=1, end_s=2)]
    content = json.dumps(value)
    found, _ = verdicts(
        content, [ShownCandidate(words, 0, 2, 0, 2), ShownCandidate(words, 0, 1, 0, 2)]
    )
    assert set(found) <= {0, 1}
    assert all(0 <= a < b <= 2 for a, b in proposals(content, words, Lengths(1, 9))[0])
    assert set(comparisons(content, [(0, 1)]).values()) <= {0, 1, None}


@pytest.mark.parametrize(
    "content",
    [
        '{"clips": [{"id": "c' + "1" * 5000 + '", "score": 5}]}',
        '{"clips": [{"id": "c1", "score": ' + "9" * 5000 + "}]}",
        '{"clips":' + "[" * 100_000,
        '{"clips": [' + '{"id": "c1"},' * 300_000 + "{}]}",
        '{"clips": [{"id": "c1", "score": 50, "title": "' + "a" * 400_000 + '"}]}',
        '{"clips": [{"id": "c1", "score": 50, "hook": "' + "a." * 200_000 + '"}]}',
    ],
)
def test_no_answer_of_a_language_model_crashes_or_hangs(content):
    words = [Word(text="so", start_s=0, end_s=1)]
    begun = time.process_time()
    found, _ = verdicts(content, [ShownCandidate(words, 0, 1, 0, 1)])
    assert (
        proposals(content, words, Lengths(1, 9)) == ([], 0) and comparisons(content, [(0, 1)]) == {}
    )
    assert time.process_time() - begun < 2
    assert all(not v.title and not v.hook for v in found.values())
