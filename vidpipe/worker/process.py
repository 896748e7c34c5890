"""A worker as a process: it ends when the machine asks it to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from vidpipe.worker.chores import Worker


async def run_until_told(worker: Worker, ready: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM or an interrupt; a second one ends what is still at work at once.

    Args:
        worker: that is run.
        ready: called as soon as signals are obeyed.
    """
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(worker.run(), name="worker")
    told = False

    def end() -> None:
        nonlocal told
        if told:
            running.cancel()
        told = True
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    ready()
    try:
        await asyncio.wait([running])
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    if not running.cancelled():
        running.result()
