"""The files of a post, read in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vidpipe.errors import InputRejected, Unavailable


class LocalPostFiles:
    """Files of this machine.

    Args:
        paths: by the names that a post has for them: `video`, `thumbnail`, `captions:de`.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)

    def read(self, name: str, start: int, end: int) -> bytes:
        """Bytes from `start` up to before `end`.

        Raises:
            InputRejected: there is no such file, or it is shorter.
            Unavailable: it cannot be read now.
        """
        path = self._paths.get(name)
        if path is None:
            raise InputRejected("post_file_missing", f"the post has no file for {name}")
        try:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(end - start)
        except FileNotFoundError as error:
            raise InputRejected(
                "post_file_missing", f"{path.name} is gone: make the export again"
            ) from error
        except OSError as error:
            raise Unavailable(f"{path.name} cannot be read: {error.strerror}") from error
        if len(data) != end - start:
            raise InputRejected(
                "post_file_changed", f"{path.name} is shorter than when the post was made"
            )
        return data
