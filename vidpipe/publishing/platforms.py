"""The platforms that vidpipe posts to, by name."""

from __future__ import annotations

from collections.abc import Mapping

from vidpipe.publishing.facebook import Facebook
from vidpipe.publishing.instagram import Instagram
from vidpipe.publishing.linkedin import LinkedIn
from vidpipe.publishing.tiktok import TikTok
from vidpipe.publishing.x import X
from vidpipe.publishing.youtube import YouTube

#: Those whose address is known. A webhook and a folder are each somewhere of their own.
PLATFORMS: Mapping[str, type[YouTube | TikTok | Instagram | Facebook | LinkedIn | X]] = {
    "youtube": YouTube,
    "tiktok": TikTok,
    "instagram": Instagram,
    "facebook": Facebook,
    "linkedin": LinkedIn,
    "x": X,
}
