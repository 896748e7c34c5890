"""What one process of the service has: connections, queries, room on disks, cards."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from vidpipe.observability.metrics.catalog import PREFIX

_QUERY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
#: Seconds that what a card said is good for, and that it is waited for.
_CARD_S, _CARD_TIMEOUT_S = 15.0, 5.0
_CARD_QUESTION = "index,name,utilization.gpu,memory.used,memory.total,temperature.gpu"


class PoolCollector(Collector):
    """Connections to the database: in use, kept, and how many there may be.

    Args:
        engines: by what they are for, more may come. `catalog` is what threads use,
            `accounts` what is asynchronous.
    """

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines

    def collect(self) -> Iterator[Metric]:
        """Of each pool; one without a limit has none to say."""
        open_now = GaugeMetricFamily(
            f"{PREFIX}database_connections",
            "Connections of this process to the database.",
            labels=("pool", "state"),
        )
        most = GaugeMetricFamily(
            f"{PREFIX}database_connections_max",
            "Connections that this process may have.",
            labels=("pool",),
        )
        for name, engine in self._engines.items():
            pool = engine.pool
            if not isinstance(pool, QueuePool):
                continue
            open_now.add_metric([name, "in_use"], pool.checkedout())
            open_now.add_metric([name, "idle"], pool.checkedin())
            most.add_metric([name], pool.size() + pool._max_overflow)
        yield open_now
        yield most


class QueryMetrics:
    """Measures the statements of this process.

    Args:
        registry: where the figures go.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._took = Histogram(
            f"{PREFIX}database_query_duration_seconds",
            "Seconds that statements of this process took.",
            ("pool",),
            buckets=_QUERY_S,
            registry=registry,
        )

    def watch(self, name: str, engine: Engine) -> None:
        """Measure every statement of an engine from now on."""
        took = self._took.labels(name)

        def begin(_c: Any, _cur: Any, _s: str, _p: Any, context: Any, _m: bool) -> None:
            context.vidpipe_began_s = time.perf_counter()

        def end(_c: Any, _cur: Any, _s: str, _p: Any, context: Any, _m: bool) -> None:
            took.observe(time.perf_counter() - context.vidpipe_began_s)

        event.listen(engine, "before_cursor_execute", begin)
        event.listen(engine, "after_cursor_execute", end)


class DiskCollector(Collector):
    """Room where this process keeps files.

    Args:
        folders: by what they are for; those that are not there yet are made on the same disk.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)

    def collect(self) -> Iterator[Metric]:
        """Of each folder the file system that it is on."""
        free = GaugeMetricFamily(
            f"{PREFIX}disk_free_bytes", "Bytes that are free.", labels=("folder",)
        )
        size = GaugeMetricFamily(
            f"{PREFIX}disk_size_bytes", "Bytes that there are in all.", labels=("folder",)
        )
        for name, folder in self._folders.items():
            existing = next((p for p in (folder, *folder.parents) if p.exists()), None)
            if existing is None:
                continue
            usage = shutil.disk_usage(existing)
            free.add_metric([name], usage.free)
            size.add_metric([name], usage.total)
        yield free
        yield size


@dataclass(frozen=True)
class Card:
    """What a graphics card said of itself; None: it does not say."""

    index: str
    name: str
    used_ratio: float | None
    memory_used_bytes: float | None
    memory_size_bytes: float | None
    celsius: float | None


def cards(said: str) -> list[Card]:
    """The cards of an answer of nvidia-smi, asked for CSV without header and units."""
    found = []
    for line in said.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != len(_CARD_QUESTION.split(",")):
            continue
        used, memory, size, celsius = (_number(part) for part in parts[2:])
        found.append(
            Card(
                index=parts[0],
                name=parts[1],
                used_ratio=None if used is None else used / 100,
                memory_used_bytes=None if memory is None else memory * 2**20,
                memory_size_bytes=None if size is None else size * 2**20,
                celsius=celsius,
            )
        )
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        # What a card does not measure is said as [N/A] or [Not Supported].
        return None


class GpuCollector(Collector):
    """NVIDIA's cards, where this machine has any: nvidia-smi is asked, at most every 15 s."""

    def __init__(self) -> None:
        self._program = shutil.which("nvidia-smi")
        self._lock = threading.Lock()
        self._until_s = 0.0
        self._last: list[Card] = []

    def collect(self) -> Iterator[Metric]:
        """Nothing on a machine without a card."""
        if self._program is None:
            return
        families = {
            "used_ratio": _of_card("gpu_utilization_ratio", "How busy it is, 0 to 1."),
            "memory_used_bytes": _of_card("gpu_memory_used_bytes", "Bytes of memory in use."),
            "memory_size_bytes": _of_card("gpu_memory_size_bytes", "Bytes of memory."),
            "celsius": _of_card("gpu_temperature_celsius", "How hot it is."),
        }
        for card in self._ask(self._program):
            for field, family in families.items():
                value = getattr(card, field)
                if value is not None:
                    family.add_metric([card.index, card.name], value)
        yield from families.values()

    def _ask(self, program: str) -> list[Card]:
        with self._lock:
            if time.monotonic() < self._until_s:
                return self._last
            command = [*(program, f"--query-gpu={_CARD_QUESTION}", "--format=csv,noheader,nounits")]
            try:
                done = subprocess.run(  # noqa: S603
                    command, check=False, capture_output=True, text=True, timeout=_CARD_TIMEOUT_S
                )
                self._last = cards(done.stdout) if done.returncode == 0 else []
            except (OSError, subprocess.TimeoutExpired):
                self._last = []
            self._until_s = time.monotonic() + _CARD_S
            return self._last


def _of_card(name: str, says: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(
        PREFIX + name, f"Of a graphics card: {says}", labels=("gpu", "gpu_name")
    )
