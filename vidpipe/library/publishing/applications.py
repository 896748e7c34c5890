"""How platforms know vidpipe: applications of the settings, or those of fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe.errors import Misconfigured
from vidpipe.library.errors import Refused
from vidpipe.library.publishing.account_words import title_of
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.oauth import OAuthClient, OAuthPlatform
from vidpipe.publishing.oauth_platforms import LINKEDIN_PAGES, OAUTH
from vidpipe.publishing.options import PlatformApplication

#: What fakes take. Secrets of real applications are sent to no fake.
_FAKE_ID, _FAKE_SECRET = "fake-client", "fake-client-secret"
#: The application where posts go to fakes and none is set.
FAKE_APPLICATION = "fakes"
#: Where platforms send people back to.
RETURN_PATH = "/oauth/return"


class Applications:
    """The applications of an installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._options = engine.settings.publishing

    @property
    def dry(self) -> bool:
        """Whether posts go to fakes."""
        return self._options.bases is not None

    def base(self, platform: str) -> str:
        """Where a platform's fake is; empty: the platform itself is asked.

        Raises:
            Misconfigured: posts go to fakes, and this platform has none.
        """
        bases = self._options.bases
        if bases is None or platform == "folder":
            return ""
        if platform not in bases:
            raise Misconfigured(
                f"VIDPIPE_PUBLISHING__DRY names no fake of {title_of(platform)}, and nothing is to "
                "leave this installation"
            )
        return bases[platform].rstrip("/")

    def names(self, platform: str, organisations: Sequence[str] | None = None) -> tuple[str, ...]:
        """Applications that accounts of a platform can be connected with.

        Args:
            platform: which.
            organisations: only those that channels of these may use; None: all.
        """
        found = [
            (not one.organisation, name)
            for name, one in self._all(platform).items()
            if organisations is None or not one.organisation or one.organisation in organisations
        ]
        # Their own before everybody's.
        return tuple(name for _, name in sorted(found))

    def chosen(self, platform: str, organisation: str, name: str | None) -> str:
        """The application that an account is connected with.

        Raises:
            Refused: there is none of this name, or none at all.
        """
        names = self.names(platform, [organisation])
        if name is not None and name not in names:
            known = f": there are {', '.join(names)}" if names else ""
            raise Refused(f"{title_of(platform)} has no application {name!r} here{known}")
        if not names:
            raise Refused(self.why_not(platform))
        return name or names[0]

    def why_not(self, platform: str) -> str:
        """Why nothing can be connected there; empty: it can."""
        try:
            self.base(platform)
        except Misconfigured as error:
            return str(error)
        if platform not in OAUTH or self.names(platform):
            return ""
        return (
            f"no application at {title_of(platform)} is set: "
            "VIDPIPE_PUBLISHING__APPLICATIONS__NAME__PLATFORM, __CLIENT_ID and __CLIENT_SECRET"
        )

    def oauth(
        self, platform: str, name: str, redirect_uri: str
    ) -> tuple[OAuthPlatform, OAuthClient]:
        """How to ask a platform for tokens.

        Raises:
            Misconfigured: the application is not set any more.
        """
        application = self._all(platform).get(name)
        if application is None:
            raise Misconfigured(
                f"the application {name!r} at {title_of(platform)} is not set any more: set it "
                "again, or connect the account with another one"
            )
        known, base = OAUTH[platform], self.base(platform)
        client = OAuthClient(application.client_id, application.client_secret, redirect_uri)
        if self.dry:
            client = OAuthClient(_FAKE_ID, SecretStr(_FAKE_SECRET), redirect_uri)
        return (known.at(base) if base else known), client

    def known(self, row: SocialAccountRow) -> tuple[OAuthPlatform, OAuthClient]:
        """The same for an account that was connected.

        Raises:
            Misconfigured: its application is not set any more.
        """
        return self.oauth(row.platform, row.application, "")

    def scopes(self, platform: str, name: str) -> tuple[str, ...]:
        """What is asked for with an application."""
        application = self._all(platform).get(name)
        if platform == "linkedin" and application is not None and application.pages:
            return LINKEDIN_PAGES
        return OAUTH[platform].scopes

    def same_client(self, platform: str, name: str, other: str, other_name: str) -> bool:
        """Whether two are one application of a platform: what ends at one ends at the other."""
        first, second = self._all(platform).get(name), self._all(other).get(other_name)
        return (
            first is not None
            and second is not None
            and first.client_id == second.client_id
            and OAUTH[platform].token_url == OAUTH[other].token_url
        )

    def _all(self, platform: str) -> Mapping[str, PlatformApplication]:
        found = {
            name: one
            for name, one in self._options.applications.items()
            if one.usable and one.platform == platform
        }
        if not found and self.dry and platform in OAUTH:
            bases = self._options.bases or {}
            if platform in bases:
                secret = SecretStr(_FAKE_SECRET)
                found[FAKE_APPLICATION] = PlatformApplication(
                    platform=platform,  # type: ignore[arg-type]
                    client_id=_FAKE_ID,
                    client_secret=secret,
                )
        return found
