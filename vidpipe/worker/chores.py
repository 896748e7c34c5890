"""Chores, and what runs them beside each other until it is told to stop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from vidpipe.errors import retryable
from vidpipe.observability import events

#: Seconds between two tries of a chore that fails again and again, at most.
MAX_BACKOFF_S = 300.0
#: Of the time between two runs this share is left to chance, so that processes spread out.
_JITTER = 0.1
#: Seconds that a chore has for what it does last.
_LAST_S = 3.0
_STOP: contextvars.ContextVar[asyncio.Event | None] = contextvars.ContextVar("stop", default=None)


def stopping() -> bool:
    """Whether the worker that runs this chore was told to stop.

    A chore that takes long asks now and then, and returns early.
    """
    event = _STOP.get()
    return event is not None and event.is_set()


@dataclass(frozen=True)
class Chore:
    """Something that is to be done again and again.

    Several processes have the same chores at the same time: `work` claims what it does
    (`vidpipe.catalog.leases`), and leaves what others have.

    Attributes:
        name: for the log.
        every_s: seconds between two runs while nothing is due.
        work: works off what is due, or a part of it; true where there is more. A function that
            is not a coroutine function runs in a thread of its own. It may end at any line: what
            it had claimed is then taken over when its lease ends.
        ended: called, in a thread, when the worker was told to stop and its chores have ended.
    """

    name: str
    every_s: float
    work: Callable[[], Awaitable[bool | None] | bool | None]
    ended: Callable[[], None] | None = None


class Worker:
    """Runs chores beside each other: one that fails is tried again later, and ends no other.

    Args:
        chores: what is to be done.
        grace_s: seconds that chores have for ending after `stop`; then they are left as they are.
    """

    def __init__(self, chores: Sequence[Chore], *, grace_s: float = 20.0) -> None:
        self._chores = tuple(chores)
        self._grace_s = grace_s
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin nothing any more; called in the loop that runs it."""
        self._stop.set()

    async def run(self) -> None:
        """Work until `stop` is called, and until what was at work then has ended."""
        _STOP.set(self._stop)
        tasks = {
            asyncio.create_task(self._again_and_again(chore), name=f"chore {chore.name}")
            for chore in self._chores
        }
        try:
            await self._stop.wait()
            if tasks:
                _, late = await asyncio.wait(tasks, timeout=self._grace_s)
                for task in late:
                    events.warning("chore_end_late", chore=task.get_name(), grace_s=self._grace_s)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._say_ended()

    async def _say_ended(self) -> None:
        """What chores do last may fail, and may not take long."""
        for chore in self._chores:
            if chore.ended is None:
                continue
            try:
                async with asyncio.timeout(_LAST_S):
                    await _in_thread(chore.ended)
            except Exception as error:
                events.warning("chore_end_failed", chore=chore.name, message=str(error))

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """Work while something else is done, and stop after it."""
        running = asyncio.create_task(self.run(), name="worker")
        try:
            yield
        finally:
            self.stop()
            await running

    async def _again_and_again(self, chore: Chore) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                more = await _once(chore)
                failures = 0
                wait_s = 0.0 if more else chore.every_s * random.uniform(1 - _JITTER, 1 + _JITTER)
            except (Exception, SystemExit, asyncio.CancelledError) as error:
                if _is_cancelled(error):
                    raise
                failures += 1
                wait_s = _backoff_s(chore.every_s, failures)
                _say(chore, error, failures, wait_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait_s)


async def _once(chore: Chore) -> bool:
    if inspect.iscoroutinefunction(chore.work):
        return bool(await chore.work())
    made = await _in_thread(chore.work)
    # What is given may be a partial or a lambda over a coroutine function.
    return bool(await made) if inspect.isawaitable(made) else bool(made)


async def _in_thread(work: Callable[[], Any]) -> Any:
    """What a function gives; its thread ends with the process, whatever it does then.

    Threads of the loop's pool are waited for when the interpreter ends: a chore that hangs would
    keep the process.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Any] = loop.create_future()

    def tell(result: Any, error: Exception | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(result)
        elif isinstance(error, StopIteration):
            # A future cannot hold one.
            ended.set_exception(RuntimeError(f"ended by {error!r}"))
        else:
            ended.set_exception(error)

    def run() -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = context.run(work)
        except Exception as raised:
            error = raised
        except BaseException as raised:
            # It would end the loop, and the other chores with it.
            error = RuntimeError(f"ended by {raised!r}")
        # The loop may be over when it ends.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result, error)

    context = contextvars.copy_context()
    threading.Thread(target=run, name="vidpipe-chore", daemon=True).start()
    return await ended


def _is_cancelled(error: BaseException) -> bool:
    """Whether the chore's task is to end, rather than something within the chore."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _backoff_s(every_s: float, failures: int) -> float:
    """Twice as long with every failure in a row, with chance in it."""
    longest = max(MAX_BACKOFF_S, every_s)
    wait_s = min(max(every_s, 1.0) * 2.0 ** min(failures, 20), longest)
    return wait_s * random.uniform(0.5, 1.0)


def _say(chore: Chore, error: BaseException, failures: int, wait_s: float) -> None:
    said: dict[str, Any] = {"chore": chore.name, "in_a_row": failures, "wait_s": round(wait_s, 1)}
    if retryable(error):
        events.warning("chore_run_failed", message=str(error), **said)
    else:
        events.error("chore_run_failed", cause=error, **said)
