"""The executor: Dagster's own, with a heartbeat for as long as it leads a run."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import yaml

from resources.observed import leading
from resources.tags import PARTITION, REQUEST
from vidpipe.errors import InputRejected, Misconfigured, VidpipeError
from vidpipe.extras import from_extra
from vidpipe.pipeline import Engine
from vidpipe.settings import Settings, load_settings
from vidpipe.stuck import Stuck, watched


class HeartbeatExecutor(dg.Executor):
    """Another executor, and beside it a thread that says that its process is alive.

    The default launcher does not notice when the process that leads a run is killed, and
    the run would stay started for ever. The sensor `lost_runs` reads its heartbeats.
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
        with leading(run) as led:
            engine = Engine(load_settings())
            _refuse_taken_over(engine, run)
            heartbeats = engine.catalog.heartbeats
            video = run.tags.get(PARTITION, "")
            # Whoever asked for it notes how it ended; of another run nobody has to.
            with heartbeats.alive(run.run_id, video, until_noted=REQUEST in run.tags):
                for event in self._inner.execute(plan_context, execution_plan):
                    if event.is_step_failure:
                        led.fail((event.step_key or "").replace("__", "/"))
                    yield event


def _refuse_taken_over(engine: Engine, run: dg.DagsterRun) -> None:
    """Begin nothing that is another's by now: a run may have waited in Dagster's queue while no
    daemon was there, and a service took over what it was for.

    Raises:
        Failure: it was taken over.
    """
    if not asked_for(run):
        return
    # Where the catalog is away nobody knows; whatever the run does next says so.
    with contextlib.suppress(VidpipeError):
        if engine.catalog.requests.is_left_to(int(run.tags[REQUEST]), run.run_id):
            return
        raise dg.Failure(
            "what it was for was given to another run, cancelled or asked for anew while it "
            "waited: nothing is begun twice",
            allow_retries=False,
        )


def asked_for(run: dg.DagsterRun) -> bool:
    """Whether it was begun for a request; one that a person re-executes is begun for them."""
    return run.tags.get(REQUEST, "").isdecimal() and run.parent_run_id is None


def executor_for(settings: Settings, preload: Sequence[str]) -> dg.ExecutorDefinition:
    """Steps as processes of their run, or as pods of their own.

    Args:
        settings: says which, and what the pods of single steps need.
        preload: modules that the fork server imports once for all steps.

    Raises:
        Misconfigured: pods without dagster-k8s, or a file that cannot be read.
    """
    if settings.executor == "processes":
        start = {"start_method": {"forkserver": {"preload_modules": list(preload)}}}
        return living(dg.multiprocess_executor.configured(start))
    with from_extra("k8s"):
        from dagster_k8s import k8s_job_executor
    steps: dict[str, Any] = {}
    if settings.kubernetes_steps is not None:
        try:
            steps = yaml.safe_load(settings.kubernetes_steps.read_text("utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise Misconfigured(
                f"VIDPIPE_KUBERNETES_STEPS: {settings.kubernetes_steps}: {error}"
            ) from error
    # Steps open what strangers upload: they get no way to ask the cluster anything.
    closed = {"pod_spec_config": {"automount_service_account_token": False}}
    config = {"step_k8s_config": closed, "per_step_k8s_config": steps}
    return living(k8s_job_executor.configured(config))


def living(inner: dg.ExecutorDefinition) -> dg.ExecutorDefinition:
    """The same executor with heartbeats, under the same name and configuration."""
    make = inner.executor_creation_fn
    assert make is not None
    return dg.ExecutorDefinition(
        name=inner.name,
        config_schema=inner.config_schema,  # type: ignore[arg-type]  # it takes one of its own
        requirements=inner.get_requirements,
        executor_creation_fn=lambda context: HeartbeatExecutor(make(context)),
        description=inner.description,
    )


#: What a step's process returns that computed without getting further and did not let itself be
#: interrupted: no other end of a process has it (shells use 126 and more, `sysexits.h` up to 78).
GETS_NO_FURTHER = 79
#: What a step may take to clean up after itself before it is ended.
_GRACE_S = 20.0


@contextlib.contextmanager
def ended_when_stuck(settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
    """End what this step does inside when it gets no further; see `vidpipe.stuck.watched`.

    Only in a process that was started for a step: another one has other work as well.

    Raises:
        InputRejected: it computed without getting further.
        StoodStill: it waited for something that did not come.
    """
    if multiprocessing.parent_process() is None and settings.executor == "processes":
        yield
        return

    def last(error: Stuck) -> None:
        say(f"{error}: its process is ended")
        # What is said is sent by threads of Dagster's own.
        time.sleep(1.0)
        os._exit(GETS_NO_FURTHER if isinstance(error, InputRejected) else 1)

    with watched(settings.stuck_after_s, last):
        yield


def _end_step() -> None:
    # As Dagster itself ends a step: programs it runs are killed, scratch is removed.
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_GRACE_S)
    os._exit(1)


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
        _end_step()

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
