"""Working off what jobs have fetched from links: one at a time, wherever a worker runs."""

from __future__ import annotations

import contextvars
import functools
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from vidpipe.addresses import shown, without
from vidpipe.catalog.downloads import CANCELLED, DownloadClaim
from vidpipe.downloads.fetch import fetch, guard_of, limits_of
from vidpipe.downloads.model import (
    DownloadFailed,
    DownloadLimits,
    DownloadProgress,
    DownloadStopped,
    Fetched,
)
from vidpipe.errors import Unavailable, VidpipeError, cause_of, retryable, wait_before_s
from vidpipe.intake.drops import scan
from vidpipe.intake.folders import drop_folder
from vidpipe.intake.taking import notice
from vidpipe.observability import events
from vidpipe.observability.context import adopted, bound
from vidpipe.observability.spans import span
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.outbound import AddressGuard
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.objects import ObjectStore

#: For so long a worker has a download without a word, and how often it says one at least: then
#: it also learns that its job was cancelled.
LEASE_S, _WORD_S = 60.0, 2.0
#: The longest that a server may ask to be left alone, before it is asked again.
_LONGEST_WAIT_S = 3600.0
_SWEEP_S = 3600.0
#: Of errors that are not a job's to know in full.
_INTERNAL = "it failed inside the service; the log of the worker says why"


class DownloadEnd(StrEnum):
    """What became of a download that was worked on.

    Attributes:
        STORED: it lies in the drop folder, and its job waits for intake.
        AGAIN: it failed for the moment.
        FAILED: it failed for good, and its job with it.
        STOPPED: its job was cancelled, or another worker has it, or this one ends.
    """

    STORED = "stored"
    AGAIN = "again"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class DownloadOutcome:
    """A download that was worked on.

    Attributes:
        job_id: whose it was.
        end: what became of it.
        message: in a sentence.
    """

    job_id: str
    end: DownloadEnd
    message: str


class Downloads:
    """Fetches what jobs wait for, into the drop folder.

    Any number of workers, in any number of processes and on any machines, may do so at once:
    each download is one worker's for as long as it says that it lives.

    Args:
        engine: catalog, settings, channels.
        guard: what may be reached, in place of what settings say.
        lease_s: after which a worker that says nothing has lost its download.
    """

    def __init__(
        self, engine: Engine, guard: AddressGuard | None = None, *, lease_s: float = LEASE_S
    ) -> None:
        self.engine = engine
        self.guard = guard or guard_of(engine.settings.downloads)
        self._lease_s = lease_s
        self._swept_at: float | None = None

    @cached_property
    def _drop(self) -> ObjectStore:
        settings = self.engine.settings
        return ObjectStore(settings.drop_url, settings.plain_drop_options)

    @property
    def _parked(self) -> Path:
        """Where what was received waits for the next attempt."""
        assert self.engine.settings.scratch is not None
        return self.engine.settings.scratch / "downloads"

    def work_off_one(
        self,
        stop: Callable[[], bool] = lambda: False,
        progress: DownloadProgress | None = None,
        *,
        job_id: str | None = None,
    ) -> DownloadOutcome | None:
        """Fetch the oldest download that is due, whole; None where none is.

        Takes as long as that takes, and blocks its thread. Call it again until it gives None.

        Args:
            job_id: only that of this job.
            stop: whether the worker is to end, asked now and then: the download is let go then,
                and counts as no attempt.
            progress: is told how far it is.

        Raises:
            Unavailable: the catalog cannot be reached, or a disk has too little room.
        """
        catalog, settings = self.engine.catalog, self.engine.settings
        if not catalog.downloads.due():
            self._sweep()
            return None
        short = low_disk_space(settings)
        if short:
            raise Unavailable(f"nothing is fetched from links: {short}")
        claim = catalog.downloads.claim(
            f"{socket.gethostname()[:20]}-{os.getpid()}-{uuid.uuid4().hex[:16]}",
            lease_s=self._lease_s,
            per_channel=settings.downloads.per_channel,
            most_attempts=len(settings.retry_delays_s) + 1,
            only=job_id,
        )
        if claim is None:
            return None
        told = progress if progress is not None else DownloadProgress()
        job = catalog.jobs.get(claim.job_id)
        with bound(everywhere=False, **adopted(job.origin if job else None)), span("download"):
            outcome = self._work(claim, stop, told)
            events.info(
                f"download_attempt_{outcome.end}", job_id=claim.job_id, attempt=claim.attempt
            )
        return outcome

    def _work(
        self, claim: DownloadClaim, stop: Callable[[], bool], progress: DownloadProgress
    ) -> DownloadOutcome:
        catalog = self.engine.catalog
        try:
            with self._holding(claim, stop, progress), self._folder(claim) as folder:
                key = self._fetch(claim, folder, progress)
            return DownloadOutcome(claim.job_id, DownloadEnd.STORED, f"it is stored as {key}")
        except DownloadStopped:
            if stop():
                catalog.downloads.let_go(claim)
            return DownloadOutcome(claim.job_id, DownloadEnd.STOPPED, "it was left off")
        except Exception as error:
            return self._failed(claim, error)

    def _fetch(self, claim: DownloadClaim, folder: Path, progress: DownloadProgress) -> str:
        found = fetch(
            claim.url,
            folder,
            self.guard,
            self._limits(),
            progress,
            pages=self.engine.settings.downloads.pages,
        )
        return self._store(claim, found)

    def _limits(self) -> DownloadLimits:
        settings = self.engine.settings
        return limits_of(
            settings.downloads,
            max_bytes=int(settings.max_upload_gib * 2**30),
            max_duration_s=settings.max_duration_h * 3600,
        )

    def _store(self, claim: DownloadClaim, found: Fetched) -> str:
        """Put it into the drop folder, in a folder of its job: nothing there is overwritten.

        Raises:
            DownloadStopped: nobody wants it any more; then nothing of it is there.
        """
        catalog, settings = self.engine.catalog, self.engine.settings
        key = f"{claim.channel}/{claim.job_id}/{found.name}"
        if not catalog.downloads.storing(claim, key):
            raise DownloadStopped("it is not wanted any more")
        self._drop.put_file(key, found.path, move=True)
        if not catalog.downloads.finish(claim, shown(claim.url), found.size_bytes):
            row = catalog.downloads.get(claim.job_id)
            if row is None or row.state == CANCELLED:
                self._drop.delete(key)
            raise DownloadStopped("it is not wanted any more")
        folder = drop_folder(settings.drop_url, settings.plain_drop_options)
        notice(catalog, scan(folder.family(key.rpartition(".")[0])))
        return key

    def _failed(self, claim: DownloadClaim, error: Exception) -> DownloadOutcome:
        settings = self.engine.settings
        code, message = f"download:{cause_of(error)}", _INTERNAL
        retry, asked_s = retryable(error), 0.0
        if isinstance(error, DownloadFailed):
            code, message, retry = f"download:{error.code}", error.message, error.retry
            asked_s = min(error.retry_after_s or 0.0, _LONGEST_WAIT_S)
        elif not isinstance(error, VidpipeError):
            events.error("download_attempt_broken", cause=error, job_id=claim.job_id)
        else:
            said = without(str(error), [claim.url])
            events.warning("download_attempt_unfinished", job_id=claim.job_id, message=said)
        message = without(message, [claim.url])
        wait_s = wait_before_s(claim.attempt, settings.retry_delays_s) if retry else None
        if wait_s is None:
            self._forget(claim.job_id)
            self.engine.catalog.downloads.give_up(claim, code, message)
            return DownloadOutcome(claim.job_id, DownloadEnd.FAILED, message)
        wait_s = max(wait_s, asked_s)
        self.engine.catalog.downloads.again(claim, code, message, wait_s)
        said = f"tried again in {wait_s / 60:.0f} min: {message}"
        return DownloadOutcome(claim.job_id, DownloadEnd.AGAIN, said)

    @contextmanager
    def _holding(
        self, claim: DownloadClaim, stop: Callable[[], bool], progress: DownloadProgress
    ) -> Iterator[None]:
        """While inside, the lease is renewed; the download is stopped where it is lost."""
        over = threading.Event()

        def renew() -> None:
            every_s, at = min(_WORD_S, self._lease_s / 3), time.monotonic()
            while not over.wait(min(0.25, every_s)):
                if stop():
                    progress.stop.set()
                if time.monotonic() - at < every_s:
                    continue
                at = time.monotonic()
                try:
                    ours = self.engine.catalog.downloads.renew(
                        claim,
                        lease_s=self._lease_s,
                        received=progress.received,
                        total=progress.total,
                    )
                except Exception as error:
                    # It may come back before the lease is over; if not, what is written is ours
                    # no more, and nothing is.
                    events.warning(
                        "download_lease_unrenewed", job_id=claim.job_id, message=str(error)
                    )
                    continue
                if not ours:
                    progress.stop.set()

        # What `stop` asks may be a variable of the context that this was called in.
        work = functools.partial(contextvars.copy_context().run, renew)
        thread = threading.Thread(target=work, name=f"lease-{claim.job_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def _folder(self, claim: DownloadClaim) -> Iterator[Path]:
        """A folder of this worker alone, with what the attempt before left.

        Where it is to be tried again what is in it is kept, if nobody else kept something.
        """
        work = self.engine.artifacts.workspace("download")
        folder, parked = work / "part", self._parked / claim.job_id
        try:
            if parked.is_dir():
                parked.rename(folder)
            yield folder
        except Exception as error:
            passing = error.retry if isinstance(error, DownloadFailed) else retryable(error)
            if passing and folder.is_dir() and not parked.exists():
                self._parked.mkdir(parents=True, exist_ok=True)
                folder.rename(parked)
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _forget(self, job_id: str) -> None:
        shutil.rmtree(self._parked / job_id, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what was received of downloads that nobody waits for any more.

        And what writers that are gone left beside the drop folder. At most once an hour.
        """
        if self._swept_at is not None and time.monotonic() - self._swept_at < _SWEEP_S:
            return
        self._swept_at = time.monotonic()
        if self.engine.settings.drop_url.startswith("file:"):
            self._drop.sweep()
        if not self._parked.is_dir():
            return
        there = {path.name for path in self._parked.iterdir()}
        for job_id in there - self.engine.catalog.downloads.wanted(there):
            self._forget(job_id)
