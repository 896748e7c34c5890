"""Telling people of what goes wrong: what a library's settings lead to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cached_property

from pydantic import Field

from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.catalog.notice_tables import NoticeGroupRow
from vidpipe.errors import Misconfigured, VidpipeError
from vidpipe.library.views import LibraryView
from vidpipe.notifications.dispatch import Notifier
from vidpipe.notifications.sending import AppriseSender, Sender
from vidpipe.notifications.words import KINDS, NoticeMessage, Places
from vidpipe.observability import redact
from vidpipe.operations.watch import watch
from vidpipe.pipeline.engine import Engine
from vidpipe.settings import Settings


class TargetView(LibraryView):
    """Somewhere people are told; its address is a secret."""

    name: str
    level: NoticeLevel
    channels: tuple[str, ...] = Field(description="empty: all")
    kinds: tuple[str, ...] = Field(description="empty: all")
    waiting: int = Field(description="things that it is still to be told")
    failures: int = Field(description="tries in a row that did not reach it")
    last_error: str | None
    told_at: datetime | None = Field(description="when it was told of anything last")


class NoticeView(LibraryView):
    """Something that people were to be told."""

    at: datetime
    kind: str
    level: NoticeLevel
    channel: str | None = Field(description="none: it is nobody's alone")
    subject: str
    name: str
    cause: str
    message: str
    over: bool = Field(description="what was told earlier is over")


class TestOutcome(LibraryView):
    """Whether a message for a test was taken."""

    __test__ = False

    name: str
    error: str | None = Field(description="why not; none: it was")


class Telling:
    """Who is told of what goes wrong, and whether it reaches them."""

    def __init__(self, engine: Engine, sender: Sender | None = None) -> None:
        self.engine = engine
        self._given = sender

    @cached_property
    def _sender(self) -> Sender:
        options = self.engine.settings.notify
        return self._given or AppriseSender(allow_private=options.allow_private)

    @cached_property
    def notifier(self) -> Notifier:
        """The chores; several processes have one each."""
        settings = self.engine.settings
        rows = self.engine.catalog.notices
        return Notifier(rows, settings.notify, self._sender, places(settings))

    def look(self) -> None:
        """See which processes fell silent, which disks fill, and what is over."""
        watch(self.engine.catalog, self.engine.settings)
        self.notifier.end_resolved()

    def targets(self) -> tuple[TargetView, ...]:
        """Every target that is set, and whether it is reached."""
        groups = self.engine.catalog.notices.all_groups()
        return tuple(
            _view(name, target.level, target.channels, target.kinds, groups)
            for name, target in sorted(self.engine.settings.notify.active.items())
        )

    def newest(self, limit: int, channels: Collection[str] | None = None) -> tuple[NoticeView, ...]:
        """What people were to be told, the newest first.

        Args:
            limit: so many at most.
            channels: only what is of these; None: everything.
        """
        rows = self.engine.catalog.notices.newest(limit, channels)
        return tuple(
            NoticeView(
                at=row.at,
                kind=row.kind,
                level=NoticeLevel(row.level),
                channel=row.channel,
                subject=row.subject,
                name=row.name,
                cause=row.cause,
                message=redact.clean(row.message),
                over=row.over,
            )
            for row in rows
        )

    def test(self, name: str | None = None) -> tuple[TestOutcome, ...]:
        """Send a message to every target, or to one, at once and past what is gathered.

        Raises:
            Misconfigured: no target is set, or none of this name.
        """
        active = self.engine.settings.notify.active
        found = []
        for target in self.named(name):
            error = None
            try:
                self._sender.send(target, active[target].url.get_secret_value(), self._message())
            except VidpipeError as raised:
                error = str(raised)
            found.append(TestOutcome(name=target, error=error))
        return tuple(found)

    def named(self, name: str | None = None) -> tuple[str, ...]:
        """The names of every target, or the one of this name.

        Raises:
            Misconfigured: no target is set, or none of this name.
        """
        active = self.engine.settings.notify.active
        if not active:
            raise Misconfigured("nobody is told: VIDPIPE_NOTIFY__TARGETS__NAME__URL sets a target")
        if name is not None and name not in active:
            raise Misconfigured(f"{name!r} is no target: there are {', '.join(sorted(active))}")
        return (name,) if name is not None else tuple(sorted(active))

    def _message(self) -> NoticeMessage:
        known, where = KINDS["test"], places(self.engine.settings)
        lines = [f"What to do: {known.todo}."]
        if where.service:
            lines.append(f"{where.service.rstrip('/')}/status")
        if where.runbook:
            lines.append(f"Runbook: {where.section(known.section)}")
        return NoticeMessage(f"ℹ️ vidpipe: {known.one}", "\n".join(lines), NoticeLevel.INFO)


def places(settings: Settings) -> Places:
    """Where links in messages lead."""
    runbook = settings.notify.runbook_url
    if not runbook and settings.repository_url:
        base, ref = settings.repository_url.rstrip("/"), settings.repository_ref
        runbook = f"{base}/blob/{ref}/docs/runbook.md"
    if not runbook and settings.public_url:
        runbook = f"{settings.public_url.rstrip('/')}/docs/runbook.md"
    return Places(settings.public_url, runbook, settings.ui_url)


def _view(
    name: str,
    level: NoticeLevel,
    channels: tuple[str, ...],
    kinds: tuple[str, ...],
    groups: Sequence[NoticeGroupRow],
) -> TargetView:
    own = [group for group in groups if group.target == name]
    failing = [group for group in own if group.failures]
    return TargetView(
        name=name,
        level=level,
        channels=channels,
        kinds=kinds,
        waiting=sum(group.untold for group in own),
        failures=max((group.failures for group in failing), default=0),
        last_error=failing[0].last_error if failing else None,
        told_at=max((group.told_at for group in own if group.told_at), default=None),
    )
