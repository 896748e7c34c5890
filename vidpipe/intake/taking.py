"""From a drop folder to a decision: noticing what is new, taking it in one by one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import UploadRow, now
from vidpipe.errors import RETRY_DELAYS_S, VidpipeError, cause_of, retryable, wait_before_s
from vidpipe.intake.drops import DropEntry, SkippedObject, changes
from vidpipe.intake.folders import DropFolder, ObjectChanged
from vidpipe.intake.intake import IncomingUpload, Intake
from vidpipe.intake.model import IntakeResult
from vidpipe.intake.rules import is_sound
from vidpipe.intake.sidecars import FOLDER_COVER, PICTURE_SUFFIXES
from vidpipe.observability import events
from vidpipe.observability.context import adopted, bound, fresh_traceparent
from vidpipe.observability.spans import span

#: Seconds that an upload waits which is not what a listing said: most listings come sooner.
_NEXT_LISTING_S = 60.0


def notice(
    catalog: Catalog, seen: Sequence[DropEntry], left: Sequence[SkippedObject] = ()
) -> list[DropEntry]:
    """Write down what is new or changed, so that it waits to be taken in; returns it.

    What is left out has a row with the reason, once for each version of it.
    """
    known = catalog.inbox.known([item.key for item in left])
    catalog.inbox.skip(
        [
            {
                "key": item.key,
                "channel": item.key.partition("/")[0][:64] if "/" in item.key else "",
                "version": item.version,
                "size_bytes": item.size_bytes,
                "modified_s": item.modified_s,
                "reason": item.reason,
                "message": item.message,
            }
            for item in left
            if known.get(item.key) != (item.version, "")
        ]
    )
    fresh = changes(catalog.inbox.known([s.key for s in seen]), seen)
    catalog.inbox.notice(
        [
            {
                "key": s.key,
                "channel": s.channel[:64],
                "version": s.version,
                "size_bytes": s.size_bytes,
                "modified_s": s.modified_s,
                "sidecars": dict(s.sidecars),
                "sidecar_version": s.sidecar_version,
            }
            for s in fresh
        ]
    )
    catalog.inbox.claim([key for s in fresh for key in s.sidecars.values()])
    return fresh


def ingest_pending(
    intake: Intake,
    folder: DropFolder,
    row: UploadRow,
    run_id: str = "",
    retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    watched: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> IntakeResult | str:
    """Take one noticed upload in; its outcome, or why there is none yet.

    What may pass is tried again after a wait, and in the end goes to the dead letters:
    so does an upload that killed its process every time, as attempts are counted first.
    What gets no further is ended by `watched`, if that is given.

    Raises:
        Exception: a bug of ours; the upload is among the dead letters then.
    """
    # What asked for it, else a trace of its own: one run takes many in.
    ids = adopted(intake.catalog.jobs.origin_of_upload(row.key))
    ids.setdefault("traceparent", fresh_traceparent())
    with bound(everywhere=False, channel=row.channel, **ids), span("upload intake"):
        return _ingest(intake, folder, row, run_id, retry_delays_s, watched)


def _ingest(
    intake: Intake,
    folder: DropFolder,
    row: UploadRow,
    run_id: str,
    retry_delays_s: Sequence[float],
    watched: Callable[[], AbstractContextManager[None]],
) -> IntakeResult | str:
    catalog = intake.catalog
    attempt = catalog.inbox.begin(row.key, row.version, run_id, retry_delays_s)
    if attempt == 0:
        return (
            "it is newer than this run, decided on, another run's, or waits as the process that "
            "took it in died: passed over"
        )
    if wait_before_s(attempt - 1 or 1, retry_delays_s) is None:
        return _bury(
            catalog, row, run_id, attempt, "process_lost", "it crashed the worker on every attempt"
        )
    try:
        with watched(), ExitStack() as stack:
            work = intake.artifacts.workspace("drop")
            try:
                drop = stack.enter_context(on_this_machine(folder, row, work))
            except FileNotFoundError:
                catalog.inbox.forget(row.key)
                return "it is gone from the drop folder: passed over"
            except ObjectChanged:
                # Until that listing nothing but the same would be found, again and again.
                catalog.inbox.leave(row.key, run_id, now() + timedelta(seconds=_NEXT_LISTING_S))
                return "it was replaced since it was listed: the next listing has it"
            return intake.take(drop)
    except Exception as error:
        wait_s = wait_before_s(attempt, retry_delays_s) if retryable(error) else None
        if wait_s is None:
            said = _bury(catalog, row, run_id, attempt, cause_of(error), str(error))
            if not isinstance(error, VidpipeError):
                raise
            return said
        catalog.inbox.defer(row.key, now() + timedelta(seconds=wait_s))
        cause = cause_of(error)
        events.warning(
            "upload_intake_deferred", upload=row.key, attempt=attempt, wait_s=wait_s, cause=cause
        )
        return f"tried again in {wait_s / 60:.0f} min: {error}"
    except (KeyboardInterrupt, SystemExit):
        # Somebody ended this process: whoever is there next takes it in.
        with suppress(VidpipeError):
            catalog.inbox.leave(row.key, run_id)
        raise


def _bury(
    catalog: Catalog, row: UploadRow, run_id: str, attempt: int, cause: str, message: str
) -> str:
    catalog.inbox.give_up(row.key, message)
    failed = Failed(row.key, row.channel, "intake", "", cause, message, run_id)
    catalog.failures.add(failed, attempts=attempt, dead=True)
    return f"gave up after {attempt} attempts: {message}"


@contextmanager
def on_this_machine(folder: DropFolder, row: UploadRow, work: Path) -> Iterator[IncomingUpload]:
    """The upload and its sidecars as files: in place on local disk, else fetched to `work`.

    Beside sound the cover of its folder is looked for, too.

    Raises:
        FileNotFoundError: the upload is gone.
        Replaced: it is another one now.
    """
    try:
        path = folder.fetch(row.key, row.version, work / "source")
        beside = {}
        for suffix, key in row.sidecars.items():
            try:
                beside[suffix] = folder.fetch(key, "", work / f"sidecar{suffix}")
            except FileNotFoundError:
                continue
        if is_sound(row.key):
            cover = _folder_cover(folder, row.key, work)
            if cover is not None:
                beside[FOLDER_COVER] = cover
        yield IncomingUpload(
            key=row.key,
            channel=row.channel,
            name=row.key.partition("/")[2] if "/" in row.key else row.key,
            path=path,
            version=row.version,
            sidecars=beside,
            sidecar_version=row.sidecar_version,
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _folder_cover(folder: DropFolder, key: str, work: Path) -> Path | None:
    """The picture that is the cover of all sound in the folder of `key`; None without one."""
    stem = "/".join([*key.split("/")[:-1], FOLDER_COVER])
    there = {item.key.removeprefix(stem).lower(): item.key for item in folder.family(stem)}
    for suffix in PICTURE_SUFFIXES:
        if suffix in there:
            try:
                return folder.fetch(there[suffix], "", work / f"cover{suffix}")
            except FileNotFoundError:
                continue
    return None
