"""The log of a process: one form for what is ours and what libraries say, ids in every line."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, TextIO

from pydantic import BaseModel, SecretStr

from vidpipe.addresses import password_of
from vidpipe.observability import context, redact
from vidpipe.observability.events import LOGGER, Event
from vidpipe.observability.options import LogOptions

Fields = MutableMapping[str, Any]
#: Looks at a record and says what its line has: name and fields; None: not its business.
Reader = Callable[[logging.LogRecord], Mapping[str, object] | None]

#: What a line of JSON begins with; the rest follows as it comes.
_FIRST = ("timestamp", "level", "event", *context.NAMES, "trace_id", "span_id")
_PRIVATE = "_private"


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to standard error, whatever that is at the time."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def is_json(options: LogOptions) -> bool:
    """Whether these options lead to JSON here."""
    if options.format == "auto":
        return sys.stderr is None or not sys.stderr.isatty()
    return options.format == "json"


def configure(
    options: LogOptions,
    *,
    settings: BaseModel | None = None,
    environment: Mapping[str, str] | None = None,
    readers: tuple[Reader, ...] = (),
    leave_out: tuple[str, ...] = (),
) -> None:
    """Have this process log to standard error; called again, the last word counts.

    Args:
        options: form and level. The level is that of our own events: libraries are heard from
            warnings on, unless it is `debug`.
        settings: whose secrets are taken out wherever they turn up.
        environment: variables that are named as secrets count as such, too.
        readers: of records that are not ours and have fields of their own.
        leave_out: what names of events begin with that are told in another way.
    """
    if settings is not None:
        redact.keep_out(secrets_of(settings))
    redact.keep_out(
        value for name, value in (environment or {}).items() if redact.is_secret_name(name)
    )
    level = logging.getLevelName(options.level.upper())
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(handler)
    ours = _Handler()
    ours.setFormatter(formatter(options, readers))
    if leave_out:
        ours.addFilter(
            lambda record: (
                not (isinstance(record.msg, Event) and record.msg.name.startswith(leave_out))
            )
        )
    root.addHandler(ours)
    if root.level > logging.WARNING or root.level == logging.NOTSET:
        root.setLevel(logging.WARNING)
    LOGGER.setLevel(level)
    if is_json(options):
        logging.captureWarnings(True)


def formatter(options: LogOptions, readers: tuple[Reader, ...] = ()) -> logging.Formatter:
    """What makes a line of a record."""
    import structlog

    def fields(_: Any, __: str, found: Fields) -> Fields:
        record: logging.LogRecord = found["_record"]
        if isinstance(record.msg, Event):
            found["event"] = record.msg.name
            found.update(record.msg.fields)
            found[_PRIVATE] = record.msg.private
            return found
        for read in readers:
            said = read(record)
            if said is not None:
                found.update(said)
                return found
        if record.name != LOGGER.name:
            found["logger"] = record.name
        return found

    def ids(_: Any, __: str, found: Fields) -> Fields:
        for name, value in context.current().items():
            found.setdefault(name, value)
        return found

    stamped: list[Any] = [
        fields,
        ids,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if is_json(options):
        last: list[Any] = [
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _cleaned,
            _ordered,
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        last = [
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _shown,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr is not None and sys.stderr.isatty(), pad_event_to=32
            ),
            _with_private,
        ]
    made: logging.Formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=stamped, processors=last
    )
    return made


def _cleaned(_: Any, __: str, found: Fields) -> Fields:
    found.pop(_PRIVATE, None)
    return redact.cleaned(found)


def _ordered(_: Any, __: str, found: Fields) -> Fields:
    first = {name: found[name] for name in _FIRST if name in found}
    return {**first, **{name: value for name, value in found.items() if name not in first}}


#: What goes to a terminal below the line of the record that a thread is formatting.
_below = threading.local()


def _shown(_: Any, __: str, found: Fields) -> Fields:
    """For people: the trace and the run are for machines, and the time is of this place."""
    _below.text = found.pop(_PRIVATE, "")
    for name in ("trace_id", "span_id"):
        found.pop(name, None)
    return {
        name: _printable(value) if isinstance(value, str) else value
        for name, value in redact.cleaned(found).items()
    }


def _printable(text: str) -> str:
    """What is no sign is written out: a name must not move the cursor."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )


def _with_private(_: Any, __: str, line: str) -> str:
    private, _below.text = _below.text, ""
    return f"{line}\n{private}" if private else line


def secrets_of(settings: BaseModel) -> Iterator[str]:
    """Every secret value of settings; of an address its password, unless all of it is one."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from secrets_of(value)
        elif isinstance(value, SecretStr):
            yield from _parts(name, value.get_secret_value())
        elif isinstance(value, Mapping):
            for key, item in value.items():
                if isinstance(item, SecretStr) and redact.is_secret_name(f"{key}"):
                    yield item.get_secret_value()
                elif isinstance(item, BaseModel):
                    yield from secrets_of(item)


def _parts(name: str, value: str) -> Iterator[str]:
    if name.endswith("database_url"):
        yield password_of(value)
    else:
        yield value
