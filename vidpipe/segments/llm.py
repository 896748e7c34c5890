"""A language model as second reader: it ranks and titles what the local stage proposes.

It gets passages and gives back ids, scores and words; times are never its business. What
it says is checked against the transcript: a title in other words than the passage's, a
hook that is not said, an id that was not asked about are dropped. So a recording in which
somebody says "ignore your rules" can at worst win a score.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.openai_client import address, answer_of, client, missing, service_of
from vidpipe.segments.model import LlmNote, LlmOptions
from vidpipe.segments.quotes import QuoteIndex, plain
from vidpipe.spending import (
    CACHED_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    REQUESTS,
    Call,
    Purchase,
    Quantities,
)
from vidpipe.transcript.model import Word
from vidpipe.untrusted import Unreadable, read_json

#: The prefix of its settings in the environment.
LLM_SETTING = "VIDPIPE_LLM"
#: Characters per token, few enough that an estimate is not too low.
_CHARACTERS_PER_TOKEN = 3.0
#: What an answer about one candidate takes, in tokens.
_ANSWER_TOKENS = 120
#: Tokens that an answer may have at most: far more than it needs, also of a model that reasons.
_LEAST_ROOM, _ROOM = 8_192, 8
#: Tokens that a message takes beside its text.
_MESSAGE_TOKENS = 16
_TITLE_CHARACTERS = (8, 70)
_REASON_CHARACTERS = 160
_MOST_HOOK = 2_000
#: Share of a title's words that must be said in the passage.
_OWN_WORDS = 0.6
#: Far more than two hundred verdicts take, of some two hundred bytes each.
_MOST_ANSWER, _MOST_VALUES = 1_000_000, 20_000
_ID = re.compile(r"c([0-9]{1,4})")
_LINK = re.compile(r"https?:|www\.|\w\.(?:com|net|org|io|ai|ly)\b|@\w", re.IGNORECASE)


class Answer(BaseModel):
    """What a server said, and what it counted."""

    model_config = ConfigDict(frozen=True)

    content: str
    tokens_in: int = 0
    tokens_out: int = 0
    kept: bool = Field(default=False, exclude=True, description="from an earlier run: paid then")


@dataclass(frozen=True)
class Judgement:
    """On one candidate: 0 to 100; title, hook and reason are empty where they did not hold."""

    score: float
    title: str = ""
    hook: str = ""
    reason: str = ""


Ask = Callable[[Sequence[Mapping[str, str]]], Answer]


@functools.cache
def _system() -> str:
    text = files("vidpipe.segments").joinpath("prompts/rank.yaml").read_text("utf-8")
    return str(yaml.safe_load(text)["system"])


def llm_identity(options: LlmOptions) -> dict[str, Any] | None:
    """Server, model, prompt and options, for fingerprints; None without an editor."""
    if missing(options, LLM_SETTING) is not None:
        return None
    return {
        "server": address(options),
        "prompt": hashlib.sha256(_system().encode()).hexdigest()[:16],
        **options.model_dump(include={"budget", "candidates", "weight"}),
    }


def ask_server(options: LlmOptions, messages: Sequence[Mapping[str, str]]) -> Answer:
    """One request for an answer in JSON.

    Raises:
        Unavailable: the server could not be had.
        Misconfigured: it refuses.
    """
    where = f"editor-{address(options)}"
    call = Call(purchase(options, messages))
    with client(options, where, LLM_SETTING, call, _used) as opened:
        asked = opened.chat.completions.with_streaming_response.create(
            model=options.model,
            messages=list(messages),
            temperature=0,
            response_format={"type": "json_object"},
            max_completion_tokens=int(call.purchase.most[OUTPUT_TOKENS]),
        )
        said = answer_of(asked, options, where, _MOST_ANSWER)
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


def purchase(
    options: LlmOptions, messages: Sequence[Mapping[str, str]], answers: int | None = None
) -> Purchase:
    """What a request is about to use: at most a token for each byte, and as many as it asks for.

    Args:
        options: of the server and what it costs, where that is set.
        messages: what is asked.
        answers: candidates that are asked about; None: as the messages have them.
    """
    text = [m["content"] for m in messages]
    if answers is None:
        answers = max(1, sum(t.count('"id"') for t in text))
    likely = _ANSWER_TOKENS * answers
    named = {"price_in", "price_out"} & options.model_fields_set
    given = sum(len(t.encode()) + _MESSAGE_TOKENS for t in text)
    million = 1_000_000
    return Purchase(
        service_of(options),
        options.model,
        {INPUT_TOKENS: given, OUTPUT_TOKENS: max(_LEAST_ROOM, _ROOM * likely), REQUESTS: 1},
        expected={
            INPUT_TOKENS: min(given, round(sum(map(len, text)) / _CHARACTERS_PER_TOKEN)),
            OUTPUT_TOKENS: likely,
            REQUESTS: 1,
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


class Editor:
    """Judges passages; `ask` stands between it and the server."""

    def __init__(self, options: LlmOptions, ask: Ask | None = None) -> None:
        self.options = options
        self.ask = ask or functools.partial(ask_server, options)

    def judge(self, passages: Sequence[Sequence[Word]]) -> tuple[dict[int, Judgement], LlmNote]:
        """Verdicts by the passage's index, as many as hold, and what it took.

        Never raises for what a server does: then there are no verdicts, and the note says why.
        """
        messages = _messages(passages)
        tokens = sum(len(m["content"]) for m in messages) / _CHARACTERS_PER_TOKEN
        estimate = self._cost(tokens, _ANSWER_TOKENS * len(passages))
        note = LlmNote(
            model=self.options.model, asked=len(passages), estimated_cost=round(estimate, 6)
        )
        if self.options.budget is not None and estimate > self.options.budget:
            why = f"asking might cost {estimate:.4f}, the budget is {self.options.budget:g}"
            return {}, note.model_copy(update={"skipped_reason": why})
        try:
            answer = self.ask(messages)
        except (Unavailable, Misconfigured) as error:
            return {}, note.model_copy(update={"skipped_reason": str(error), "unavailable": True})
        verdicts, repaired = _verdicts(answer.content, passages)
        return verdicts, note.model_copy(
            update={
                "judged": len(verdicts),
                "repaired": repaired,
                "tokens_in": answer.tokens_in,
                "tokens_out": answer.tokens_out,
                "cost": 0.0
                if answer.kept
                else round(self._cost(answer.tokens_in, answer.tokens_out), 6),
                "skipped_reason": "" if verdicts else "nothing in its answer could be used",
            }
        )

    def _cost(self, tokens_in: float, tokens_out: float) -> float:
        prices = float(self.options.price_in), float(self.options.price_out)
        return (tokens_in * prices[0] + tokens_out * prices[1]) / 1e6


def _messages(passages: Sequence[Sequence[Word]]) -> list[dict[str, str]]:
    """The rules, and the passages as data: JSON, so that no text can end its own quotes."""
    listed = [
        {"id": f"c{k + 1}", "text": " ".join(w.text for w in words)}
        for k, words in enumerate(passages)
    ]
    data = json.dumps({"candidates": listed}, ensure_ascii=False)
    return [{"role": "system", "content": _system()}, {"role": "user", "content": data}]


def _verdicts(content: str, passages: Sequence[Sequence[Word]]) -> tuple[dict[int, Judgement], int]:
    """What holds of an answer, and how many entries lost a part."""
    begin, end = content.find("{"), content.rfind("}")
    if len(content) > _MOST_ANSWER:
        return {}, 0
    try:
        listed = read_json(content[begin : end + 1], _MOST_VALUES).get("clips")
    except (Unreadable, AttributeError):
        return {}, 0
    verdicts: dict[int, Judgement] = {}
    repaired = 0
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, dict):
            continue
        named = _ID.fullmatch(str(item.get("id", "")))
        score = item.get("score")
        if named is None or isinstance(score, bool) or not isinstance(score, int | float):
            continue
        index = int(named[1]) - 1
        if not 0 <= index < len(passages) or index in verdicts or not 0 <= score <= 100:
            continue
        verdict = Judgement(
            score=float(score),
            title=_title(item.get("title"), passages[index]),
            hook=_hook(item.get("hook"), passages[index]),
            reason=_one_line(item.get("reason"), _REASON_CHARACTERS),
        )
        repaired += not (verdict.title and verdict.hook)
        verdicts[index] = verdict
    return verdicts, repaired


def _one_line(text: Any, limit: int) -> str:
    if not isinstance(text, str) or len(text) > 4 * limit or _LINK.search(text):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else ""


def _title(text: Any, words: Sequence[Word]) -> str:
    """A title that says what the passage says, in its words."""
    least, most = _TITLE_CHARACTERS
    line = _one_line(text, most).strip("\"'“”„«». ")
    if len(line) < least:
        return ""
    said = [plain(w.text) for w in words]
    run = "".join(said)
    own = [plain(w) for w in line.split()]
    own = [w for w in own if len(w) > 3] or [plain(line)]
    # Another ending is the same word: five letters must agree, or all there are.
    known = sum(any(s.startswith(w[:5]) for s in said) or w in run for w in own)
    return line if known >= _OWN_WORDS * len(own) else ""


def _hook(text: Any, words: Sequence[Word]) -> str:
    """The words of the transcript that it quotes, empty if they are not said."""
    if not isinstance(text, str) or len(text) > _MOST_HOOK or not plain(text):
        return ""
    found = QuoteIndex(words).places(plain(text))
    if not found:
        return ""
    first, last = found[0]
    return " ".join(w.text for w in words[first : last + 1])
