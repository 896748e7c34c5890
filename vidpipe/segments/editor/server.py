"""A language model's server: what it is asked and answers, what that costs.

Every server that speaks OpenAI's `/v1/chat/completions` will do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.errors import Unavailable
from vidpipe.openai_client import address, answer_of, client, service_of
from vidpipe.segments.model import LlmOptions
from vidpipe.spending import (
    CACHED_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    REQUESTS,
    Call,
    Purchase,
    Quantities,
)

#: The prefix of its settings in the environment.
LLM_SETTING = "VIDPIPE_LLM"
#: Characters per token, few enough that an estimate is not too low; of other alphabets each is one.
_CHARACTERS_PER_TOKEN = 3.0
#: Tokens that an answer may have: far more than it needs, also of a model that reasons, and no more
#: than common models may give (gpt-4o: 16,384).
_LEAST_ROOM, _ROOM, _MOST_ROOM = 8_192, 8, 16_384
#: Tokens that a message takes beside its text.
_MESSAGE_TOKENS = 16
#: Characters of an answer: far more than two hundred verdicts take.
MOST_ANSWER = 1_000_000


@dataclass(frozen=True)
class Question:
    """Messages for a model, and how many tokens its answer is likely to have."""

    messages: tuple[Mapping[str, str], ...]
    answer_tokens: int

    @property
    def tokens(self) -> int:
        """How many tokens the messages are likely to have."""
        text = "".join(m["content"] for m in self.messages)
        plain = sum(map(str.isascii, text))
        return round(plain / _CHARACTERS_PER_TOKEN) + len(text) - plain

    @property
    def most_tokens(self) -> int:
        """How many tokens an answer may have."""
        return min(_MOST_ROOM, max(_LEAST_ROOM, _ROOM * self.answer_tokens))


class Answer(BaseModel):
    """What a server said, and what it counted."""

    model_config = ConfigDict(frozen=True)

    content: str
    tokens_in: int = 0
    tokens_out: int = 0
    kept: bool = Field(default=False, exclude=True, description="from an earlier run: paid then")


#: What stands between the editor and a server.
Ask = Callable[[Question], Answer]


def ask_server(options: LlmOptions, question: Question) -> Answer:
    """One request for an answer in JSON.

    Raises:
        Unavailable: the server could not be had.
        Misconfigured: it refuses.
    """
    where = f"editor-{address(options)}"
    call = Call(purchase(options, question))
    with client(options, where, LLM_SETTING, call, _used) as opened:
        asked = opened.chat.completions.with_streaming_response.create(
            model=options.model,
            messages=list(question.messages),
            temperature=0,
            response_format={"type": "json_object"},
            max_completion_tokens=int(call.purchase.most[OUTPUT_TOKENS]),
        )
        said = answer_of(asked, options, where, MOST_ANSWER)
        call.settle(_used(said))
    try:
        content = said["choices"][0]["message"]["content"]
    except (LookupError, TypeError):
        content = None
    if not isinstance(content, str) or not content:
        raise Unavailable(f"{where} answers without a text")
    used = said.get("usage")
    return Answer(
        content=content,
        tokens_in=_count(used, "prompt_tokens"),
        tokens_out=_count(used, "completion_tokens"),
    )


def purchase(options: LlmOptions, *questions: Question) -> Purchase:
    """What requests are about to use: at most a token for each byte, and as many as they ask for.

    Args:
        options: of the server and what it costs, where that is set.
        questions: what is asked, one request each.
    """
    named = {"price_in", "price_out"} & options.model_fields_set
    given = sum(len(m["content"].encode()) + _MESSAGE_TOKENS for q in questions for m in q.messages)
    million = 1_000_000
    return Purchase(
        service_of(options),
        options.model,
        {
            INPUT_TOKENS: given,
            OUTPUT_TOKENS: sum(q.most_tokens for q in questions),
            REQUESTS: len(questions),
        },
        expected={
            INPUT_TOKENS: min(given, sum(q.tokens for q in questions)),
            OUTPUT_TOKENS: sum(q.answer_tokens for q in questions),
            REQUESTS: len(questions),
        },
        stated={
            INPUT_TOKENS: (options.price_in, million),
            OUTPUT_TOKENS: (options.price_out, million),
        }
        if named
        else None,
        address=options.url,
        timeout_s=options.timeout_s,
    )


def _used(said: Any) -> Quantities | None:
    """Tokens that a server says that it counted; None: it does not say."""
    usage = said.get("usage") if isinstance(said, dict) else None
    if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int):
        return None
    found = {
        INPUT_TOKENS: _count(usage, "prompt_tokens"),
        OUTPUT_TOKENS: _count(usage, "completion_tokens"),
        REQUESTS: 1,
    }
    cached = _count(usage.get("prompt_tokens_details"), "cached_tokens")
    return {**found, CACHED_TOKENS: cached} if cached else found


def _count(used: Any, name: str) -> int:
    """Tokens as a server counted them; 0 for what is no count."""
    given = used.get(name) if isinstance(used, dict) else None
    return given if isinstance(given, int) and 0 <= given < 10**9 else 0
