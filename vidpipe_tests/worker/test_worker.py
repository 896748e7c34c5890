"""Chores beside each other: run again and again, failing alone, ending when they are told."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from vidpipe.errors import Unavailable
from vidpipe.worker import Chore, Worker, chores, stopping
from vidpipe.worker.process import run_until_told


def run(*given: Chore, until, grace_s: float = 5.0, timeout_s: float = 20.0) -> float:
    """Work until something is so; the seconds that ending took."""

    async def main() -> float:
        worker = Worker(given, grace_s=grace_s)
        async with asyncio.timeout(timeout_s):
            async with worker.beside():
                while not until():
                    await asyncio.sleep(0.005)
                began = time.monotonic()
        return time.monotonic() - began

    return asyncio.run(main())


def test_functions_and_coroutine_functions_are_run_again_and_again():
    seen: list[str] = []

    def plain(name: str) -> None:
        assert threading.current_thread() is not threading.main_thread()
        seen.append(name)

    async def waits() -> None:
        assert threading.current_thread() is threading.main_thread()
        seen.append("async")

    run(
        Chore("plain", 0.01, functools.partial(plain, "plain")),
        Chore("async", 0.01, waits),
        Chore("lambda", 0.01, lambda: waits()),  # noqa: PLW0108
        until=lambda: seen.count("plain") > 2 and seen.count("async") > 5,
    )


def test_what_has_more_to_do_goes_on_at_once():
    left = list(range(50))

    def work() -> bool:
        left.pop()
        return bool(left)

    began = time.monotonic()
    run(Chore("long queue", 60, work), until=lambda: not left)
    assert time.monotonic() - began < 5


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    "error", [ValueError("broken"), SystemExit(3), StopIteration(), asyncio.CancelledError()]
)
@pytest.mark.parametrize("in_thread", [True, False])
def test_a_chore_that_fails_ends_no_other(monkeypatch, caplog, error, in_thread):
    monkeypatch.setattr(chores, "_backoff_s", lambda *_: 0.01)
    seen: list[str] = []

    def fails() -> None:
        seen.append("fails")
        raise error

    async def fails_here() -> None:
        fails()

    async def works() -> None:
        seen.append("works")

    run(
        Chore("fails", 0.01, fails if in_thread else fails_here),
        Chore("works", 0.01, works),
        until=lambda: seen.count("fails") > 2 and seen.count("works") > 2,
    )
    assert "chore_run_failed chore=fails in_a_row=2" in caplog.text


def test_what_is_away_for_the_moment_is_no_error(monkeypatch, caplog):
    monkeypatch.setattr(chores, "_backoff_s", lambda *_: 0.01)

    async def away() -> None:
        raise Unavailable("the catalog is away")

    run(Chore("away", 0.01, away), until=lambda: "in_a_row=3" in caplog.text)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_waits_grow_with_failures_and_end_somewhere():
    waits = [chores._backoff_s(5.0, k) for k in range(1, 40)]
    assert 5.0 <= waits[0] <= 10.0 and waits[1] <= 20.0
    assert max(waits) <= chores.MAX_BACKOFF_S and min(waits[10:]) >= chores.MAX_BACKOFF_S / 2
    assert 1800.0 <= chores._backoff_s(3600.0, 5) <= 3600.0


def test_a_chore_at_work_ends_before_the_worker_does_and_knows_that_it_is_to():
    seen: list[str] = []

    def work() -> None:
        seen.append("begun")
        while not stopping():
            time.sleep(0.005)
        seen.append("ended")

    assert not stopping()
    run(Chore("long", 60, work), until=lambda: seen == ["begun"])
    assert seen == ["begun", "ended"]


def test_one_that_does_not_end_is_left_after_the_grace(caplog):
    hangs = threading.Event()
    begun: list[str] = []

    async def waits() -> None:
        begun.append("waits")
        await asyncio.sleep(3600)

    def blocks() -> None:
        begun.append("blocks")
        hangs.wait(60)

    took = run(
        Chore("waits", 1, waits),
        Chore("blocks", 1, blocks),
        until=lambda: len(begun) == 2,
        grace_s=0.2,
    )
    hangs.set()
    assert 0.15 < took < 3
    assert "chore_end_late chore=chore waits grace_s=0.2" in caplog.text


def test_signals_end_it_the_second_at_once():
    seen: list[str] = []

    async def waits() -> None:
        seen.append("begun")
        try:
            await asyncio.sleep(3600)
        finally:
            seen.append("ended")

    async def main() -> None:
        worker = Worker([Chore("waits", 1, waits)], grace_s=60)

        async def tell() -> None:
            while not seen:
                await asyncio.sleep(0.005)
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(0.05)

        async with asyncio.timeout(10):
            await asyncio.gather(run_until_told(worker), tell())

    asyncio.run(main())
    assert seen == ["begun", "ended"]


def test_the_command_works_until_it_is_told_to_end(tmp_path):
    environment = {**os.environ, "VIDPIPE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", "from vidpipe.cli import main; main()", "worker", "--grace", "5"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert f'"pid": {process.pid}' in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_a_chore_is_told_when_the_work_ends_and_may_fail_at_it(caplog):
    ended: list[str] = []

    def fails() -> None:
        raise Unavailable("the catalog is away")

    run(
        Chore("one", 0.01, lambda: None, ended=lambda: ended.append("one")),
        Chore("two", 0.01, lambda: None, ended=fails),
        Chore("three", 0.01, lambda: None, ended=lambda: ended.append("three")),
        until=lambda: True,
    )
    assert ended == ["one", "three"] and "chore_end_failed" in caplog.text


def test_a_worker_touches_a_file_as_long_as_it_lives(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from vidpipe.cli import app
    from vidpipe.worker import process

    seen: list[float] = []
    alive = tmp_path / "alive"

    async def looked(worker: Worker, ready) -> None:
        ready()
        (mine,) = [chore for chore in worker._chores if chore.name == "alive file"]
        os.utime(alive, (0, 0))
        mine.work()
        seen.append(alive.stat().st_mtime)

    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(process, "run_until_told", looked)
    done = CliRunner().invoke(app, ["worker", "--alive", str(alive)])
    assert done.exit_code == 0, done.output
    assert seen and seen[0] > time.time() - 60
