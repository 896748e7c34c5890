"""Events in the log: a name, and what belongs to it.

A name is `component_action_status` (`stage_run_done`): the part of vidpipe, what it did, and how
that stands. One line for each step that something takes from one state to the next, none for what
is done thousands of times.
"""

from __future__ import annotations

import logging

#: The one logger of ours; what is imported from elsewhere has its own.
LOGGER = logging.getLogger("vidpipe")


class Event:
    """An event as the message of a log record: words where nobody formats it, fields where so.

    Args:
        name: `component_action_status`.
        fields: numbers with their unit in the name (`wall_s`), ids, short words.
        private: shown on a terminal alone, and never in JSON.
    """

    __slots__ = ("fields", "name", "private")

    def __init__(self, name: str, fields: dict[str, object], private: str = "") -> None:
        self.name = name
        self.fields = {key: _writable(value) for key, value in fields.items()}
        self.private = private

    def __str__(self) -> str:
        said = " ".join([self.name, *(f"{key}={value}" for key, value in self.fields.items())])
        return str(_writable(f"{said}\n{self.private}" if self.private else said))


def _writable(value: object) -> object:
    """Text as every log can have it: names of files may be bytes that are no text."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def debug(event: str, **fields: object) -> None:
    """What only matters to whoever looks for a fault."""
    _log(logging.DEBUG, event, fields)


def info(event: str, **fields: object) -> None:
    """Something went from one state to the next, as it should."""
    _log(logging.INFO, event, fields)


def warning(event: str, *, private: str = "", **fields: object) -> None:
    """Something did not work, and is tried again or left to a person."""
    _log(logging.WARNING, event, fields, private)


def error(event: str, *, cause: BaseException | None = None, **fields: object) -> None:
    """Something that is not to happen: with the traceback of its cause, if it has one."""
    LOGGER.error(Event(event, fields), exc_info=cause, stacklevel=2)


def _log(level: int, event: str, fields: dict[str, object], private: str = "") -> None:
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, Event(event, fields, private), stacklevel=3)
