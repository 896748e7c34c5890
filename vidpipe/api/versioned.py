"""What has versions: the `ETag` is the number, which `If-Match` names to change what was read."""

from __future__ import annotations

from typing import Protocol, TypeVar

from fastapi import Response

from vidpipe.api.problems import ApiError

#: No version has more digits.
_DIGITS = 9


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


View = TypeVar("View", bound=_Versioned)


def version_of(if_match: str | None) -> int | None:
    """The version that was read; None for whatever is current (`*`).

    Raises:
        ApiError: the header is missing (428), or no version's tag (422).
    """
    if if_match is None:
        raise ApiError(428, "if_match_required", "send If-Match with the ETag of what you read")
    tag = if_match.strip()
    if tag == "*":
        return None
    number = tag.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit()) or len(number) > _DIGITS:
        raise ApiError(
            422, "invalid_request", 'If-Match: send the ETag of what you read, such as "3", or *'
        )
    return int(number)


def versioned(response: Response, view: View) -> View:
    """A view, whose answer has its version as the `ETag`."""
    response.headers["ETag"] = f'"{view.version}"'
    return view
