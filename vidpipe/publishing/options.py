"""What can be set of publishing: the applications that platforms know vidpipe as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ADDRESS = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")

OAuthName = Literal["youtube", "tiktok", "instagram", "facebook", "linkedin", "x"]
#: Where `python -m vidpipe_fakes` starts each fake.
FAKES: Mapping[str, str] = {
    name: f"http://127.0.0.1:{9300 + number}"
    for number, name in enumerate(
        ("youtube", "tiktok", "instagram", "facebook", "linkedin", "x", "webhook")
    )
}


class PlatformApplication(BaseModel):
    """vidpipe as a platform knows it: an entry of its page for developers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: OAuthName | Literal[""] = Field(
        default="", description="youtube, tiktok, instagram, facebook, linkedin or x"
    )
    client_id: str = Field(
        default="", max_length=400, description="its id: of TikTok the client key"
    )
    client_secret: SecretStr = Field(default=SecretStr(""), description="its secret")
    organisation: str = Field(
        default="", description="only for channels of this organisation; default: for all"
    )
    pages: bool = Field(
        default=False,
        description="of LinkedIn: whether it may post for pages, and asks for that in place of "
        "posting for members",
    )

    @property
    def usable(self) -> bool:
        """Whether all of it is set; a part may be left over of one that was removed."""
        return bool(self.platform and self.client_id)


class PublishingOptions(BaseModel):
    """Where posts go."""

    model_config = ConfigDict(frozen=True)

    applications: dict[str, PlatformApplication] = Field(
        default_factory=dict,
        description="applications at platforms, by name: PLATFORM, CLIENT_ID, CLIENT_SECRET, "
        "ORGANISATION and PAGES of each, as in VIDPIPE_PUBLISHING__APPLICATIONS__MAIN__CLIENT_ID; "
        "quotas are counted for each",
    )
    dry: dict[str, str] | str = Field(
        default="",
        description="`fakes`: posts go to the servers of `python -m vidpipe_fakes` and nowhere "
        'else; or addresses of fakes by platform, as JSON: {"youtube": "http://127.0.0.1:9300"}',
    )
    folder: Path | None = Field(
        default=None,
        description="folder that accounts of the kind `folder` lie in; default {home}/posts",
    )

    @field_validator("applications")
    @classmethod
    def _named(cls, given: dict[str, PlatformApplication]) -> dict[str, PlatformApplication]:
        for name in given:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r}: an application's name is a-z, 0-9, - and _, up to 64 of them"
                )
        return given

    @field_validator("dry")
    @classmethod
    def _fakes(cls, given: dict[str, str] | str) -> dict[str, str] | str:
        if isinstance(given, str):
            if given not in ("", "fakes"):
                raise ValueError("it is empty, `fakes`, or JSON: addresses by platform")
            return given
        for name, address in given.items():
            if name not in FAKES:
                raise ValueError(f"{name!r} is none of {', '.join(FAKES)}")
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"{name}: this is no address such as http://127.0.0.1:9300")
        return given

    @property
    def bases(self) -> Mapping[str, str] | None:
        """Addresses of fakes by platform; None: posts go to the platforms themselves."""
        if not self.dry:
            return None
        return FAKES if isinstance(self.dry, str) else self.dry
