"""What the library says of what is not there, or not as it would have to be."""

from __future__ import annotations

from collections.abc import Iterable

from vidpipe.errors import Misconfigured


class Unknown(Misconfigured):
    """There is nothing of this kind with this id."""


class Refused(Misconfigured):
    """What was asked for is nothing that can be asked for; says why."""


class TooBusy(Refused):
    """Too much of this kind waits to be done already."""


class UnknownVideo(Unknown):
    """There is no video of this id."""

    def __init__(self, video_id: str) -> None:
        super().__init__(f"there is no video {video_id!r}; `vidpipe status` lists them")


class UnknownFailure(Unknown):
    """There is no failure of this number, or it is resolved."""

    def __init__(self, numbers: Iterable[int]) -> None:
        super().__init__(f"no such failure: {', '.join(map(str, sorted(numbers)))}")


class UnknownJob(Unknown):
    """There is no job of this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id!r}")


class UnknownUpload(Unknown):
    """There is no upload of this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no upload {key!r} in the drop folder")


class UnknownUploadSession(Unknown):
    """There is no upload of this id."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"there is no upload {upload_id!r}")


class UnknownAsset(Unknown):
    """The channel has no asset of this name."""

    def __init__(self, channel: str, name: str) -> None:
        super().__init__(f"the channel {channel} has no asset {name!r}")


class AssetInUse(Refused):
    """Something names it."""

    def __init__(self, channel: str, name: str, where: str) -> None:
        super().__init__(
            f"{where} of the channel {channel} is asset:{name}: change channels.yaml first, or "
            "put another file in its place"
        )


class TooManyUploads(Refused):
    """Somebody has begun more uploads than they may have open."""

    def __init__(self, most: int) -> None:
        super().__init__(f"you have {most} uploads open: finish them, or delete some")


class UnknownPost(Unknown):
    """There is no post of this id."""

    def __init__(self, post_id: str) -> None:
        super().__init__(f"there is no post {post_id!r}; `vidpipe posts list` has them")


class AlreadyPosted(Refused):
    """The account has this clip already, or is to have it."""

    def __init__(self, post_id: str, state: str) -> None:
        self.post_id = post_id
        super().__init__(
            f"{post_id} is of the same clip to the same account, and is {state}: an account is "
            "given a clip once"
        )


class NoExport(Refused):
    """There is nothing of a clip that could be posted; says what to do."""


class UnknownProject(Unknown):
    """There is no project of this id."""

    def __init__(self, project_id: str) -> None:
        super().__init__(f"there is no project {project_id!r}")


class UnknownEndpoint(Unknown):
    """There is no webhook of this id."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"there is no webhook {endpoint_id!r}")


class UnknownDelivery(Unknown):
    """There is no delivery of this id."""

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"there is no delivery {delivery_id!r}")


class UnknownClip(Unknown):
    """The video has no such clip."""

    def __init__(self, video_id: str, clip: str) -> None:
        super().__init__(f"{video_id} has no clip {clip!r}")


class UnknownExport(Unknown):
    """The clip was not exported for this platform."""

    def __init__(self, video_id: str, clip: str, platform: str) -> None:
        super().__init__(f"clip {clip} of {video_id} was not exported for {platform!r}")


class UnknownDecision(Unknown):
    """There is no decision of this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no decision {number}")


class UnknownGate(Unknown):
    """No video waits or waited at a gate of this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no gate {number}")


class UnknownReviewLink(Unknown):
    """There is no link of this id."""

    def __init__(self, link_id: str) -> None:
        super().__init__(f"there is no review link {link_id!r}")


class UnknownComment(Unknown):
    """There is no comment of this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no comment {number}")


class NotApproved(Refused):
    """Something public or costly was asked for that nobody approved of."""

    def __init__(self, video_id: str, clip_id: str, why: str) -> None:
        self.video_id, self.clip_id = video_id, clip_id
        super().__init__(f"clip {clip_id} of {video_id} may not be published: {why}")


class RightsNotConfirmed(Refused):
    """A recording is to be fetched, and nobody said that it may be used."""

    def __init__(self) -> None:
        super().__init__(
            "rights_confirmed must be true: say that you have the right to use the recording "
            "behind source_url"
        )


class NameTaken(Refused):
    """The channel has another of this name."""

    def __init__(self, name: str, channel: str) -> None:
        super().__init__(f"the channel {channel} has a project {name!r} already")


class Changed(Refused):
    """Somebody changed it since it was read."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed since you read it: read it again")


class UnknownSocialAccount(Unknown):
    """There is no account at a platform of this id."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"there is no account {account_id!r}; `vidpipe accounts list` has them")


class AccountBroken(Refused):
    """An account cannot be posted to until a person does something; says what."""

    def __init__(self, account_id: str, words: str) -> None:
        self.account_id, self.words = account_id, words
        super().__init__(words)


class NotConnected(Refused):
    """An account was not connected; says why, and what to do."""
