"""Work that is done behind the one that hands it over, in its order: beside a decoder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

#: So much may wait: decoded pictures are large.
_WAITING = 16


class Behind:
    """A thread that does what it is given one after the other; a context manager.

    What an error ended is raised to whoever hands over the next, or waits.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="looks")
        self._room = threading.Semaphore(_WAITING)
        self._failed: BaseException | None = None
        self._last: Future[None] | None = None

    def do(self, work: Callable[..., Any], *given: Any) -> None:
        """Hand something over; waits while too much does."""
        self._raise()
        self._room.acquire()
        self._last = self._thread.submit(self._run, work, given)

    def wait(self) -> None:
        """Until all is done."""
        if self._last is not None:
            self._last.result()
        self._raise()

    def _run(self, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
        try:
            if self._failed is None:
                work(*given)
        except BaseException as error:
            self._failed = error
        finally:
            self._room.release()

    def _raise(self) -> None:
        if self._failed is not None:
            raise self._failed

    def __enter__(self) -> Behind:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=True)
