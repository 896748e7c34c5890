"""Processing inside the service: what is due is taken and done, without an orchestrator.

Nothing is worked on in the process of the service. Uploads are taken in by one process of its
own, and each run of a video is another, which ends with its run: what works on videos is loaded
there alone, and one that crashes ends nothing else. What a process has in hand it says with
heartbeats; where it is gone without a word, whoever is there next takes it up, and finds what was
made until then.
"""

from __future__ import annotations

import contextlib
import copy
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

from vidpipe.catalog.following import HEARTBEAT_S
from vidpipe.catalog.notices import Notice
from vidpipe.catalog.processes import BEAT_S, FAILING, PROCESSOR, Presence, processor_name
from vidpipe.channels.model import load_channels
from vidpipe.errors import Unavailable, VidpipeError
from vidpipe.intake.folders import drop_folder
from vidpipe.intake.notifications import Queue
from vidpipe.library.awake import slept_s
from vidpipe.library.coordination import is_coordinated
from vidpipe.library.due import (
    has_request,
    list_part,
    read_notifications,
    settles,
    uploads_due,
)
from vidpipe.library.edit_runs import note_lost
from vidpipe.library.library import Library
from vidpipe.library.request_runs import note_gone
from vidpipe.library.work import NOTHING_DUE, PROCESS_JOB, fresh_run
from vidpipe.observability import events
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.pipeline.engine import Engine
from vidpipe.worker import Chore, stopping

#: What takes in or runs what is due, as a command.
#: The folder that it is started in gives it no modules: there are drop folders in which
#: services are started.
_COMMAND = (sys.executable, "-P", "-c", "from vidpipe.cli import main; main()", "process")
#: Seconds between two looks at what is due, and at a drop folder on this machine.
_LOOK_S, _LIST_S = 1.0, 3.0
#: Seconds between two processes, at most, where one after the other finds nothing due.
_IDLE_S = 30.0
#: Processes in a row that end before they take anything, after which people are told.
_FAILURES = 3
#: Seconds that a process has for ending when it is told to.
_GRACE_S = 15.0


class Processor:
    """Takes what is due, and has processes of its own do it.

    Args:
        library: whose work it is.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._engine = library.engine
        self._said_short = ""
        # By what is done: how many in a row took nothing, and until when none is begun.
        self._idle: dict[str, tuple[int, float]] = {}
        self._failed: Counter[str] = Counter()
        self._by = ""

    def chores(self) -> tuple[Chore, ...]:
        """What is to be done again and again, each safe beside the same in other processes."""
        presence = Presence(self._engine.catalog, PROCESSOR)

        def leave() -> None:
            self._engine.catalog.conditions.over(FAILING, processor_name(), "it was stopped")
            presence.leave()

        places = range(self._engine.settings.service.videos_at_once)
        return (
            Chore("processor", BEAT_S, presence.beat, ended=leave),
            Chore("drop folder", _LIST_S, self.notice),
            Chore("drop notifications", _LIST_S, self.hear),
            Chore("uploads", _LOOK_S, self.take_in),
            *(Chore(f"videos {number + 1}", _LOOK_S, self.run_one) for number in places),
            Chore("lost runs", 10.0, self.settle),
            Chore("incomplete videos", 600.0, self.ask_again),
            Chore("retention", 900.0, self.retain),
        )

    def hear(self) -> bool:
        """Write down what a bucket's messages tell of; whether there were any.

        It has a turn of its own: whether the bucket can be listed, and how long that takes, is
        nothing to it, and the other way round.
        """
        settings = self._engine.settings
        if not settings.drop_queue_url or is_coordinated(self._engine):
            return False
        turns = self._engine.catalog.turns
        turn = turns.take("drop notifications")
        if turn is None:
            return False
        count = 0
        try:
            folder = drop_folder(settings.drop_url, settings.plain_drop_options)
            queue = Queue(settings.drop_queue_url, settings.plain_drop_options)
            count, _ = read_notifications(self._engine, queue, folder)
        finally:
            turns.done(turn, "", timedelta(seconds=0.0 if count else _LIST_S))
        return count > 0

    def notice(self) -> None:
        """Write down what is new in the drop folder; of several processes one looks."""
        if is_coordinated(self._engine):
            return
        turns = self._engine.catalog.turns
        turn = turns.take("drop folder")
        if turn is None:
            return
        settings = self._engine.settings
        folder = drop_folder(settings.drop_url, settings.plain_drop_options)
        try:
            part = list_part(self._engine, folder)
            # A long listing stays this process' own.
            while part.after and not stopping() and turns.extend(turn):
                part = list_part(self._engine, folder, part.after)
        finally:
            every_s = _LIST_S if folder.polled else settings.drop_list_interval_s
            turns.done(turn, "", timedelta(seconds=every_s))

    def look(self) -> str:
        """Look into the drop folder at once, until what lies there is whole; what does not go.

        What was dropped a moment ago may still be being written: that is waited for, once.
        """
        engine, said = self._engine, ""
        try:
            while self.hear():
                continue
        except VidpipeError as error:
            # A listing finds what a notification missed.
            said = str(error)
        self.notice()
        settings = engine.settings
        folder = drop_folder(settings.drop_url, settings.plain_drop_options)
        if settles(engine, folder) and not is_coordinated(engine):
            # The drop folder's turn comes again meanwhile.
            time.sleep(max(settings.drop_settle_s, _LIST_S) + 0.2)
            self.notice()
        return said

    def take_in(self) -> bool:
        """Have what was noticed taken in; whether there was anything.

        Raises:
            Unavailable: the process that was to do it ended before it took anything.
        """
        engine = self._engine
        if is_coordinated(engine) or self._lacks_space():
            return False
        settings = engine.settings
        folder = drop_folder(settings.drop_url, settings.plain_drop_options)
        return self._have_done("uploads", bool(uploads_due(engine, folder, room=1)))

    def run_one(self) -> bool:
        """Have the request whose turn it is done; whether there was one.

        Raises:
            Unavailable: the process that was to do it ended before it took anything.
        """
        engine = self._engine
        if is_coordinated(engine) or slept_s():
            return False
        due = has_request(engine)
        if due and self._lacks_space():
            return False
        return self._have_done("videos", due)

    def settle(self) -> None:
        """Ask again for what processes had that are gone, and what an orchestrator had."""
        engine = self._engine
        note_lost(engine)
        coordinated = is_coordinated(engine)
        self._say_who("daemon" if coordinated else "service")
        if coordinated or slept_s():
            return
        left = engine.catalog.requests.abandoned(engine.settings.notify.silent_after_s)
        for row in left:
            events.warning("processor_run_abandoned", video_id=row.video_id, run_id=str(row.run_id))
        engine.catalog.requests.reopen([row.id for row in left])
        engine.catalog.heartbeats.sweep()

    def _say_who(self, by: str) -> None:
        """Log who takes what is due, when that was another until now."""
        if self._by and by != self._by:
            events.info("processing_takeover_done", by=by)
        self._by = by

    def ask_again(self) -> None:
        """Ask for what a run that died left: neither finished, nor waited for, nor given up."""
        if not is_coordinated(self._engine) and not slept_s():
            self._library.request_incomplete(self._at_work())

    def retain(self) -> None:
        """Once a day remove what channels' policies give up, of nothing that is at work.

        The policies are those of channels.yaml at this moment: a service lives for weeks.

        Raises:
            Misconfigured: channels.yaml cannot be read; nothing is removed.
        """
        engine = self._engine
        if engine.settings.retention_dry_run or is_coordinated(engine):
            return
        engine = _anew(engine)
        if slept_s() or not any(c.retention.policies for c in engine.channels.values()):
            return
        turn = engine.catalog.turns.take("retention")
        if turn is None:
            return
        library = Library(engine)
        try:
            found = library.plan_removal(self._at_work())
            count = library.remove(found, self._at_work)
            events.info("retention_apply_done", objects=count, size_bytes=found.size_bytes)
        finally:
            engine.catalog.turns.done(turn, "", timedelta(hours=24))

    def _at_work(self) -> set[str]:
        """Videos that somebody works on, or is about to."""
        catalog = self._engine.catalog
        return catalog.requests.videos() | catalog.heartbeats.at_work()

    def _lacks_space(self) -> bool:
        short = low_disk_space(self._engine.settings)
        if short is not None and short != self._said_short:
            events.warning("run_request_deferred", why=short)
        self._said_short = short or ""
        return short is not None

    def _have_done(self, what: str, due: bool) -> bool:
        """Have a process of its own do one thing, if any is due; whether it did."""
        if not due:
            self._idle.pop(what, None)
            if self._failed[what]:
                self._succeed(what, "nothing is due any more")
            return False
        idle, until_s = self._idle.get(what, (0, 0.0))
        if time.monotonic() < until_s:
            return False
        run_id = fresh_run()
        command = (*_COMMAND, what, "--run", run_id)
        took, code = False, None
        # Its end is that of the pipe: it ends when this process is gone, however that went.
        process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603
        try:
            code = _ended(process, stopping, lambda: self._keep(run_id))
        finally:
            _end(process)
            with contextlib.suppress(VidpipeError):
                took = self._engine.catalog.served.has_taken(run_id)
                self._note(run_id, process.returncode)
        if code == NOTHING_DUE:
            # Others were faster, or it sees what is due otherwise: channels.yaml was changed.
            wait_s = min(_IDLE_S, 2.0**idle) if idle else 0.0
            self._idle[what] = (min(idle + 1, 10), time.monotonic() + wait_s)
        else:
            self._idle.pop(what, None)
        if code is None:
            return False
        if code not in (0, NOTHING_DUE) and not took:
            self._fail(what, code)
        self._succeed(what, "what is due is taken again")
        return code == 0

    def _succeed(self, what: str, message: str) -> None:
        if self._failed.pop(what, 0) >= _FAILURES and not self._failing:
            self._engine.catalog.conditions.over(FAILING, processor_name(), message)

    @property
    def _failing(self) -> bool:
        return any(count >= _FAILURES for count in self._failed.values())

    def _fail(self, what: str, code: int) -> NoReturn:
        """A process took nothing and came to a bad end: the chore waits ever longer."""
        self._failed[what] += 1
        said = f"the process for {what} ended with exit code {code} before it took anything"
        if self._failing:
            name, remind_h = processor_name(), self._engine.settings.notify.remind_h
            notice = Notice(FAILING, said, subject=name, name=name)
            self._engine.catalog.conditions.holds(notice, remind_s=3600 * remind_h)
        raise Unavailable(said)

    def _keep(self, run_id: str) -> None:
        """The process that has this run lives, also where it cannot say so itself."""
        with contextlib.suppress(VidpipeError):
            self._engine.catalog.heartbeats.keep(run_id)

    def _note(self, run_id: str, code: int) -> None:
        """A process has ended: what it had in hand, if it came to a bad end, is another's now."""
        catalog = self._engine.catalog
        row = catalog.requests.held(run_id)
        if code or row is not None:
            catalog.heartbeats.stop([run_id])
        if row is None:
            return
        if stopping():
            catalog.requests.give_back(run_id)
            return
        said = note_gone(self._engine, row, PROCESS_JOB)
        events.warning("run_process_lost", video_id=row.video_id, code=code, message=said)


def _anew(engine: Engine) -> Engine:
    """The same, with the channels that channels.yaml has now.

    Raises:
        Misconfigured: it cannot be read.
    """
    made = copy.copy(engine)
    made.channels = load_channels(engine.settings.channels_file)
    return made


def _ended(
    process: subprocess.Popen[bytes], stop: Callable[[], bool], keep: Callable[[], None]
) -> int | None:
    due_s = time.monotonic() + HEARTBEAT_S
    while (code := process.poll()) is None:
        if stop():
            return None
        if time.monotonic() >= due_s:
            keep()
            due_s = time.monotonic() + HEARTBEAT_S
        time.sleep(0.1)
    return code


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process if it has not ended: it gives back what it has in hand."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin is not None:
        process.stdin.close()
