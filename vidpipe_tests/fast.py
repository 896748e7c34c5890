"""`--fast`: the tests that start no program and open no recording, within seconds each.

Nobody keeps a list. A test that starts a program is stopped where it does and counted as left to
`make test`; so is one that opens a recording, or wants made-up media or a processed talk. What
remains takes at most `LIMIT_S` of a processor, or fails and says so: nothing slow gets in
unnoticed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from typing import Any

import av
import pytest

#: Of a processor, for one test: the first to load PyTorch or Dagster takes some 4 s of it.
LIMIT_S = 6.0
LEFT = "left to `make test`"
#: The name under which a report holds what the end of a test that was stopped said.
UNFINISHED = "unfinished"
_PROGRAMS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")


class Fast:
    """What watches a run with `--fast`."""

    def __init__(self) -> None:
        self._within = False
        self._refused = False
        # A hook cannot be taken away again; it looks at `_within`.
        sys.addaudithook(self._on_event)
        opened = av.open

        def refused(*given: Any, **named: Any) -> Any:
            if self._within:
                self.refuse("opens a recording")
            return opened(*given, **named)

        av.open = refused  # type: ignore[assignment]

    def _on_event(self, event: str, _: tuple[Any, ...]) -> None:
        if self._within and event in _PROGRAMS:
            self.refuse("starts a program")

    def refuse(self, why: str) -> None:
        """End the test that is running."""
        self._refused = True
        pytest.skip(f"{why}: {LEFT}")

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._within, self._refused = True, False
        try:
            return (yield)
        finally:
            self._within = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        began_s = time.process_time()
        result = yield
        took_s = time.process_time() - began_s
        if took_s > LIMIT_S and not self._refused:
            pytest.fail(
                f"This test took {took_s:.1f} s of a processor; one of `make test-fast` takes at "
                f"most {LIMIT_S:.0f} s. Make it shorter, or leave it to `make test` with "
                "@pytest.mark.slow.",
                pytrace=False,
            )
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self._refused and call.when != "teardown":
            # Also where the code under test made something of its own of the refusal.
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: {LEFT}")
        elif self._refused and report.failed:
            # A server that was ended in the middle of an answer cannot be shut down any more. That
            # is no failure; what it says stands at the end all the same.
            said = f"{item.nodeid}: {call.excinfo.exconly() if call.excinfo else ''}"
            report.outcome, report.longrepr = "passed", None
            report.user_properties = [*report.user_properties, (UNFINISHED, said)]
        return report

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        skipped = terminalreporter.stats.get("skipped", [])
        left = sum(LEFT in str(report.longrepr) for report in skipped)
        terminalreporter.write_line(f"{left} tests that start a program or need media are {LEFT}.")
        for report in terminalreporter.stats.get("", []):
            for name, said in getattr(report, "user_properties", ()):
                if name == UNFINISHED:
                    terminalreporter.write_line(f"Stopped, it could not be put away: {said}")
