"""A convolutional network in a file, run by ONNX Runtime: from any thread, after any fork."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import Misconfigured
from vidpipe.media.faces.onnx_shapes import with_free_sizes

Values = NDArray[np.float32]

#: On two cores one thread is as fast as two, and leaves one to what decodes
#: (`benchmarks/real/faces.py`: CenterFace at 640x384 46 ms with one, 88 ms with two busy ones).
_THREADS = 1


class Network:
    """One file's network; loaded when it is first asked, anew in every process.

    Raises:
        Misconfigured: the file cannot be read, or is no ONNX model.
    """

    def __init__(self, path: Path, outputs: tuple[str, ...], *, threads: int = _THREADS) -> None:
        try:
            model = path.read_bytes()
            self._model = with_free_sizes(model)
        except (OSError, ValueError) as error:
            raise Misconfigured(f"face model {path}: {error}") from error
        self.path = path
        self.digest = hashlib.sha256(model).hexdigest()
        self._threads = threads
        self._outputs = outputs
        self._loading = threading.Lock()
        self._session: tuple[int, Any] | None = None
        # A file that cannot be used is said at once, not in the middle of a video.
        self._loaded()

    def run(self, picture: Values) -> list[Values]:
        """The outputs for one picture, shape (1, channels, height, width)."""
        session = self._loaded()
        return list(session.run(list(self._outputs), {session.get_inputs()[0].name: picture}))

    def _loaded(self) -> Any:
        held = self._session
        # A session's threads do not live on in a child process.
        if held is not None and held[0] == os.getpid():
            return held[1]
        with self._loading:
            held = self._session
            if held is None or held[0] != os.getpid():
                held = self._session = os.getpid(), self._load()
            return held[1]

    def _load(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Regions have many sizes: memory kept for the largest of each would only grow.
        options.enable_mem_pattern = False
        try:
            session = onnxruntime.InferenceSession(
                self._model, options, providers=["CPUExecutionProvider"]
            )
            missing = set(self._outputs) - {output.name for output in session.get_outputs()}
        except Exception as error:  # the runtime raises a different type per cause
            reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
            raise Misconfigured(f"face model {self.path}: {reason}") from error
        if missing:
            raise Misconfigured(
                f"face model {self.path}: it has no outputs {', '.join(sorted(missing))}"
            )
        return session

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None, "_loading": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _loading=threading.Lock())
