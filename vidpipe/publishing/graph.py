"""Meta's Graph API as Instagram and Facebook Pages share it: errors, bytes to rupload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidpipe.publishing.calls import Auth, PlatformCall, Reply, Slice, as_form, text_at, with_query
from vidpipe.publishing.faults import FaultRule
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import (
    VIDEO,
    PostRefusal,
    Publication,
    Remedy,
    RemoteState,
    Verb,
)

VERSION = "v26.0"

_SERVER = FaultRule(Remedy.LOOK, "Meta failed for the moment.")
_PAUSE = FaultRule(Remedy.WAIT, "Meta asks for a pause: too many requests.", 3600.0)
_CONNECT = FaultRule(Remedy.RECONNECT, "Meta does not know the account any more: connect it again.")
_ASPECT = FaultRule(Remedy.FIX, "Meta does not take this shape of picture: take an export of 9:16.")

#: By code, and by code and subcode. Subcodes come first.
FAULTS: Mapping[str, FaultRule] = {
    "190": _CONNECT,
    "190/463": FaultRule(Remedy.REFRESH, "The access token has expired."),
    "190/467": FaultRule(Remedy.REFRESH, "The access token is not valid any more."),
    "190/460": FaultRule(Remedy.RECONNECT, "The password was changed: connect the account again."),
    "190/458": FaultRule(
        Remedy.RECONNECT, "The application was removed: connect the account again."
    ),
    "102": _CONNECT,
    "10": FaultRule(Remedy.RECONNECT, "A permission is missing: connect again and allow all."),
    "200": FaultRule(Remedy.RECONNECT, "A permission is missing: connect again and allow all."),
    "4": _PAUSE,
    "17": _PAUSE,
    "32": _PAUSE,
    "613": _PAUSE,
    "80002": _PAUSE,
    "80004": _PAUSE,
    "1": _SERVER,
    "2": _SERVER,
    "368": FaultRule(
        Remedy.GIVE_UP,
        "Meta has blocked the account for breaking its rules: see its support inbox there.",
    ),
    "100/33": FaultRule(
        Remedy.GIVE_UP, "Meta does not show it: it was deleted, or a permission is missing."
    ),
    "803": FaultRule(
        Remedy.GIVE_UP, "It is not there any more: post it again if it was not meant to go."
    ),
    "506": FaultRule(
        Remedy.GIVE_UP,
        "Meta says that this was posted already: look at the account, and change the caption "
        "if not.",
    ),
    "100": FaultRule(
        Remedy.FIX,
        "Meta does not take this post as it is: look at its caption and its settings, and "
        "change them.",
    ),
    "9/2207042": FaultRule(Remedy.WAIT, "The account has reached its posts of 24 hours.", 3600.0),
    "2207003": FaultRule(Remedy.LOOK, "Meta took too long to fetch the file."),
    "2207020": FaultRule(Remedy.RESTART, "The upload has expired at Meta."),
    "2207001": _SERVER,
    "2207032": _SERVER,
    "2207053": _SERVER,
    "2207026": FaultRule(
        Remedy.FIX,
        "Meta does not take the file's format: take another export, MP4 with H.264 and AAC.",
    ),
    "2207027": FaultRule(Remedy.WAIT, "Meta is still working on the file.", 60.0),
    "2207008": FaultRule(Remedy.RESTART, "The upload is gone at Meta."),
    "2207050": FaultRule(Remedy.RECONNECT, "The account is restricted: open its app and see why."),
    "2207051": FaultRule(
        Remedy.GIVE_UP, "Meta holds this back as possible spam: post less often, and other words."
    ),
    "2207052": FaultRule(
        Remedy.FIX,
        "Meta cannot reach the file's address: make the public URL reachable, or have files sent.",
    ),
    "2207057": FaultRule(
        Remedy.FIX, "The cover's time is not within the video: set an earlier one."
    ),
    "2207009": _ASPECT,
    "36003": _ASPECT,
    "2207081": FaultRule(
        Remedy.FIX, "The account may not post trial reels: switch that off for this post."
    ),
    "bytes:404": FaultRule(Remedy.RESTART, "The upload has expired at Meta."),
    "bytes:410": FaultRule(Remedy.RESTART, "The upload has expired at Meta."),
    "not_retriable": FaultRule(
        Remedy.FIX, "Meta does not take the file: take another export, or a shorter clip."
    ),
    "retriable": FaultRule(Remedy.LOOK, "Meta failed to take the bytes for the moment."),
}


class Graph(Machine):
    """What Instagram and Facebook Pages share.

    Args:
        base: of the Graph API.
        version: of it.
    """

    faults = FAULTS

    def __init__(self, base: str, version: str = VERSION) -> None:
        super().__init__(base, ("facebook.com", "instagram.com"))
        self._version = version

    def codes(self, reply: Reply) -> Sequence[str]:
        read = reply.json()
        if "debug_info" in read:
            retriable = text_at(read, "debug_info", "type") != "ProcessingFailedError"
            info = read["debug_info"]
            if isinstance(info, dict) and isinstance(info.get("retriable"), bool):
                retriable = info["retriable"]
            return ["retriable" if retriable else "not_retriable"]
        code = text_at(read, "error", "code")
        sub = text_at(read, "error", "error_subcode")
        return [f"{code}/{sub}", sub, code]

    def edge(self, path: str, **query: str) -> str:
        """The address of something in the graph."""
        return with_query(f"{self.base}/{self._version}/{path}", **query)

    def reading(self, name: str, path: str, fields: str) -> PlatformCall:
        """One read of fields."""
        return PlatformCall(name, Verb.LOOK, "GET", self.edge(path, fields=fields))

    def bytes_from(self, post: Publication, state: RemoteState) -> PlatformCall:
        """All bytes that are still missing; a broken connection leaves what has arrived."""
        size = post.video.size_bytes
        return PlatformCall(
            name="bytes", verb=Verb.SEND, method="POST", url=state.session,
            headers=(
                ("offset", str(state.sent)),
                ("file_size", str(size)),
                ("Content-Type", "application/octet-stream"),
            ),
            body=(Slice(VIDEO, state.sent, size),), auth=Auth.OAUTH, once=True, timeout_s=300.0,
        )  # fmt: skip

    def form(self, name: str, verb: Verb, path: str, **fields: str) -> PlatformCall:
        """A request that sends fields."""
        headers, body = as_form(fields)
        return PlatformCall(name, verb, "POST", self.edge(path), headers, body)

    def seems_gone(self, replies: Sequence[Reply]) -> bool:
        gone = any("100/33" in self.codes(reply) for reply in replies)
        return gone or super().seems_gone(replies)

    def insights(self, replies: Sequence[Reply]) -> dict[str, int]:
        """Figures by the name of their metric."""
        found: dict[str, int] = {}
        for reply in replies:
            data = reply.json().get("data")
            for item in data if isinstance(data, list) else []:
                text = text_at(item, "values", 0, "value") or text_at(item, "total_value", "value")
                if text.isascii() and text.isdecimal():
                    found[text_at(item, "name")] = int(text)
        return found


def hashtags(text: str) -> int:
    """How many hashtags a text has."""
    return sum(1 for word in text.split() if len(word) > 1 and word.startswith("#"))


def no_such(post: Publication, known: Sequence[str], title: str) -> list[PostRefusal]:
    """A refusal where the platform does not know the post's privacy."""
    if post.privacy in known:
        return []
    return [PostRefusal(field="privacy", words=f"{title} knows {', '.join(known)} only.")]
