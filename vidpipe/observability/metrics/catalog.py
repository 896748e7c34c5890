"""What the catalog knows, as metrics: the same from every process of the service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.standing import Stands, Waiting
from vidpipe.catalog.totals import COSTS, RUN_OUTCOMES, RUNS, TOTALS, Amount, Total
from vidpipe.errors import VidpipeError
from vidpipe.spending import LOCAL

#: What every name begins with.
PREFIX = "vidpipe_"
#: Seconds that what was read is good for: ten that ask at once cost one reading.
KEPT_S = 5.0
_REQUEST_STATES = ("due", "delayed", "submitted")
_JOB_STATES = ("queued", "running", "waiting_for_review")
_GATES = ("cost", "render", "export", "publish")
_DOWNLOAD_STATES = ("waiting", "running")
_Amounts = dict[str, dict[tuple[str, ...], Amount]]


@dataclass(frozen=True)
class _Read:
    """One look at the catalog; nothing in it where it could not be reached."""

    stands: Stands | None
    totals: _Amounts
    took_s: float
    until_s: float


class CatalogCollector(Collector):
    """Reads the catalog when it is scraped, at most once in a few seconds.

    Args:
        catalog: opens what is read.
        channels: names of the channels that there are: what did not happen yet in one of them
            is 0, so that the first time that it happens is seen as an increase.
        kept_s: seconds for which what was read is given again.
        services: names of the services that may cost something: what was not spent yet is 0.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        channels: Collection[str],
        *,
        kept_s: float = KEPT_S,
        services: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._catalog = catalog
        self._channels = sorted(channels)
        self._services = services
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._last: _Read | None = None

    def describe(self) -> Iterator[Metric]:
        """Nothing: a registry that is being filled asks no database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every figure; of a catalog that is away only that it is."""
        read = self._read()
        yield _gauge("catalog_up", "Whether the catalog was reached.", read.stands is not None)
        yield _gauge(
            "catalog_read_duration_seconds",
            "Seconds that reading the catalog for these metrics took.",
            read.took_s,
        )
        if read.stands is None:
            return
        yield from self._standing(read.stands)
        for total in TOTALS:
            yield self._total(total, read.totals.get(total.name, {}))

    def _read(self) -> _Read:
        with self._lock:
            if self._last is None or time.monotonic() >= self._last.until_s:
                self._last = self._ask()
            return self._last

    def _ask(self) -> _Read:
        began_s = time.monotonic()
        stands: Stands | None = None
        totals: _Amounts = {}
        try:
            catalog = self._catalog()
            with catalog.together():
                stands, totals = catalog.standing.read(), catalog.totals.read()
        except VidpipeError:
            stands, totals = None, {}
        ended_s = time.monotonic()
        return _Read(stands, totals, ended_s - began_s, ended_s + self._kept_s)

    def _standing(self, stands: Stands) -> Iterator[Metric]:
        requests, ages = (
            _family("queue_requests", _QUEUE, "channel", "state"),
            _family("queue_oldest_age_seconds", _QUEUE_AGE, "channel"),
        )
        for channel in self._and(stands.requests):
            for state in _REQUEST_STATES:
                waiting = stands.requests.get((channel, state))
                requests.add_metric([channel, state], waiting.count if waiting else 0)
            ages.add_metric([channel], _age_s(stands.requests.get((channel, "due")), stands.at))
        jobs = _family("jobs_active", "Jobs that are not over.", "channel", "state")
        for channel in self._and(stands.jobs):
            for state in _JOB_STATES:
                jobs.add_metric([channel, state], stands.jobs.get((channel, state), 0))
        pending = _family("uploads_pending", "Uploads that intake has to decide on.", "channel")
        oldest = _family(
            "uploads_oldest_age_seconds",
            "Seconds since the oldest upload was noticed that intake has to decide on.",
            "channel",
        )
        for channel in self._and(stands.pending):
            waiting = stands.pending.get((channel,))
            pending.add_metric([channel], waiting.count if waiting else 0)
            oldest.add_metric([channel], _age_s(waiting, stands.at))
        unfinished = _family("videos_unfinished", "Videos that no run has made all of.", "channel")
        for channel in self._and(stands.unfinished):
            unfinished.add_metric([channel], stands.unfinished.get((channel,), 0))
        failures = _family(
            "failures_unresolved",
            "Failures that are not resolved; `dead`: nothing retries them by itself.",
            *("channel", "cause", "state"),
        )
        for failed, count in stands.failures.items():
            failures.add_metric(failed, count)
        quarantined = _family(
            "uploads_quarantined", "Uploads that lie in quarantine.", "channel", "reason"
        )
        for refused, count in stands.quarantined.items():
            quarantined.add_metric(refused, count)
        downloads = _family(
            "downloads_active",
            "Recordings behind links that are not fetched yet.",
            "channel",
            "state",
        )
        for channel in self._and(stands.downloads):
            for state in _DOWNLOAD_STATES:
                downloads.add_metric([channel, state], stands.downloads.get((channel, state), 0))
        told = _family(
            "webhook_queue_size", "What endpoints are still to be told, later attempts too.", "kind"
        )
        lag = _family(
            "webhook_lag_seconds",
            "Seconds for which the oldest event, or delivery, has been due.",
            "kind",
        )
        for kind, waiting in sorted(stands.webhooks.items()):
            told.add_metric(kind, waiting.count)
            lag.add_metric(kind, _age_s(waiting, stands.at))
        yield from (requests, ages, jobs, pending, oldest, unfinished, failures, quarantined)
        yield from (downloads, told, lag)
        yield from self._reviews(stands)
        yield from self._posts(stands)
        yield _gauge(
            "runs_running", "Runs that a living process leads, commands too.", stands.running
        )
        quiet_s = _since_s(stands.quiet_since, stands.at)
        yield _gauge(
            "run_heartbeat_age_seconds",
            "Seconds since the last heartbeat of the run that has been silent longest; 0 where "
            "none is running.",
            quiet_s,
        )

    def _reviews(self, stands: Stands) -> Iterator[Metric]:
        waits = _family("reviews_waiting", "Videos that wait for approval.", "channel", "gate")
        since = _family(
            "reviews_oldest_age_seconds",
            "Seconds that a video has waited for approval, the longest of the channel.",
            "channel",
        )
        for channel in self._and(stands.reviews):
            found = {gate: stands.reviews.get((channel, gate)) for gate in _GATES}
            for gate, waiting in found.items():
                waits.add_metric([channel, gate], waiting.count if waiting else 0)
            ages_s = [_age_s(waiting, stands.at) for waiting in found.values()]
            since.add_metric([channel], max(ages_s))
        yield from (waits, since)

    def _posts(self, stands: Stands) -> Iterator[Metric]:
        posts = _family(
            "posts",
            "Posts to platforms that are not over; `failed` and `uncertain` wait for somebody.",
            *("channel", "platform", "state"),
        )
        late = _family(
            "posts_oldest_due_age_seconds",
            "Seconds for which the oldest post of the channel has been due, and nobody took it.",
            "channel",
        )
        for labels, waiting in sorted(stands.posts.items()):
            posts.add_metric(labels, waiting.count)
        for channel in self._and(stands.posts):
            of = [waiting for labels, waiting in stands.posts.items() if labels[0] == channel]
            late.add_metric([channel], max((_age_s(w, stands.at) for w in of), default=0.0))
        yield from (posts, late)

    def _and(self, found: Collection[tuple[str, ...]]) -> list[str]:
        """The channels that there are, and those that something is left of."""
        return sorted({*self._channels, *(labels[0] for labels in found)})

    def _total(self, total: Total, found: dict[tuple[str, ...], Amount]) -> Metric:
        found = {**dict.fromkeys(self._nothing(total), Amount({}, 0.0)), **found}
        if not total.classes:
            counter = CounterMetricFamily(PREFIX + total.name, total.says, labels=total.labels)
            for labels, amount in sorted(found.items()):
                counter.add_metric(labels, amount.value)
            return counter
        histogram = HistogramMetricFamily(PREFIX + total.name, total.says, labels=total.labels)
        for labels, amount in sorted(found.items()):
            histogram.add_metric(labels, _classes(total, amount), amount.value)
        return histogram

    def _nothing(self, total: Total) -> list[tuple[str, ...]]:
        """The labels that are known before anything happened."""
        if not total.labels:
            return [()]
        if total.labels == ("channel",):
            return [(channel,) for channel in self._channels]
        if total is RUNS:
            return [(channel, o.value) for channel in self._channels for o in RUN_OUTCOMES]
        if total is COSTS:
            kinds = [(name, LOCAL if name == LOCAL else "call") for name in self._services()]
            return [(channel, *kind) for channel in self._channels for kind in kinds]
        return []


_QUEUE = (
    "Requests for runs: `due`, `delayed` (not before some time) or `submitted` (a run has them)."
)
_QUEUE_AGE = "Seconds for which the oldest request for a run has been due."


def _classes(total: Total, amount: Amount) -> list[tuple[str, float]]:
    """Upper ends and how many were no greater, as Prometheus has them."""
    ends = [*(str(float(end)) for end in total.classes), "+Inf"]
    found, summed = [], 0
    for place, end in enumerate(ends):
        summed += amount.count.get(place, 0)
        found.append((end, float(summed)))
    return found


def _age_s(waiting: Waiting | None, at: datetime) -> float:
    return _since_s(waiting.since if waiting is not None else None, at)


def _since_s(since: datetime | None, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds()) if since is not None else 0.0


def _family(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, says, labels=labels)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, says, value=float(value))
