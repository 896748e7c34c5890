import json

import pytest

from vidpipe.errors import InputRejected
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.sidecar import SidecarTranscript, from_sidecar, read_sidecar
from vidpipe.transcript.word_lists import read_word_list

WORDS = [("Hello", 0.5, 0.9), ("big", 1.0, 1.2), ("world.", 1.3, 1.8)]


def ticks(t_s):
    return round(t_s * 1e7)


FORMS = {
    "whisper": {
        "text": " Hello big world.",
        "language": "en",
        "segments": [
            {
                "start": 0.5,
                "end": 1.8,
                "text": " Hello big world.",
                "words": [
                    {"word": f" {t}", "start": a, "end": b, "probability": 0.9} for t, a, b in WORDS
                ],
            }
        ],
    },
    "whisperx": {
        "segments": [
            {
                "start": 0.5,
                "end": 1.8,
                "text": "Hello big world.",
                "words": [
                    {"word": "Hello", "start": 0.5, "end": 0.9, "score": 0.8},
                    {"word": "big"},  # it leaves out the times of what it cannot align
                    {"word": "world.", "start": 1.3, "end": 1.8, "score": 0.7},
                ],
            }
        ],
        "word_segments": [],
        "language": "en",
    },
    "openai": {
        "language": "english",
        "duration": 2.0,
        "text": "Hello big world.",
        "words": [{"word": t, "start": a, "end": b} for t, a, b in WORDS],
    },
    "assemblyai": {
        "audio_duration": 60,
        "language_code": "en_us",
        "words": [
            {"text": t, "start": round(a * 1000), "end": round(b * 1000), "confidence": 0.9}
            for t, a, b in WORDS
        ],
    },
    "deepgram": {
        "results": {
            "channels": [
                {
                    "detected_language": "en",
                    "alternatives": [
                        {
                            "words": [
                                {
                                    "word": t.lower().strip("."),
                                    "punctuated_word": t,
                                    "start": a,
                                    "end": b,
                                    "confidence": 0.9,
                                }
                                for t, a, b in WORDS
                            ]
                        }
                    ],
                }
            ]
        }
    },
    "google": {
        "results": [
            {
                "languageCode": "en-us",
                "alternatives": [
                    {
                        "words": [
                            {"word": t, "startTime": f"{a}s", "endTime": f"{b}s"}
                            for t, a, b in WORDS
                        ]
                    }
                ],
            }
        ]
    },
    "amazon": {
        "results": {
            "language_code": "en-US",
            "items": [
                *(
                    {
                        "type": "pronunciation",
                        "start_time": str(a),
                        "end_time": str(b),
                        "alternatives": [{"content": t.strip("."), "confidence": "0.9"}],
                    }
                    for t, a, b in WORDS
                ),
                {"type": "punctuation", "alternatives": [{"content": "."}]},
            ],
        }
    },
    "azure": {
        "recognizedPhrases": [
            {
                "locale": "en-US",
                "offsetInTicks": ticks(0.5),
                "durationInTicks": ticks(1.3),
                "nBest": [
                    {
                        "display": "Hello big world.",
                        "displayWords": [
                            {
                                "displayText": t,
                                "offsetInTicks": ticks(a),
                                "durationInTicks": ticks(b - a),
                            }
                            for t, a, b in WORDS
                        ],
                    }
                ],
            }
        ]
    },
    "vosk": [{"result": [{"word": t, "start": a, "end": b, "conf": 0.9} for t, a, b in WORDS]}],
    "youtube": {
        "events": [
            {"tStartMs": 0, "dDurationMs": 9000, "id": 1},
            {
                "tStartMs": 500,
                "dDurationMs": 1300,
                "segs": [
                    {"utf8": "Hello"},
                    {"utf8": " big", "tOffsetMs": 500},
                    {"utf8": " world.", "tOffsetMs": 800},
                ],
            },
            {"tStartMs": 1800, "segs": [{"utf8": "\n"}]},
        ]
    },
    "podcast": {
        "version": "1.0.0",
        "segments": [
            {"speaker": "Anna", "startTime": a, "endTime": b, "body": f"{t} "} for t, a, b in WORDS
        ],
    },
    "transformers": {
        "text": " Hello big world.",
        "chunks": [{"text": f" {t}", "timestamp": [a, b]} for t, a, b in WORDS],
    },
    "parakeet": {
        "text": "Hello big world.",
        "sentences": [
            {
                "text": "Hello big world.",
                "start": 0.5,
                "end": 1.8,
                "tokens": [
                    {"text": " Hel", "start": 0.5, "end": 0.7},
                    {"text": "lo", "start": 0.7, "end": 0.9},
                    {"text": " big", "start": 1.0, "end": 1.2},
                    {"text": " world", "start": 1.3, "end": 1.7},
                    {"text": ".", "start": 1.7, "end": 1.8},
                ],
            }
        ],
    },
    "rev": {
        "monologues": [
            {
                "speaker": 0,
                "elements": [
                    *(
                        {"type": "text", "value": t.strip("."), "ts": a, "end_ts": b}
                        for t, a, b in WORDS
                    ),
                    {"type": "punct", "value": "."},
                ],
            }
        ]
    },
    "speechmatics": {
        "format": "2.9",
        "results": [
            *(
                {
                    "type": "word",
                    "start_time": a,
                    "end_time": b,
                    "alternatives": [{"content": t.strip("."), "speaker": "S1", "language": "en"}],
                }
                for t, a, b in WORDS
            ),
            {
                "type": "punctuation",
                "attaches_to": "previous",
                "start_time": 1.8,
                "end_time": 1.8,
                "alternatives": [{"content": "."}],
            },
        ],
    },
    "azure, fast": {
        "combinedPhrases": [{"text": "Hello big world."}],
        "phrases": [
            {
                "offsetMilliseconds": 500,
                "durationMilliseconds": 1300,
                "text": "Hello big world.",
                "locale": "en-US",
                "words": [
                    {
                        "text": t,
                        "offsetMilliseconds": round(a * 1000),
                        "durationMilliseconds": round((b - a) * 1000),
                    }
                    for t, a, b in WORDS
                ],
            }
        ],
    },
    "elevenlabs": {
        "language_code": "eng",
        "words": [
            {"text": "(laughter)", "start": 0.1, "end": 0.4, "type": "audio_event"},
            *(
                item
                for t, a, b in WORDS
                for item in (
                    {"text": t, "start": a, "end": b, "type": "word", "speaker_id": "speaker_0"},
                    {"text": " ", "start": b, "end": b, "type": "spacing"},
                )
            ),
        ],
    },
    "gladia": {
        "result": {
            "transcription": {
                "languages": ["en"],
                "utterances": [
                    {
                        "text": "Hello big world.",
                        "start": 0.5,
                        "end": 1.8,
                        "speaker": 0,
                        "words": [{"word": f" {t}", "start": a, "end": b} for t, a, b in WORDS],
                    }
                ],
            }
        }
    },
    "a list": [{"text": t, "start": a, "end": b} for t, a, b in WORDS],
}


@pytest.mark.parametrize("form", FORMS)
def test_words_in_the_forms_of_the_common_tools(form):
    found = read_word_list(json.dumps(FORMS[form]).encode(), "talk.json", 60.0)
    assert [w.text for w in found.words] == [t for t, _, _ in WORDS]
    for word, (_, start, end) in zip(found.words, WORDS, strict=True):
        assert word.start_s == pytest.approx(start, abs=0.16)
        assert word.end_s == pytest.approx(end, abs=0.16)
        assert word.end_s > word.start_s
    assert found.language in ("en", "")


def test_who_speaks_is_told_by_name_where_a_list_has_names():
    premiere = {
        "language": "en-us",
        "segments": [
            {
                "start": 0.5,
                "duration": 1.3,
                "speaker": "5f2c",
                "words": [{"text": t, "start": a, "duration": b - a} for t, a, b in WORDS],
            }
        ],
        "speakers": [{"id": "5f2c", "name": "Anna"}],
    }
    found = read_word_list(json.dumps(premiere).encode(), "talk.json", 60.0)
    assert {w.speaker for w in found.words} == {"Anna"}
    for form, name in (("podcast", "Anna"), ("speechmatics", "Speaker 1"), ("rev", "Speaker 1")):
        found = read_word_list(json.dumps(FORMS[form]).encode(), "talk.json", 60.0)
        assert {w.speaker for w in found.words} == {name}


def test_sentences_of_a_podcast_are_cues():
    raw = {
        "version": "1.0.0",
        "segments": [
            {"startTime": 0.5, "endTime": 4.0, "body": "We talk about microphones today."},
            {"startTime": 4.2, "endTime": 8.0, "body": "And about the rooms they stand in."},
        ],
    }
    found = read_word_list(json.dumps(raw).encode(), "talk.json", 60.0)
    assert found.words == [] and [(c.start_s, c.text) for c in found.cues] == [
        (0.5, "We talk about microphones today."),
        (4.2, "And about the rooms they stand in."),
    ]


def test_segments_without_words_are_cues():
    raw = {"segments": [{"start": 0.5, "end": 1.8, "text": " Hello big world."}], "language": "en"}
    found = read_word_list(json.dumps(raw).encode(), "talk.json", 60.0)
    assert found.words == [] and [c.text for c in found.cues] == ["Hello big world."]
    cpp = {
        "result": {"language": "de"},
        "transcription": [{"offsets": {"from": 500, "to": 1800}, "text": " Guten Tag."}],
    }
    found = read_word_list(json.dumps(cpp).encode(), "talk.json", 60.0)
    assert (found.cues[0].start_s, found.cues[0].text, found.language) == (0.5, "Guten Tag.", "de")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "17",
        '{"words": []}',
        '{"words": 5}',
        '{"segments": [{"text": "no times"}]}',
        '{"title": "talk", "duration": 3}',
        '{"results": {"channels": []}}',
        '[{"word": "a"}, {"word": "b"}]',
    ],
)
def test_what_is_no_word_list_is_refused(text):
    with pytest.raises(InputRejected, match=r"talk\.json"):
        read_word_list(text.encode(), "talk.json", 60.0)


def test_given_words_are_repaired_and_told(tmp_path):
    """Whisper's own JSON carries Whisper's own mistakes."""
    words = [{"word": t, "start": a, "end": b} for t, a, b in WORDS]
    words += [
        {"word": "Thanks", "start": 30.0, "end": 30.5},
        {"word": "bye", "start": 30.5, "end": 31},
    ]
    path = tmp_path / "talk.json"
    path.write_text(json.dumps({"language": "en", "words": words}))
    speech = SpeechMap(duration_s=60, speech=(span(0.4, 2.0),))
    reading = read_sidecar(path, "talk.json", speech)
    assert isinstance(reading, SidecarTranscript)
    found = from_sidecar(reading, None, speech, None)
    assert [w.text for w in found.words] == ["Hello", "big", "world."]
    assert found.word_times == "provided" and found.language == "en"
    assert [(f.kind, f.count) for f in found.flags] == [("over_silence", 2)]
