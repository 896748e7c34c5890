"""The HTTP recogniser against a server on this machine that speaks the protocol, and misbehaves."""

import io
import json
import threading
import time
from dataclasses import replace
from decimal import Decimal
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest

from vidpipe.costs.prices import PriceList
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.models import ModelStore
from vidpipe.spending import paying
from vidpipe.transcript.api import Api, _flac
from vidpipe.transcript.hints import PROMPT_TOKENS
from vidpipe.transcript.model import ApiOptions, TranscriptOptions
from vidpipe.transcript.registry import choose
from vidpipe.transcript.transcribe import transcribe

pytest.importorskip("openai", reason="the extra api is not installed")
pytestmark = pytest.mark.usefixtures("free_of_charge")


class Server:
    """Answers uploads; `plan` holds what the next requests get instead of an answer."""

    def __init__(self):
        self.plan = []
        self.asked = []
        self.times = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.answer = self.words
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                server.handle(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def handle(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        fields = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in BytesParser().parsebytes(head + body).get_payload()
        }
        with self.lock:
            headers = {k.lower(): v for k, v in request.headers.items()}
            self.asked.append((request.path, headers, fields))
            self.times.append(time.monotonic())
            step = self.plan.pop(0) if self.plan else None
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if step == "cut":
                request.connection.close()
                return
            if isinstance(step, tuple):
                status, headers = step
                self.send(request, status, {"error": {"message": "no, not now"}}, headers)
                return
            if step == "garbage":
                self.send(request, 200, None, {}, raw=b"<html>")
                return
            if step == "slow":
                time.sleep(0.3)
            self.send(request, 200, self.answer(fields), {})
        finally:
            with self.lock:
                self.at_once -= 1

    def send(self, request, status, body, headers, raw=None):
        data = raw if raw is not None else json.dumps(body).encode()
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    @staticmethod
    def seconds(fields):
        with av.open(io.BytesIO(fields["file"]), format="flac") as media:
            frames = list(media.decode(audio=0))
        assert frames[0].sample_rate == 16000 and frames[0].layout.name == "mono"
        return sum(f.samples for f in frames) / 16000

    def words(self, fields):
        """A word every half second, punctuation only in the text, as OpenAI does it."""
        count = max(1, int(self.seconds(fields) * 2))
        words = [{"word": f"w{k}", "start": k / 2, "end": k / 2 + 0.3} for k in range(count)]
        text = " ".join(f"w{k}" + ("." if k % 5 == 4 else "") for k in range(count))
        return {"language": "english", "duration": 1.0, "text": text, "words": words}


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


def recogniser(server, **options):
    return Api(ApiOptions(url=server.url, key="secret-canary", **options))


def test_words_come_with_their_times_and_punctuation(server, heard):
    api = recogniser(server, model="whisper-9")
    passage = heard.passage(start_s=10.0, end_s=25.0)
    found = api.recognise(passage, "en")
    words = list(found.words)
    assert found.language == "en" and found.timed
    assert [w.text for w in words][:5] == ["w0", "w1", "w2", "w3", "w4."]
    assert words[3].start_s == pytest.approx(11.5)
    path, headers, fields = server.asked[0]
    assert path == "/v1/audio/transcriptions"
    assert headers["authorization"] == "Bearer secret-canary"
    assert fields["model"] == b"whisper-9" and fields["language"] == b"en"
    assert fields["response_format"] == b"verbose_json"
    assert server.seconds(fields) == pytest.approx(15.0, abs=0.01)
    assert "secret" not in api.identity


def test_what_is_sent_is_what_was_recorded():
    """Every value of 16 bits, there and back."""
    values = np.arange(-(2**15), 2**15).astype(np.int16)
    with av.open(io.BytesIO(_flac(values.astype(np.float32) / 32768)), format="flac") as media:
        sent = np.concatenate([f.to_ndarray()[0] for f in media.decode(audio=0)])
    assert (sent == values).all()


def test_one_word_that_differs_costs_no_other_its_punctuation(server, heard):
    """`50%` is two words in the list, and one in the text."""
    said = ["So", "50", "percent", "it", "is", "Then", "more"]
    server.answer = lambda _: {
        "language": "english",
        "text": "So, 50% it is. Then more.",
        "words": [{"word": w, "start": k / 2, "end": k / 2 + 0.3} for k, w in enumerate(said)],
    }
    words = recogniser(server).recognise(heard.passage(start_s=10.0, end_s=25.0), "en").words
    assert [w.text for w in words] == ["So,", "50%", "it", "is.", "Then", "more."]


def test_the_server_is_told_the_names_and_only_if_there_are_some(server, heard):
    api = recogniser(server)
    passage = heard.passage(start_s=10.0, end_s=12.0)
    names = ("Dagster", "Alan Turing", *(f"Name {k}" for k in range(300)))
    api.recognise(passage, "en")
    api.recognise(replace(passage, terms=names), "en")
    plain, told = (fields for _, _, fields in server.asked)
    assert "prompt" not in plain
    assert told["prompt"].startswith(b"Dagster, Alan Turing, Name 0, ")
    assert len(told["prompt"]) <= 2 * PROMPT_TOKENS and told["prompt"].endswith(b".")


def test_uploads_stay_under_the_limit_and_go_side_by_side(server, heard):
    server.plan = ["slow"] * 20
    api = recogniser(server, max_mib=0.4, parallel=3, cost_per_minute=0.006)
    found = transcribe(api, heard.samples, heard.speech, None, [])
    assert len(server.asked) >= 5
    assert all(len(f["file"]) < 0.4 * 2**20 for _, _, f in server.asked)
    assert server.most_at_once == 3
    assert found.source == "api" and found.cost > 0
    assert [w.start_s for w in found.words] == sorted(w.start_s for w in found.words)


@pytest.mark.parametrize("step", [(429, {"Retry-After": "1"}), (503, {"Retry-After": "1"})])
def test_a_server_that_asks_to_wait_is_waited_for(server, heard, step):
    server.plan = [step]
    words = list(recogniser(server).recognise(heard.passage(end_s=5.0), "en").words)
    assert words and len(server.asked) == 2
    assert server.times[1] - server.times[0] >= 0.95


@pytest.mark.parametrize("step", [(500, {}), "cut"])
def test_faults_that_pass_are_tried_again(server, heard, step):
    server.plan = [step, step]
    words = list(recogniser(server).recognise(heard.passage(end_s=5.0), "en").words)
    assert words and len(server.asked) == 3


def test_a_long_wait_is_handed_on(server, heard):
    """Longer than a step should wait: the error says for how long."""
    server.plan = [(429, {"Retry-After": "600"})]
    with pytest.raises(Unavailable, match="429") as told:
        recogniser(server).recognise(heard.passage(end_s=5.0), "en")
    assert told.value.retry_after_s == 600 and len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 413])
def test_a_refusal_is_not_tried_again_and_names_the_settings(server, heard, status):
    server.plan = [(status, {})]
    with pytest.raises(Misconfigured, match=rf"{status}: no, not now.*API__URL") as told:
        recogniser(server).recognise(heard.passage(end_s=5.0), "en")
    assert len(server.asked) == 1 and "canary" not in str(told.value)


@pytest.mark.parametrize("answer", [{}, {"words": [1]}, []])
def test_answers_without_a_text_are_the_servers_fault(server, heard, answer):
    server.answer = lambda _: answer
    with pytest.raises(Unavailable):
        list(recogniser(server, max_attempts=1).recognise(heard.passage(end_s=5.0), "en").words)
    server.plan = ["garbage"]
    with pytest.raises(Unavailable):
        recogniser(server, max_attempts=1).recognise(heard.passage(end_s=5.0), "en")


def test_a_server_that_is_not_there(heard):
    api = Api(ApiOptions(url="http://127.0.0.1:9/v1", max_attempts=1))
    with pytest.raises(Unavailable, match="cannot be reached"):
        api.recognise(heard.passage(end_s=5.0), "en")


def test_a_slow_server_is_given_up_on(server, heard):
    server.plan = ["slow"]
    with pytest.raises(Unavailable):
        recogniser(server, max_attempts=1, timeout_s=0.1).recognise(heard.passage(end_s=5.0), "en")


def test_servers_without_word_times_have_their_words_spread(server, heard):
    server.answer = lambda _: {
        "language": "de",
        "text": "eins zwei drei",
        "segments": [{"start": 2.0, "end": 8.0, "text": " eins zwei drei"}],
    }
    found = recogniser(server).recognise(heard.passage(start_s=10, end_s=25), None)
    words = list(found.words)
    assert [w.text for w in words] == ["eins", "zwei", "drei"] and not found.timed
    assert all(12 <= w.start_s < w.end_s <= 18 for w in words) and found.language == "de"
    server.answer = lambda _: {"text": "vier fünf"}
    words = list(recogniser(server).recognise(heard.passage(start_s=10, end_s=25), None).words)
    assert [w.text for w in words] == ["vier", "fünf"]
    assert all(10 <= w.start_s < w.end_s <= 25 for w in words)


def test_times_that_are_none_are_passed_over(server, heard):
    odd = [None, "x", float("nan"), float("inf")]
    given = [{"word": "odd", "start": t, "end": 2.0} for t in odd]
    words = [*given, {"word": "right", "start": 1.0, "end": 1.5}]
    server.answer = lambda _: {"text": "odd right", "words": words}
    passage = heard.passage(end_s=5.0)
    assert [w.text for w in recogniser(server).recognise(passage, "en").words] == ["right"]
    segments = [{"text": w["word"], "start": w["start"], "end": w["end"]} for w in words]
    server.answer = lambda _: {"text": "odd right", "segments": segments}
    assert [w.text for w in recogniser(server).recognise(passage, "en").words] == ["right"]


def test_it_is_used_when_an_address_is_set(server, tmp_path):
    options = TranscriptOptions(api=ApiOptions(url=server.url))
    chosen, passed = choose(options, None, ModelStore(tmp_path, may_fetch=False))
    assert chosen is not None and chosen.name == "api" and passed == []


class Bill:
    """Pays for calls by the price list, as if the server were OpenAI's."""

    def __init__(self):
        self.prices = PriceList()
        self.booked = []

    def reserve(self, purchase):
        self.price = self.prices.price(replace(purchase, service="openai"))
        self.most = self.price.cost(purchase.most, up=True)
        self.expected = self.price.cost(purchase.likely)
        return self

    def settle(self, used, *, cost=None):
        self.booked.append((dict(used), self.price.cost(used)))

    def fail(self, used, **_):
        raise AssertionError(used)


USAGE = {
    "type": "tokens",
    "input_tokens": 164,
    "input_token_details": {"text_tokens": 14, "audio_tokens": 150},
    "output_tokens": 45,
    "total_tokens": 209,
}


@pytest.mark.parametrize(
    ("usage", "used", "dollars"),
    [
        (USAGE, {"audio_tokens": 150, "input_tokens": 14, "output_tokens": 45}, "0.001385"),
        # What is not said to be text is sound.
        ({**USAGE, "input_token_details": 7}, {"audio_tokens": 164}, "0.001434"),
        ({"type": "duration", "seconds": 15}, {"audio_seconds": 15}, "0.0015"),
        # Without usage, or with what is none, it is what a minute is said to cost.
        (None, {"audio_seconds": 15}, "0.0015"),
        ({"input_tokens": -3, "output_tokens": 4}, {"audio_seconds": 15}, "0.0015"),
        ({"input_tokens": "many", "output_tokens": True}, {"audio_seconds": 15}, "0.0015"),
    ],
)  # fmt: skip
def test_a_model_that_is_billed_in_tokens_is_booked_in_tokens(server, heard, usage, used, dollars):
    server.answer = lambda _: {"text": "So it is. Then more."} | ({"usage": usage} if usage else {})
    bill = Bill()
    with paying(bill):
        found = recogniser(server, model="gpt-4o-transcribe").recognise(
            heard.passage(start_s=10.0, end_s=25.0), "en"
        )
    assert [w.text for w in found.words] == ["So", "it", "is.", "Then", "more."]
    # It refuses to say when words were said.
    _, _, fields = server.asked[0]
    assert fields["response_format"] == b"json" and "timestamp_granularities[]" not in fields
    [(booked, amount)] = bill.booked
    assert used.items() <= booked.items()
    assert amount == int(Decimal(dollars) * 10**9)
    assert bill.expected == 1_500_000 and amount <= bill.most


def test_where_a_setting_says_what_a_minute_costs_tokens_are_not_booked(server, heard):
    server.answer = lambda _: {"text": "So it is.", "usage": USAGE}
    bill = Bill()
    with paying(bill):
        api = recogniser(server, model="gpt-4o-mini-transcribe", cost_per_minute="0.06")
        api.recognise(heard.passage(start_s=10.0, end_s=25.0), "en")
    [(booked, amount)] = bill.booked
    assert booked["audio_seconds"] == 15 and amount == 15_000_000
