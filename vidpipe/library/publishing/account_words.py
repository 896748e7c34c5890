"""What is said of accounts at platforms: for people, without anything of the platforms' own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from vidpipe.publishing.platforms import PLATFORMS

#: As people know them; a webhook and a folder are each somewhere of their own.
TITLES: Mapping[str, str] = {
    **{name: platform.title for name, platform in PLATFORMS.items()},
    "webhook": "Webhook",
    "folder": "Folder",
}
#: Without which nothing can be posted; of each pair one is enough.
NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "youtube": (("https://www.googleapis.com/auth/youtube.upload",),),
    "tiktok": (("video.publish", "video.upload"),),
    "instagram": (("instagram_content_publish",),),
    "facebook": (("pages_manage_posts", "publish_video"),),
    "linkedin": (("w_member_social", "w_organization_social"),),
    "x": (("tweet.write",), ("media.write",)),
}
#: What stands in `error` of a return that brings no code.
_RETURNED: Mapping[str, str] = {
    "access_denied": "it was not allowed there",
    "user_cancelled_login": "the login was cancelled there",
    "user_cancelled_authorize": "it was not allowed there",
    "invalid_scope": "the application may not ask for what posting takes: add the permissions (or "
    "products) on the platform's page for developers",
    "invalid_request": "the platform does not take the request: compare the return address with "
    "the one on its page for developers",
    "unauthorized_client": "the platform does not let this application connect accounts",
    "server_error": "the platform failed for the moment",
    "temporarily_unavailable": "the platform is away for the moment",
}


def title_of(platform: str) -> str:
    """As people know it."""
    return TITLES.get(platform, platform)


def returned_words(platform: str, error: str) -> str:
    """Why somebody came back without a code."""
    why = _RETURNED.get(error, "the platform refused it")
    return f"{title_of(platform)} was not connected: {why}. Begin again to connect it."


def lacks(platform: str, scopes: Collection[str]) -> bool:
    """Whether what was allowed is too little to post."""
    return any(not set(one) & set(scopes) for one in NEEDED.get(platform, ()))


def left_out(platform: str, wanted: Collection[str], scopes: Collection[str]) -> str:
    """What was not allowed, in words; empty: nothing."""
    missing = sorted(scope.rpartition("/")[2] for scope in set(wanted) - set(scopes))
    if not missing:
        return ""
    return (
        f"{title_of(platform)} was not allowed to give {', '.join(missing)}: what takes it is left "
        "out. Connect it again and allow all to have it."
    )


def ends_words(platform: str, at: datetime) -> str:
    """An account whose permission ends, and cannot be renewed."""
    return (
        f"What was allowed at {title_of(platform)} ends on {at:%Y-%m-%d} and cannot be renewed: "
        "connect the account again before."
    )


def ended_words(platform: str) -> str:
    """The same once it has ended."""
    return f"What was allowed at {title_of(platform)} has ended: connect the account again."


def gone_words(platform: str) -> str:
    """A page that its owner cannot post to any more."""
    return (
        f"{title_of(platform)} does not name this account any more to who connected it: connect "
        "it again as somebody who may post for it."
    )


def lost_words(platform: str) -> str:
    """A token that is taken no more, of a platform that gives each once, after a renewal whose
    end nobody saw."""
    return (
        f"{title_of(platform)} does not take what it allowed for this account any more. It was "
        "taken back there, or a process ended while it was given a fresh token, and each is given "
        "once. Connect the account again; its posts wait, and go on then."
    )
