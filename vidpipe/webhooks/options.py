"""What can be set of webhooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

#: What Standard Webhooks suggests, as far as ten hours: 27.6 hours in all.
RETRY_DELAYS_S = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0)


class WebhookOptions(BaseModel):
    """How events are delivered to endpoints."""

    model_config = ConfigDict(frozen=True)

    allow_http: bool = Field(
        default=False, description="whether endpoints may have an address without TLS, http://…"
    )
    allow_private: bool = Field(
        default=False,
        description="whether endpoints may be on this machine or in its network; never where "
        "strangers are administrators",
    )
    timeout_s: float = Field(
        default=15.0, gt=0, le=60, description="seconds that an endpoint has for its answer"
    )
    retry_delays_s: tuple[Annotated[float, Field(ge=0, le=7 * 86400)], ...] = Field(
        default=RETRY_DELAYS_S,
        description="delays in seconds between attempts of a delivery; after the last one it has "
        "failed",
    )
    disable_after_days: float = Field(
        default=5.0,
        gt=0,
        le=365,
        description="days of failures in a row after which an endpoint is disabled",
    )
    rotation_h: float = Field(
        default=24.0,
        gt=0,
        le=720,
        description="hours for which the old secret signs beside a new one, unless the request "
        "says another number",
    )
    keep_days: float = Field(
        default=30.0, gt=0, le=3650, description="days that finished deliveries are kept"
    )


class SlackOptions(BaseModel):
    """A Slack app whose messages have buttons to approve and reject with."""

    model_config = ConfigDict(frozen=True)

    bot_token: SecretStr = Field(
        default=SecretStr(""), description="of the app, xoxb-…, with the scope chat:write"
    )
    signing_secret: SecretStr = Field(
        default=SecretStr(""), description="of the app: what it sends is verified with it"
    )
    conversation: str = Field(
        default="", description="id of the Slack channel that is told what waits for approval"
    )
    conversations: dict[str, str] = Field(
        default_factory=dict, description="ids of other ones, by channel of vidpipe, as JSON"
    )
    users: dict[str, str] = Field(
        default_factory=dict,
        description="e-mail addresses of users, by id in Slack, as JSON: "
        '{"U012ABCDEF": "ada@example.org"}; nobody else decides there',
    )
    api_url: str = Field(
        default="https://slack.com/api",
        pattern=r"^https?://[^\s]+$",
        description="URL of Slack's API",
    )

    @property
    def verifies(self) -> bool:
        """Whether what Slack sends is taken."""
        return bool(self.signing_secret.get_secret_value())

    @property
    def sends(self) -> bool:
        """Whether messages are sent."""
        somewhere = self.conversation or self.conversations
        return bool(self.bot_token.get_secret_value() and somewhere and self.verifies)
