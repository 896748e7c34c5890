"""Servers that speak OpenAI's protocol: one client, and one reading of how they fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from vidpipe.errors import Misconfigured, Unavailable, VidpipeError
from vidpipe.spending import Call, Quantities
from vidpipe.stuck import silent
from vidpipe.untrusted import Unreadable, cleaned, read_json

#: The longest wait between two attempts: what a server may ask for (openai).
_BETWEEN_S = 60.0
#: What a server asks to wait longer is no figure that can be relied on.
_LONGEST_PAUSE_S = 7 * 86400.0


class ServerOptions(BaseModel):
    """Where a server is; used when `url` is set, which ends in `/v1`."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(
        default="", description="URL of a server that speaks OpenAI's protocol, …/v1; empty: none"
    )
    key: SecretStr = Field(default=SecretStr(""), description="API key, if the server requires one")
    model: str = Field(default="", description="name of the model on the server")
    timeout_s: float = Field(default=300.0, gt=0, description="seconds until a request times out")
    max_attempts: int = Field(default=4, ge=1, le=20, description="attempts per request")


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


def service_of(options: ServerOptions) -> str:
    """What a server is called where calls are paid for: its host, with the port it has."""
    parts = urlsplit(options.url)
    return f"{(parts.hostname or 'unknown')[:56]}{f':{parts.port}' if parts.port else ''}"


@contextmanager
def client(
    options: ServerOptions,
    where: str,
    setting: str,
    call: Call,
    used: Callable[[Any], Quantities | None],
) -> Iterator[Any]:
    """OpenAI's client; it honours Retry-After up to a minute, else backs off with jitter.

    Every request that it sends, another try too, is reserved for before and settled after: one
    that fails costs what the server says of it. Of the last, whoever calls settles `call` by what
    it answers; left alone it is booked as it was expected.

    Args:
        options: where the server is.
        where: the same for people.
        setting: the prefix of its settings.
        call: what each request is about to use.
        used: quantities that the server counted, of what it answers in JSON; None: it did not.

    Raises:
        MustWait: a budget or a quota does not allow a request.
        Unavailable: the server could not be had, with the time it asks to wait.
        Misconfigured: it refuses, and will refuse again.
    """
    import openai

    sends = _sender()
    try:
        with openai.OpenAI(
            base_url=options.url,
            api_key=options.key.get_secret_value() or "none",
            timeout=options.timeout_s,
            max_retries=options.max_attempts - 1,
            http_client=_paid_client(call, used),
        ) as opened:
            yield opened
    except openai.OpenAIError as error:
        raise (call.refusal or _translated(error, options, where, setting)) from error
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{where} does not answer in JSON") from error
    except sends.HTTPError as error:
        raise Unavailable(f"{where} broke off ({type(error).__name__})") from error
    finally:
        call.close()


def _translated(error: Any, options: ServerOptions, where: str, setting: str) -> VidpipeError:
    """An error of OpenAI's client in our words."""
    import openai

    if isinstance(error, openai.APIConnectionError):
        return Unavailable(f"{where} cannot be reached ({error.__cause__ or error})")
    if isinstance(error, openai.RateLimitError | openai.InternalServerError):
        return Unavailable(
            f"{where} answers {error.status_code} after {options.max_attempts} tries",
            retry_after_s=_retry_after(error.response.headers),
        )
    if isinstance(error, openai.APIStatusError):
        return Misconfigured(
            f"{where} refuses with {error.status_code}: {_reason(error)}. See "
            f"{setting}__URL, __KEY and __MODEL"
        )
    return Unavailable(f"{where} broke off ({type(error).__name__})")


def _sender() -> Any:
    """The library that OpenAI's client sends requests with: httpx, or what came after it."""
    import openai

    return import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])


def _paid_client(call: Call, used: Callable[[Any], Quantities | None]) -> Any:
    """What sends requests, each of them paid for."""
    import openai

    sends = _sender()

    class PaidClient(openai.DefaultHttpxClient):
        """Reserves before a request is sent, and says how it failed."""

        def send(self, request: Any, **options: Any) -> Any:
            try:
                call.begin()
            except VidpipeError:
                # The client would try again whatever is raised here; `call` knows why.
                headers = {"x-should-retry": "false"}
                return sends.Response(503, headers=headers, request=request)
            try:
                response = super().send(request, **options)
                if response.status_code < 300:
                    return response
                response.read()
            except (sends.ConnectError, sends.ConnectTimeout, sends.UnsupportedProtocol):
                call.fail({}, away=True)
                raise
            except BaseException as error:
                call.fail(None, away=isinstance(error, sends.HTTPError))
                raise
            _note_refusal(call, response, used)
            return response

    # What is sent is somebody's words: to this server and to no other.
    return PaidClient(follow_redirects=False)


def _note_refusal(call: Call, response: Any, used: Callable[[Any], Quantities | None]) -> None:
    """A server that refuses or breaks down is paid for what it says that it did."""
    try:
        billed = used(read_answer(response.content[:_MOST_REFUSAL], ""))
    except Unavailable:
        billed = None
    status = response.status_code
    call.fail(
        billed or {},
        away=status >= 500,
        retry_after_s=_retry_after(response.headers),
        slow_down=status == 429,
    )


#: Bytes that are read of an answer that says why there is none.
_MOST_REFUSAL = 1 << 20
#: An answer about the longest passage with times of every word takes a fiftieth of this.
_MOST_BYTES = 32 << 20
#: An upload is at most 13 minutes of sound: with times, tokens and chances 60,000 values.
_MOST_VALUES = 2_000_000


def read_answer(said: bytes, where: str) -> Any:
    """What the bytes of an answer say as JSON.

    Raises:
        Unavailable: they are none, or of more values than any answer has.
    """
    try:
        return read_json(cleaned(said.decode("utf-8", "replace")), _MOST_VALUES)
    except Unreadable as error:
        raise Unavailable(f"{where} does not answer in JSON: {error}") from error


def answer_of(asked: Any, options: ServerOptions, where: str, most_bytes: int = _MOST_BYTES) -> Any:
    """What a server says to a question asked by `with_streaming_response`, as JSON.

    A server that drips or sends without end is given up, whatever it compresses.

    Raises:
        Unavailable: more than `most_bytes`, longer than one answer may take, or no JSON.
    """
    until_s = time.monotonic() + options.timeout_s
    said = bytearray()
    # All tries, and the waits between them.
    with silent(options.max_attempts * (options.timeout_s + _BETWEEN_S)), asked as response:
        for part in response.iter_bytes():
            said += part
            if len(said) > most_bytes:
                raise Unavailable(f"{where} answers with more than {most_bytes} bytes")
            if time.monotonic() > until_s:
                raise Unavailable(f"{where} takes longer than {options.timeout_s:g} s to answer")
    return read_answer(bytes(said), where)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        found = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return found if 0 <= found <= _LONGEST_PAUSE_S else None


def _reason(error: Any) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.message)[:300]
