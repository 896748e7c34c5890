"""Servers that speak OpenAI's protocol, badly: given up with a reason, told nobody else's words."""

import gzip
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.segments.editor.editor import Editor
from vidpipe.segments.editor.questions import Lengths, ShownCandidate
from vidpipe.segments.editor.server import Answer, Question, ask_server
from vidpipe.segments.model import LlmOptions
from vidpipe.settings import load_settings
from vidpipe.timeline import span
from vidpipe.transcript.api import _chance, _from_segments, _words
from vidpipe.transcript.model import Word
from vidpipe.transcript.recogniser import AudioChunk

pytest.importorskip("openai", reason="the extra api is not installed")
pytestmark = pytest.mark.usefixtures("free_of_charge")
NOTHING = Question((), 0)
WORDS = [Word(text=w, start_s=k, end_s=k + 1) for k, w in enumerate("a word or two".split())]


@contextmanager
def serving(answer):
    """A server whose every answer `answer(handler)` writes; its address, and what it was sent."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            seen.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            answer(self)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/v1", seen
    http.shutdown()
    http.server_close()


def whole(handler, data, **headers):
    handler.send_response(200)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def judged(options, ask=None):
    """Verdicts on one candidate, and the note."""
    editor = Editor(options, ask)
    return editor.judge(
        [ShownCandidate(WORDS, 0, len(WORDS), 0, len(WORDS))], Lengths(1, 9)
    ), editor.note


def options(url, **more):
    return LlmOptions(url=url, model="small", max_attempts=1, **more)


def test_words_are_sent_to_no_other_server():
    with serving(lambda h: whole(h, b"{}")) as (other, stolen):

        def elsewhere(handler):
            handler.send_response(307)
            handler.send_header("Location", f"{other}/chat/completions")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        question = Question(({"role": "user", "content": "secret words"},), 9)
        with (
            serving(elsewhere) as (url, seen),
            pytest.raises((Misconfigured, Unavailable), match="307"),
        ):
            ask_server(options(url), question)
    assert len(seen) == 1 and stolen == []


def test_a_server_that_drips_is_given_up():
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(60):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    began = time.monotonic()
    with serving(drip) as (url, _), pytest.raises(Unavailable, match=r"longer than 0\.5 s"):
        ask_server(options(url, timeout_s=0.5), NOTHING)
    assert time.monotonic() - began < 4


def test_what_is_compressed_is_bounded_when_it_is_not():
    bomb = gzip.compress(b" " * (64 << 20))
    with (
        serving(lambda h: whole(h, bomb, Content_Encoding="gzip")) as (url, _),
        pytest.raises(Unavailable, match="more than"),
    ):
        ask_server(options(url), NOTHING)


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"[" * 100_000,
        b"{}",
        b"[1]",
        b'{"choices": 3}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": []}',
    ],
)
def test_an_answer_that_is_none_leaves_the_local_choice(data):
    with serving(lambda h: whole(h, data)) as (url, _):
        verdicts, note = judged(options(url))
    assert verdicts == {} and note.skipped_reason


@pytest.mark.parametrize(
    "used",
    [None, 3, {}, {"prompt_tokens": "many"}, {"prompt_tokens": -5}, {"prompt_tokens": 10**30}],
)
def test_counts_that_are_none_count_nothing(used):
    said = {"choices": [{"message": {"content": "{}"}}], "usage": used}
    with serving(lambda h: whole(h, json.dumps(said).encode())) as (url, _):
        assert ask_server(options(url), NOTHING).tokens_in == 0


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"clips": ' + "[" * 100_000 + "}",
        '{"clips": [{"id": "c' + "1" * 5000 + '", "score": 5}]}',
        '{"clips": [{"id": "c1", "score": ' + "9" * 5000 + "}]}",
        '{"clips": [{"id": "c1", "score": NaN}]}',
        '{"clips": [' + ",".join(["{}"] * 400_000) + "]}",
        '{"clips": {"id": "c1"}}',
        '{"clips": [null, 3, [], {"id": {}, "score": 5}]}',
    ],
)
def test_verdicts_that_are_none_are_skipped_reason(content):
    began = time.monotonic()
    verdicts, _ = judged(LlmOptions(), lambda _: Answer(content=content))
    assert verdicts == {} and time.monotonic() - began < 5


def test_a_title_of_one_long_word_takes_no_time():
    long = "a." * 200_000
    said = {"clips": [{"id": "c1", "score": 50, "title": long, "hook": long, "reason": long}]}
    began = time.monotonic()
    ask = lambda _: Answer(content=json.dumps(said))  # noqa: E731
    verdicts, _ = judged(LlmOptions(), ask)
    assert time.monotonic() - began < 2
    assert all(not v.title and not v.hook for v in verdicts.values())


def test_a_budget_without_prices_is_refused(monkeypatch):
    monkeypatch.setenv("VIDPIPE_LLM__BUDGET", "1")
    with pytest.raises(Misconfigured, match=r"VIDPIPE_LLM.*price_in"):
        load_settings()
    monkeypatch.setenv("VIDPIPE_LLM__PRICE_OUT", "10")
    assert load_settings().llm.budget == 1


def test_a_kept_answer_costs_nothing_again():
    said = json.dumps({"clips": [{"id": "c1", "score": 70}]})
    for kept, cost in ((False, 5.0), (True, 0.0)):
        answer = Answer(content=said, tokens_in=1_000_000, kept=kept)
        verdicts, note = judged(LlmOptions(price_in=5.0), lambda _, a=answer: a)
        assert verdicts and note.cost == cost
    assert "kept" not in Answer(content="x", kept=True).model_dump()


# Transcripts


@pytest.mark.parametrize(
    "listed",
    [
        3,
        "words",
        [3, None, [], {"word": 3}],
        [{"word": "x", "start": 10**400, "end": 1}],
        [{"word": "x", "start": float("nan"), "end": 1}],
        [{"word": "x", "start": -5, "end": 1}],
        [{"word": "x", "start": 1e300, "end": 1e301}],
        [{"word": "x", "start": "0", "end": "1"}],
    ],
)
def test_words_that_are_none_are_skipped_reason(listed):
    assert _words(listed, 0.0) == []


@pytest.mark.parametrize("chance", [10**400, float("nan"), float("inf"), -1, "high", None])
def test_a_chance_that_is_none_is_none(chance):
    assert _chance(chance) is None
    [word] = _words([{"word": "x", "start": 0, "end": 1, "probability": chance}], 0.0)
    assert word.confidence is None


@pytest.mark.parametrize(
    "segments", [3, "x", [3, None], [{"start": 10**400, "end": 1, "text": "x"}], {"a": 1}]
)
def test_segments_that_are_none_are_spread_as_text(segments):
    passage = AudioChunk(samples=None, interval=span(0, 4), speech=(span(0, 4),), terms=())
    words = _from_segments({"text": "two words", "segments": segments}, passage)
    assert [w.text for w in words] == ["two", "words"]
