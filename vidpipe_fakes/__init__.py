"""Platforms that are not there: servers that speak their protocols, for tests, demos and dry runs.

Each keeps state as its platform does: sessions and their chunks, tokens, quotas, posts. Each
refuses what its platform refuses, in its words. What goes wrong on a network can be asked for:
`fake.trouble("publish", Kind.LOST)`.
"""

from vidpipe_fakes.core import FakePlatform, Kind, LoggedCall, ShownPost, Trouble
from vidpipe_fakes.facebook import FakeFacebook
from vidpipe_fakes.instagram import FakeInstagram
from vidpipe_fakes.linkedin import FakeLinkedIn
from vidpipe_fakes.receiver import FakeReceiver
from vidpipe_fakes.tiktok import FakeTikTok
from vidpipe_fakes.x import FakeX
from vidpipe_fakes.youtube import FakeYouTube

#: One class for each platform, by the name that vidpipe has for it.
FAKES: dict[str, type[FakePlatform]] = {
    "youtube": FakeYouTube,
    "tiktok": FakeTikTok,
    "instagram": FakeInstagram,
    "facebook": FakeFacebook,
    "linkedin": FakeLinkedIn,
    "x": FakeX,
    "webhook": FakeReceiver,
}

__all__ = [
    "FAKES",
    "FakeFacebook",
    "FakeInstagram",
    "FakeLinkedIn",
    "FakePlatform",
    "FakeReceiver",
    "FakeTikTok",
    "FakeX",
    "FakeYouTube",
    "Kind",
    "LoggedCall",
    "ShownPost",
    "Trouble",
]
