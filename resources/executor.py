"""The executor: Dagster's own, with a sign of life for as long as it leads a run."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings


class LivingExecutor(dg.Executor):
    """Another executor, and beside it a thread that says that its process is alive.

    The default launcher does not notice when the process that leads a run is killed, and
    the run would stay started for ever. The sensor `lost_runs` reads the signs.
    """

    def __init__(self, inner: dg.Executor) -> None:
        self._inner = inner

    @property
    def retries(self) -> Any:
        return self._inner.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._inner.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        run = plan_context.dagster_run
        beats = Engine(load_settings()).catalog.beats
        with beats.alive(run.run_id, run.tags.get("dagster/partition", "")):
            yield from self._inner.execute(plan_context, execution_plan)


def living(inner: dg.ExecutorDefinition) -> dg.ExecutorDefinition:
    """The same executor with signs of life, under the same name and configuration."""
    make = inner.executor_creation_fn
    assert make is not None
    return dg.ExecutorDefinition(
        name=inner.name,
        config_schema=inner.config_schema,
        requirements=inner.get_requirements,
        executor_creation_fn=lambda context: LivingExecutor(make(context)),
        description=inner.description,
    )


#: What a step may take to clean up after itself before it is ended.
_GRACE_S = 20.0


def end_with_parent() -> None:
    """End this step's process when the one that leads its run is gone.

    A run that is tried again would else find the old one's steps still at work. Nothing
    happens in a process that leads its run itself.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        # As Dagster itself ends a step: programs it runs are killed, scratch is removed.
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_GRACE_S)
        os._exit(1)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
