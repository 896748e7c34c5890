"""Spans: what took how long, as parts of one trace. Nothing at all unless tracing was started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: What an attribute of a span may be.
Value = str | bool | int | float
#: Whether others call this, this calls others, or neither.
Kind = Literal["internal", "server", "client"]


class Span(Protocol):
    """A span that is open."""

    def set(self, **attributes: Value | None) -> None:
        """Say more of it; what is None is left out."""

    def rename(self, name: str) -> None:
        """Another name than the one that it began with."""

    def fail(self, why: str) -> None:
        """It did not do what it was to do; `why` is the kind of error."""


class Tracer(Protocol):
    """What spans go to; see `vidpipe.observability.traces`."""

    def span(
        self, name: str, kind: Kind, run_id: str | None, attributes: Mapping[str, Value | None]
    ) -> AbstractContextManager[Span]:
        """A span below the one that `context.traceparent()` names; that of a run with its id."""

    def annotate(self, attributes: Mapping[str, Value | None]) -> None:
        """Say more of the span that is open here."""

    def sampled(self, trace_id: str) -> bool:
        """Whether a trace of this id that begins here would be recorded."""

    def watch(self, engine: Engine) -> None:
        """A span for each statement of an engine of SQLAlchemy."""

    def flush(self, timeout_s: float) -> None:
        """Send what is finished, or give up after so long."""


class _Nothing:
    """The span where none are recorded."""

    def set(self, **attributes: Value | None) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def fail(self, why: str) -> None:
        pass


_NOTHING: Span = _Nothing()
_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Send spans there from now on; None: nowhere."""
    global _tracer  # noqa: PLW0603 - a process has one
    _tracer = tracer


def recorded() -> bool:
    """Whether spans go anywhere."""
    return _tracer is not None


@contextmanager
def span(
    name: str, *, kind: Kind = "internal", run_id: str | None = None, **attributes: Value | None
) -> Iterator[Span]:
    """What is done inside, as a span; an error that comes out of it is noted by its kind.

    Args:
        name: few different ones: what is different each time is an attribute.
        kind: whether others call this, this calls others, or neither.
        run_id: of the run whose own span it is.
        attributes: of what it is about; what is None is left out. Dots are written as `__`.
    """
    if _tracer is None:
        yield _NOTHING
        return
    with _tracer.span(name, kind, run_id, attributes) as made:
        yield made


def annotate(**attributes: Value | None) -> None:
    """Say more of the span that is open here."""
    if _tracer is not None:
        _tracer.annotate(attributes)


def sampled(trace_id: str) -> bool:
    """Whether a trace of this id that begins here would be recorded."""
    return _tracer is None or _tracer.sampled(trace_id)


def watch(engine: Engine) -> None:
    """A span for each statement of this engine, within other spans."""
    if _tracer is not None:
        _tracer.watch(engine)


def flush(timeout_s: float = 2.0) -> None:
    """Send what is finished, before this process ends; gives up after `timeout_s` seconds."""
    if _tracer is not None:
        _tracer.flush(timeout_s)
