"""Servers that speak OpenAI's protocol: one client, and one reading of how they fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from vidpipe.errors import Misconfigured, Unavailable


class ServerOptions(BaseModel):
    """Where a server is; used when `url` is set, which ends in `/v1`."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(default="", description="of a server that speaks OpenAI's protocol, …/v1")
    key: SecretStr = Field(default=SecretStr(""), description="what it asks for, if it does")
    model: str = Field(default="", description="its name there")
    timeout_s: float = Field(default=300.0, gt=0, description="of one answer")
    tries: int = Field(default=4, ge=1, le=20, description="of one question")


def address(options: ServerOptions) -> str:
    """Server and model without what may be secret in the URL: for fingerprints and messages."""
    parts = urlsplit(options.url)
    return f"{parts.hostname}:{parts.port or parts.scheme}{parts.path}:{options.model}"


def missing(options: ServerOptions, setting: str) -> str | None:
    """What is missing for it to be used, or None."""
    if not options.url:
        return f"{setting}__URL is not set"
    if find_spec("openai") is None:
        return "its client is not installed: pip install 'vidpipe[api]'"
    return None


@contextmanager
def client(options: ServerOptions, where: str, setting: str) -> Iterator[Any]:
    """OpenAI's client; it honours Retry-After up to a minute, else backs off with jitter.

    Raises:
        Unavailable: the server could not be had, with the time it asks to wait.
        Misconfigured: it refuses, and will refuse again.
    """
    import openai

    try:
        with openai.OpenAI(
            base_url=options.url,
            api_key=options.key.get_secret_value() or "none",
            timeout=options.timeout_s,
            max_retries=options.tries - 1,
            # What is sent is for this server: a redirect would carry it to another.
            http_client=openai.DefaultHttpxClient(follow_redirects=False),
        ) as opened:
            yield opened
    except openai.APIConnectionError as error:
        raise Unavailable(f"{where} cannot be reached ({error.__cause__ or error})") from error
    except (openai.RateLimitError, openai.InternalServerError) as error:
        raise Unavailable(
            f"{where} answers {error.status_code} after {options.tries} tries",
            retry_after_s=_retry_after(error.response.headers),
        ) from error
    except openai.APIStatusError as error:
        raise Misconfigured(
            f"{where} refuses with {error.status_code}: {_reason(error)}. See "
            f"{setting}__URL, __KEY and __MODEL"
        ) from error
    except ValueError as error:
        raise Unavailable(f"{where} does not answer in JSON") from error


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


def _reason(error: Any) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.message)[:300]
