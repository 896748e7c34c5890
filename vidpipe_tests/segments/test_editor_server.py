"""The language model as editor: its server, and what a run keeps of its answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vidpipe.pipeline.planning import StageVerdict, plan
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.segments.editor.editor import Editor
from vidpipe.segments.editor.questions import ShownCandidate, lengths, llm_identity
from vidpipe.segments.model import LlmOptions
from vidpipe.transcript.model import Word
from vidpipe_tests.conftest import make_engine, take
from vidpipe_tests.segments.scripted import EDITOR, JUDGE, MARKS, OPTIONS

pytestmark = pytest.mark.usefixtures("free_of_charge")


def test_without_a_server_there_is_no_editor_and_with_one_it_is_part_of_the_fingerprint():
    pytest.importorskip("openai")
    assert llm_identity(LlmOptions()) is None
    known = llm_identity(EDITOR)
    assert known["server"] == "127.0.0.1:9/v1:small"
    other = llm_identity(EDITOR.model_copy(update={"model": "large"}))
    assert known != other and known["prompt"] == other["prompt"]
    assert known != llm_identity(EDITOR.model_copy(update={"budget": 1.0}))
    assert known != llm_identity(JUDGE)


@pytest.fixture
def server():
    pytest.importorskip("openai")
    seen = []

    class Handler(BaseHTTPRequestHandler):
        status, content = 200, ""

        def log_message(self, *_):
            pass

        def do_POST(self):
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "small",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": Handler.content},
                    }
                ],
                "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
            }
            if Handler.status != 200:
                body = {"error": {"message": "no such model"}}
            data = json.dumps(body).encode()
            self.send_response(Handler.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/v1", Handler, seen
    http.shutdown()
    http.server_close()


def test_over_the_wire(server):
    url, handler, seen = server
    options = LlmOptions(url=url, model="small", max_attempts=1)
    handler.content = json.dumps({"clips": [{"id": "c1", "score": 70}]})
    words = [Word(text="Hello", start_s=0, end_s=1)]
    shown, limits = [ShownCandidate(words, 0, 1, 0, 1)], lengths(words, 1.0, OPTIONS)
    editor = Editor(options)
    assert editor.judge(shown, limits)[0].score == 70
    assert (editor.note.tokens_in, editor.note.tokens_out) == (11, 7)
    assert seen[0]["temperature"] == 0 and seen[0]["response_format"] == {"type": "json_object"}
    handler.status = 404
    editor = Editor(options)
    assert not editor.judge(shown, limits)
    assert "refuses with 404: no such model. See VIDPIPE_LLM__URL" in editor.note.skipped_reason


def test_an_answer_is_kept_so_that_asking_again_costs_nothing(server, talk, tmp_path, monkeypatch):
    url, handler, seen = server
    monkeypatch.setenv("VIDPIPE_LLM__URL", url)
    monkeypatch.setenv("VIDPIPE_LLM__MODEL", "small")
    monkeypatch.setenv("VIDPIPE_LLM__PRICE_IN", "1000")
    handler.content = json.dumps({"clips": MARKS})
    engine = make_engine(tmp_path / "home")
    video_id = take(engine, talk.path).video_id
    order = engine.order(video_id)
    names = engine.pipeline.names(order.wanted_platforms)
    for name in names[: names.index("scored_segments") + 1]:
        first = engine.run_stage(name, video_id, order)
    # It read, judged, and had a single one, which is compared with nothing.
    assert len(seen) == 2
    assert first.document.llm.judged == 4 and first.document.llm.cost == 0.022
    again = engine.run_stage(
        "scored_segments", video_id, engine.order(video_id, RunOptions(clips=1))
    )
    assert not again.reused and again.document.llm.judged == 4
    assert again.document.llm.cost == 0, "it was paid once"
    assert len(seen) == 2


def test_a_server_that_was_away_is_asked_by_the_next_run(server, talk, tmp_path, monkeypatch):
    url, handler, seen = server
    monkeypatch.setenv("VIDPIPE_LLM__URL", url)
    monkeypatch.setenv("VIDPIPE_LLM__MODEL", "small")
    monkeypatch.setenv("VIDPIPE_LLM__MAX_ATTEMPTS", "1")
    monkeypatch.setenv("VIDPIPE_LLM__PRICE_IN", "0")
    handler.content, handler.status = json.dumps({"clips": MARKS}), 404
    engine = make_engine(tmp_path / "home")
    video_id = take(engine, talk.path).video_id
    order = engine.order(video_id)
    names = engine.pipeline.names(order.wanted_platforms)
    for name in names[: names.index("scored_segments") + 1]:
        first = engine.run_stage(name, video_id, order)
    assert first.document.llm.unavailable
    planned = {s.stage: s.verdict for s in plan(engine, video_id).steps}
    assert planned["scored_segments"] is StageVerdict.PARTIAL
    handler.status = 200
    again = engine.run_stage("scored_segments", video_id, engine.order(video_id))
    assert not again.reused and again.document.llm.judged == 4
    assert engine.run_stage("scored_segments", video_id, engine.order(video_id)).reused
    assert len(seen) == 3
