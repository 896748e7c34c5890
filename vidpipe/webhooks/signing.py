"""Signatures as Standard Webhooks has them: HMAC-SHA256 of id, timestamp and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

MARK = "whsec_"
#: The specification asks for 24 to 64.
_SECRET_BYTES = 32


def new_secret() -> str:
    """A secret to sign with: `whsec_` and 32 random bytes in base64."""
    return MARK + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """One signature: `v1,` and the base64 of the HMAC.

    Args:
        secret: as `new_secret` gives it.
        message_id: of the header `webhook-id`.
        timestamp_s: Unix seconds, of the header `webhook-timestamp`.
        body: exactly as it is sent.
    """
    key = base64.b64decode(secret.removeprefix(MARK))
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(
    secrets_: Sequence[str], message_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """What a request says of itself, signed with every one of these secrets."""
    signed = " ".join(signature(secret, message_id, timestamp_s, body) for secret in secrets_)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signed,
    }
