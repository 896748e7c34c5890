"""A speech-to-text server on this machine: plain faster-whisper behind OpenAI's protocol.

What a server answers depends on whose it is: OpenAI's has bare words with times and its
punctuation in the text, others have segments only.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MARKS = " .,;:!?\"'()[]…。、，！？"


@contextmanager
def serving(folder: str, *, words: bool) -> Iterator[str]:
    """The address of a server with the weights of a folder; with `words` it times each."""
    from faster_whisper import WhisperModel

    model = WhisperModel(folder, device="cpu", compute_type="int8")
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with one_at_a_time:
                answer = _answer(model, _fields(self.headers["Content-Type"], body), words=words)
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/v1"
    finally:
        http.shutdown()
        http.server_close()


def _fields(kind: str, body: bytes) -> dict[str, bytes]:
    """The parts of a form by name."""
    form = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts: Any = form.get_payload()
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in parts
    }


def _answer(model: Any, fields: dict[str, bytes], *, words: bool) -> dict[str, Any]:
    """`verbose_json` of an upload."""
    language = fields.get("language", b"").decode() or None
    found, told = model.transcribe(
        io.BytesIO(fields["file"]),
        language=language,
        beam_size=5,
        word_timestamps=words,
        initial_prompt=fields.get("prompt", b"").decode() or None,
    )
    segments = list(found)
    answer: dict[str, Any] = {
        "task": "transcribe",
        "language": told.language,
        "duration": told.duration,
        "text": "".join(s.text for s in segments).strip(),
        "segments": [
            {"id": k, "start": s.start, "end": s.end, "text": s.text}
            for k, s in enumerate(segments)
        ],
    }
    if words:
        bare = [(w.word.strip(_MARKS), w.start, w.end) for s in segments for w in s.words or ()]
        answer["words"] = [{"word": t, "start": a, "end": b} for t, a, b in bare if t]
    return answer
