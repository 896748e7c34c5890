"""The audit log of what commands change, under the names that the API gives the same actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidpipe.library import Library


def written_down(
    asked: Library, action: str, objects: Iterable[tuple[str, str | None]], **details: Any
) -> None:
    """Write down what was done by whoever has the command line.

    Args:
        asked: the library that it was done in.
        action: such as `video.hold`.
        objects: what it was done to, and the channel that has it: `videos/default--talk-0`.
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
