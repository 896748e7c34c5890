"""Where each platform does OAuth, and what publishing asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from vidpipe.publishing.graph import VERSION
from vidpipe.publishing.oauth import OAuthPlatform

_GOOGLE = "https://www.googleapis.com/auth"
_GRAPH = f"https://graph.facebook.com/{VERSION}"


def _meta(name: str, *scopes: str) -> OAuthPlatform:
    """Facebook Login for Business: for Instagram, too, as its resumable uploads want it."""
    return OAuthPlatform(
        name=name,
        authorize_url=f"https://www.facebook.com/{VERSION}/dialog/oauth",
        token_url=f"{_GRAPH}/oauth/access_token",
        exchange_url=f"{_GRAPH}/oauth/access_token",
        revoke_url=f"{_GRAPH}/me/permissions",
        scopes=scopes,
        separator=",",
        renews="fb_exchange_token",
        early=timedelta(days=7),
        default_life_s=60 * 86_400,
    )


OAUTH: Mapping[str, OAuthPlatform] = {
    one.name: one
    for one in (
        OAuthPlatform(
            name="youtube",
            authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
            token_url="https://oauth2.googleapis.com/token",  # noqa: S106
            revoke_url="https://oauth2.googleapis.com/revoke",
            scopes=(
                f"{_GOOGLE}/youtube.upload",
                f"{_GOOGLE}/youtube.force-ssl",
                f"{_GOOGLE}/yt-analytics.readonly",
            ),
            # A refresh token is given only where it is asked for, and only with a new consent.
            extra={"access_type": "offline", "prompt": "consent"},
        ),
        OAuthPlatform(
            name="tiktok",
            rotates=True,
            authorize_url="https://www.tiktok.com/v2/auth/authorize/",
            token_url="https://open.tiktokapis.com/v2/oauth/token/",  # noqa: S106
            revoke_url="https://open.tiktokapis.com/v2/oauth/revoke/",
            scopes=("user.info.basic", "video.publish", "video.upload", "video.list"),
            client_field="client_key",
            separator=",",
            challenge="hex",
            revokes="access",
            default_life_s=86_400,
        ),
        _meta(
            "instagram",
            "instagram_basic",
            "instagram_content_publish",
            "instagram_manage_insights",
            "pages_show_list",
            "pages_read_engagement",
        ),
        _meta(
            "facebook",
            "pages_show_list",
            "pages_read_engagement",
            "pages_manage_posts",
            "publish_video",
            "read_insights",
        ),
        OAuthPlatform(
            name="linkedin",
            rotates=True,
            authorize_url="https://www.linkedin.com/oauth/v2/authorization",
            token_url="https://www.linkedin.com/oauth/v2/accessToken",  # noqa: S106
            revoke_url="https://www.linkedin.com/oauth/v2/revoke",
            # For pages, LINKEDIN_PAGES are asked for instead: an application has to be let in.
            scopes=("openid", "profile", "w_member_social"),
            challenge="",
            revokes="access",
            default_life_s=60 * 86_400,
        ),
        OAuthPlatform(
            name="x",
            rotates=True,
            authorize_url="https://x.com/i/oauth2/authorize",
            token_url="https://api.x.com/2/oauth2/token",  # noqa: S106
            revoke_url="https://api.x.com/2/oauth2/revoke",
            scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
            client_auth="basic",
            default_life_s=7200,
        ),
    )
}

#: What posting for LinkedIn pages takes, and reading their posts: with it a lost answer can be
#: looked up, which members' posts do not allow.
LINKEDIN_PAGES = (
    "openid",
    "profile",
    "w_organization_social",
    "r_organization_social",
    "r_organization_admin",
)
