"""Telling how far a stage is, beside the work: whatever happens to the telling, the work goes on.

A stage says how far it is as often as it likes: that is kept in memory, and a thread of its own
writes the last of it into the catalog, twice a second at most. The thread may fail, or hang in a
database that is away: nobody waits for it, and nothing that it raises reaches the stage. That a
stage is done is written down with its end, see `Catalog.record_stage`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.progress import INTERVAL_S, StageTick
from vidpipe.observability import context, events
from vidpipe.pipeline.estimates import left_s, stage_rates
from vidpipe.pipeline.stage_run import Progress
from vidpipe.storage.keys import channel_of

#: Seconds between two words in the log that nothing can be told.
_COMPLAIN_S = 60.0


@dataclass
class _Stage:
    """One stage that is at work in this process."""

    tick: StageTick
    began_s: float
    names: Sequence[str]
    usual_s: float | None = None
    weighed: bool = False


@dataclass
class Teller:
    """Keeps the last word of each stage of this process, and has it written down.

    Attributes:
        catalog: gives where; asked by the thread alone.
    """

    catalog: Callable[[], Catalog]
    _now: dict[tuple[str, str], _Stage] = field(default_factory=dict)
    _fresh: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _complained_s: float = -_COMPLAIN_S
    _known: tuple[float, Mapping[str, float]] | None = None

    def stage(self, video_id: str, name: str, names: Sequence[str], progress: Progress) -> Progress:
        """The same as `progress`, and what it is told is written down as well.

        Args:
            video_id: of the video.
            name: of the stage.
            names: of all stages that its run may have.
            progress: told first.
        """
        key = (video_id, name)
        run_id = context.current().get("run_id", "")[:64]
        tick = StageTick(video_id, channel_of(video_id), run_id, name, 0.0, {})
        with self._lock:
            self._now[key] = _Stage(tick, time.monotonic(), names)
        self._say(key, 0.0)

        def tell(fraction: float, note: str) -> None:
            progress(fraction, note)
            self._say(key, fraction)

        return tell

    def end(self, video_id: str, name: str) -> None:
        """A stage is over: nothing more is told of it."""
        with self._lock:
            self._now.pop((video_id, name), None)
            self._fresh.discard((video_id, name))

    def _say(self, key: tuple[str, str], fraction: float) -> None:
        try:
            with self._lock:
                stage = self._now.get(key)
                if stage is None:
                    return
                stage.tick = replace(stage.tick, fraction=fraction)
                self._fresh.add(key)
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(
                        target=self._write_on, name="vidpipe-progress", daemon=True
                    )
                    self._thread.start()
            self._wake.set()
        except Exception as error:
            self._complain(error)

    def _write_on(self) -> None:
        """Until nothing was said for a while: then the next word begins another thread."""
        while self._wake.wait(60.0):
            self._wake.clear()
            for key in self._taken():
                try:
                    self._write(key)
                except Exception as error:
                    self._complain(error)
            time.sleep(INTERVAL_S)

    def _taken(self) -> list[tuple[str, str]]:
        with self._lock:
            taken, self._fresh = sorted(self._fresh), set()
        return taken

    def _write(self, key: tuple[str, str]) -> None:
        with self._lock:
            stage = self._now.get(key)
        if stage is None:
            return
        catalog = self.catalog()
        if not stage.weighed:
            self._weigh(catalog, stage)
        elapsed_s = time.monotonic() - stage.began_s
        left = left_s(stage.tick.fraction, elapsed_s, stage.usual_s)
        if not catalog.progress.tell(replace(stage.tick, left_s=left)):
            # Said too soon after the last: it counts with the next.
            with self._lock:
                if key in self._now:
                    self._fresh.add(key)
                    self._wake.set()

    def _weigh(self, catalog: Catalog, stage: _Stage) -> None:
        """What the stages of its run usually take for a recording as long as this one."""
        stage.weighed = True
        video = catalog.video(stage.tick.video_id)
        if video is None or video.duration_s <= 0:
            return
        at = time.monotonic()
        if self._known is None or at - self._known[0] > 300.0:
            self._known = (at, stage_rates(catalog))
        rates = self._known[1]
        asked = [r for r in catalog.requests.of_video(video.video_id) if r.stages is not None]
        own = next((r.stages for r in asked if r.run_id == stage.tick.run_id), None)
        names = own or stage.names
        weights = {n: rates[n] * video.duration_s for n in names if n in rates}
        stage.usual_s = weights.get(stage.tick.stage)
        if weights:
            usual = sum(weights.values()) / len(weights)
            weights = {n: weights.get(n, usual) for n in names}
        stage.tick = replace(stage.tick, weights=weights)

    def _complain(self, error: Exception) -> None:
        at = time.monotonic()
        if at - self._complained_s >= _COMPLAIN_S:
            self._complained_s = at
            events.warning("progress_write_failed", cause=error)
