"""What can be set of accounts: how one logs in, how long that holds, how often one may ask."""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

#: HS256 wants a key as long as its digest at least (RFC 7518, 3.2): 32 bytes.
MIN_SECRET_CHARACTERS = 32


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True)


class PasswordOptions(_Options):
    """What a password has to be like, and when guessing ends.

    NIST SP 800-63B: no rules of composition, no expiry, a list of what is common and expected;
    at least 64 characters allowed. Its revision 4 asks for 15 characters where nothing else is
    asked for: raise the minimum where that binds you.
    """

    min_length: int = Field(default=12, ge=8, le=64, description="minimum characters of a password")
    # PCI DSS 4.0, 8.3.4: locked after at most 10 attempts, for at least 30 minutes. NIST SP
    # 800-63B, 5.2.2, allows 100 in a row.
    max_failures: int = Field(
        default=10, ge=1, le=100, description="failed logins in a row after which one has to wait"
    )
    lockout_s: float = Field(
        default=1800.0, ge=1, le=86400, description="seconds that a lockout lasts"
    )


class SessionOptions(_Options):
    """How long a login holds."""

    access_s: int = Field(
        default=900, ge=30, le=3600, description="seconds that an access token is good for"
    )
    refresh_s: int = Field(
        default=7 * 86400,
        ge=300,
        le=90 * 86400,
        description="seconds after a login until one has to log in again",
    )


class MailOptions(_Options):
    """Where e-mail goes out: nowhere unless a host is set."""

    host: str = Field(default="", description="SMTP server; empty: messages are only logged")
    port: int = Field(default=587, ge=1, le=65535, description="port of the SMTP server")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="how the connection to the SMTP server is encrypted"
    )
    user: str = Field(default="", description="user name at the SMTP server")
    password: SecretStr = Field(default=SecretStr(""), description="password at the SMTP server")
    sender: str = Field(default="vidpipe@localhost", description="address that messages come from")
    timeout_s: float = Field(
        default=20.0, gt=0, le=300, description="seconds that the SMTP server may take"
    )


class OidcOptions(_Options):
    """An OpenID Connect provider that users log in with."""

    issuer: str = Field(
        default="", description="URL of the OpenID Connect provider; empty: passwords alone"
    )
    client_id: str = Field(default="", description="client id at the provider")
    client_secret: SecretStr = Field(
        default=SecretStr(""), description="client secret at the provider"
    )
    scope: str = Field(default="openid email", description="scope that the provider is asked for")
    sign_up: Literal["known", "domain", "anyone"] = Field(
        default="known",
        description="who may log in for the first time: known e-mail addresses, those of `domains`,"
        " or anyone whom the provider knows",
    )
    domains: tuple[str, ...] = Field(
        default=(), description="domains of e-mail addresses that may sign up"
    )

    @property
    def configured(self) -> bool:
        """Whether there is a provider."""
        return bool(self.issuer and self.client_id)


class RateOptions(_Options):
    """How many requests a minute are answered; 0: as many as come."""

    # 10 a minute and address is the service's requirement for whoever has not said who they are.
    per_address: int = Field(
        default=10, ge=0, description="requests a minute of an address that is not logged in"
    )
    # One browser that polls ten jobs every 2 s asks 300 times a minute.
    per_user: int = Field(default=600, ge=0, description="requests a minute of a user")
    per_key: int = Field(default=600, ge=0, description="requests a minute of an API key")
    login: int = Field(
        default=5, ge=0, description="logins, registrations and resets a minute of an address"
    )


class AccountOptions(_Options):
    """Who may use the service, and how they show who they are."""

    secrets: tuple[SecretStr, ...] = Field(
        default=(),
        description="secrets that tokens are signed with, 32 characters at least: the first signs,"
        " all verify; default: one made in {home} if the catalog is embedded",
    )
    anonymous_read: bool = Field(
        default=False,
        description="whether whoever reaches the server from elsewhere may look without a login,"
        " as behind a proxy that has one",
    )
    registration: Literal["closed", "open"] = Field(
        default="closed", description="whether anybody may register, or only who was invited"
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="addresses or networks of proxies whose X-Forwarded-For is believed",
    )
    password: PasswordOptions = PasswordOptions()
    session: SessionOptions = SessionOptions()
    mail: MailOptions = MailOptions()
    oidc: OidcOptions = OidcOptions()
    rates: RateOptions = RateOptions()

    @field_validator("secrets")
    @classmethod
    def _long_enough(cls, given: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(s.get_secret_value()) < MIN_SECRET_CHARACTERS for s in given):
            raise ValueError(f"each has to have {MIN_SECRET_CHARACTERS} characters at least")
        return given

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            ipaddress.ip_network(text, strict=False)
        return given
