"""What is said of uploads that cannot go on as they are."""

from __future__ import annotations

from vidpipe.errors import VidpipeError


class UploadLocked(VidpipeError):
    """Somebody else is writing to the same upload."""

    def __init__(self) -> None:
        super().__init__("another request is writing to this upload: wait until it has ended")


class WrongOffset(VidpipeError):
    """Bytes are offered for another place than where the file ends.

    Args:
        offset: where the file ends.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"{offset} bytes are there: go on from there")


class ChecksumMismatch(VidpipeError):
    """The bytes that came are not those that were sent; none of them are kept."""

    def __init__(self) -> None:
        super().__init__("the checksum is not that of the bytes that came: send them again")


class UploadTooLarge(VidpipeError):
    """More bytes than were announced, or than any upload may have."""


class UploadEnded(VidpipeError):
    """The upload is over: finished, taken back, or nothing came for too long."""


class UploadNameTaken(VidpipeError):
    """There is another object of this name."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is there already, and nothing is overwritten: choose another name")


class UploadIncomplete(VidpipeError):
    """Some of its bytes have not come.

    Args:
        message: what is missing.
        missing: numbers of the parts that are, the first hundred.
    """

    def __init__(self, message: str, missing: tuple[int, ...] = ()) -> None:
        self.missing = missing
        super().__init__(message)


class NoRoom(VidpipeError):
    """The disk has no room for it."""
