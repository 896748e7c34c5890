"""The audit log of what commands change, under the names that the API gives the same actions.

A command that changes something does so within `changing`: its changes and the row that
`written_down` adds are one transaction. What cannot be taken back (files that are removed, what is
said to a platform) is written down first, and then done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidpipe.library import Library


@contextmanager
def changing(asked: Library) -> Iterator[None]:
    """What is changed within it is one transaction, with the row that tells of it.

    Raises:
        RuntimeError: something was changed, and no row tells of it; it is taken back.
    """
    catalog = asked.engine.catalog
    with catalog.as_one() as unit:
        yield
        if unit.changed and not unit.audited:
            raise RuntimeError("something was changed, and nothing written down")
        catalog.commit(unit)


def written_down(
    asked: Library, action: str, objects: Iterable[tuple[str, str | None]], **details: Any
) -> None:
    """Write down what is done by whoever has the command line.

    Args:
        asked: the library that it is done in.
        action: such as `video.hold`.
        objects: what it is done to, and the channel that has it: `videos/default--talk-0`.
        details: what the log is to say besides.
    """
    from vidpipe.accounts.audit import COMMAND_LINE, record

    channels = asked.engine.channels
    with asked.engine.catalog.writing() as session:
        for what, channel in objects:
            found = channels.get(channel) if channel is not None else None
            organisation = found.organisation if found is not None else None
            record(session, COMMAND_LINE, action, what, organisation=organisation, details=details)


def of_videos(asked: Library, video_ids: Iterable[str]) -> list[tuple[str, str | None]]:
    """Videos as `written_down` takes them.

    Raises:
        UnknownVideo: one is not there.
    """
    return [(f"videos/{video_id}", asked.channel_of(video_id)) for video_id in video_ids]
