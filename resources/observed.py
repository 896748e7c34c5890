"""Logs and traces of Dagster's processes: their form, and the ids that a run's tags carry."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.log_manager import LOG_RECORD_METADATA_ATTR
from dagster._loggers import colored_console_logger

from resources.tags import PARTITION
from vidpipe import __version__
from vidpipe.observability import logs, spans, traces
from vidpipe.observability.context import adopted, bound
from vidpipe.observability.running import Run, below, running
from vidpipe.settings import Settings
from vidpipe.storage.keys import channel_of

#: What of a request's origin stands in which tag of its run.
_TAGS = {
    "request_id": "vidpipe/http_request",
    "job_id": "vidpipe/job",
    "traceparent": "vidpipe/traceparent",
}


def origin_tags(origin: Mapping[str, str] | None) -> dict[str, str]:
    """The tags of a run that answers a request of this origin."""
    found = adopted(origin)
    return {tag: found[name] for name, tag in _TAGS.items() if name in found}


def _ids(run: dg.DagsterRun) -> dict[str, str]:
    """What a run works under, by its tags; anybody may have written them."""
    ids = adopted({name: run.tags.get(tag) for name, tag in _TAGS.items()})
    video_id = run.tags.get(PARTITION, "")
    if "--" in video_id:
        ids |= {"video_id": video_id, "channel": channel_of(video_id)}
    return ids


@contextmanager
def leading(run: dg.DagsterRun) -> Iterator[Run]:
    """While this process leads a run."""
    traces.start(os.environ, version=__version__)
    ids = _ids(run)
    try:
        with running(run.run_id, run.job_name, **ids) as led:
            yield led
    finally:
        spans.flush()


@contextmanager
def stepping(run: dg.DagsterRun) -> Iterator[None]:
    """While this process works on a step of a run: below the run's own span."""
    traces.start(os.environ, version=__version__)
    ids = _ids(run)
    own = below(run.run_id, ids.pop("traceparent", None))
    try:
        with bound(traceparent=own, run_id=run.run_id, everywhere=True, **ids):
            yield
    finally:
        spans.flush()


def observe(settings: Settings) -> None:
    """Have this process of Dagster's log as its settings say, Dagster's own lines too.

    On a terminal these stay as Dagster has them.
    """
    logs.configure(settings.log, settings=settings, environment=os.environ, readers=(_of_dagster,))
    if logs.is_json(settings.log):
        # Every process of a run has it before anything of ours is called; there is no setting for
        # it that holds for all runs. The version of Dagster is pinned, and a test reads the lines.
        colored_console_logger._logger_fn = lambda context: _in_json(settings, context)


def _in_json(settings: Settings, context: Any) -> logging.Logger:
    made = logging.Logger(context.logger_config["name"])
    made.setLevel(logging.getLevelName(settings.log.level.upper()))
    handler = logging.StreamHandler()
    handler.setFormatter(logs.formatter(settings.log, (_of_dagster,)))
    made.addHandler(handler)
    return made


def _of_dagster(record: logging.LogRecord) -> dict[str, object] | None:
    """Of a line of Dagster's: its kind of event, its run and step, and what it says."""
    meta = getattr(record, LOG_RECORD_METADATA_ATTR, None)
    if not isinstance(meta, Mapping):
        return None
    happened = meta.get("dagster_event")
    kind = getattr(happened, "event_type_value", None)
    found: dict[str, object] = {
        "event": f"dagster_{str(kind).lower()}" if kind else "dagster_log_said",
        "run_id": meta.get("run_id"),
        "step": meta.get("step_key"),
        "message": meta.get("orig_message"),
    }
    return {name: value for name, value in found.items() if value}
