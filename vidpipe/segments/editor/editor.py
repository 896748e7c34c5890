"""The editor: asks a language model, keeps to the budget, and never fails."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.segments.editor import answers
from vidpipe.segments.editor.answers import Judgement, Run
from vidpipe.segments.editor.questions import (
    JUDGED_AT_ONCE,
    READ_AT_ONCE,
    Lengths,
    ShownCandidate,
    comparing,
    judging,
    parts_of,
    proposing,
)
from vidpipe.segments.editor.server import Answer, Ask, Question, ask_server
from vidpipe.segments.model import LlmNote, LlmOptions
from vidpipe.transcript.model import Word

T = TypeVar("T")
_NOTHING = "nothing in its answer could be used"
#: Of less than such a share of the candidates a verdict is no choice.
_JUDGED_SHARE = 0.5


@dataclass
class _Account:
    """What was asked of it so far, and what that took."""

    note: LlmNote
    stopped: bool = field(default=False)


class Editor:
    """Proposes, judges and compares passages of one recording; `ask` stands before the server.

    Nothing here raises for what a server does: then there is no answer, and `note` says why.
    After a request that failed, or that the budget forbids, nothing more is asked.
    """

    def __init__(self, options: LlmOptions, ask: Ask | None = None) -> None:
        self.options = options
        self._ask = ask or functools.partial(ask_server, options)
        self._account = _Account(LlmNote(model=options.model))

    @property
    def note(self) -> LlmNote:
        """What it had to do with the choice so far."""
        return self._account.note

    @property
    def asked(self) -> bool:
        """Whether there was anything to ask it."""
        return self.note.requests > 0 or bool(self.note.skipped_reason)

    def propose(self, words: Sequence[Word], limits: Lengths) -> list[Run]:
        """Words `[first, last)` of passages that it would post: of every part the best first."""
        found: list[list[Run]] = []
        for at in parts_of(len(words)):
            part = words[at : at + READ_AT_ONCE]
            read = functools.partial(answers.proposals, words=part, limits=limits)
            given = self._answer(proposing(part, limits), read)
            if given is None:
                break
            runs, unusable = given
            found.append([(a + at, b + at) for a, b in runs])
            self._noted(unusable=self.note.unusable + unusable)
        in_turn = (run for runs in itertools.zip_longest(*found) for run in runs if run)
        proposed = list(dict.fromkeys(in_turn))
        self._noted(proposed=len(proposed))
        return proposed

    def judge(self, shown: Sequence[ShownCandidate], limits: Lengths) -> dict[int, Judgement]:
        """Verdicts by the candidate's index, as many as hold; none where most do not."""
        verdicts: dict[int, Judgement] = {}
        repaired = 0
        for at in range(0, len(shown), JUDGED_AT_ONCE):
            batch = shown[at : at + JUDGED_AT_ONCE]
            read = functools.partial(answers.verdicts, shown=batch)
            given = self._answer(judging(batch, limits), read, len(batch))
            if given is None:
                break
            verdicts |= {at + k: verdict for k, verdict in given[0].items()}
            repaired += given[1]
        if len(verdicts) < _JUDGED_SHARE * len(shown):
            # Who says nothing of most of them has not chosen.
            few = f"it judged only {len(verdicts)} of {len(shown)} candidates"
            why = self.note.skipped_reason or (few if verdicts else _NOTHING)
            self._noted(skipped_reason=why)
            return {}
        self._noted(judged=len(verdicts), repaired=repaired)
        return verdicts

    def compare(self, passages: Sequence[Sequence[Word]]) -> dict[int, float]:
        """For each passage in a pair, the share of its pairs that it wins; empty: not compared."""
        every = itertools.combinations(range(len(passages)), 2)
        # Whoever comes first is not always the better one.
        pairs = [(a, b) if (a + b) % 2 else (b, a) for a, b in every]
        if not pairs:
            return {}
        won = self._answer(
            comparing(passages, pairs), lambda said: answers.comparisons(said, pairs)
        )
        if not won:
            return {}
        self._noted(compared=len(won))
        shares = {}
        for k in range(len(passages)):
            own = [better for index, better in won.items() if k in pairs[index]]
            if own:
                shares[k] = sum(better == k for better in own) / len(own)
        return shares

    def _answer(self, question: Question, read: Callable[[str], T], asked: int = 0) -> T | None:
        """What is read out of an answer; None where there is none."""
        if self._account.stopped:
            return None
        note = self.note
        estimate = self._cost(question.tokens, question.answer_tokens)
        self._noted(estimated_cost=round(note.estimated_cost + estimate, 6))
        budget = self.options.budget
        if budget is not None and note.cost + estimate > budget:
            spent = f"{note.cost:.4f} is spent, " if note.cost else ""
            why = f"{spent}asking might cost {estimate:.4f}, the budget is {budget:g}"
            self._stop(why)
            return None
        self._noted(asked=note.asked + asked)
        try:
            answer = self._ask(question)
        except (Unavailable, Misconfigured) as error:
            self._noted(unavailable=True)
            self._stop(str(error))
            return None
        self._noted(
            requests=note.requests + 1,
            tokens_in=note.tokens_in + answer.tokens_in,
            tokens_out=note.tokens_out + answer.tokens_out,
            cost=round(note.cost + self._paid(answer), 6),
        )
        return read(answer.content)

    def _stop(self, why: str) -> None:
        self._account.stopped = True
        self._noted(skipped_reason=why)

    def _noted(self, **changed: object) -> None:
        self._account.note = self._account.note.model_copy(update=changed)

    def _paid(self, answer: Answer) -> float:
        return 0.0 if answer.kept else self._cost(answer.tokens_in, answer.tokens_out)

    def _cost(self, tokens_in: float, tokens_out: float) -> float:
        prices = float(self.options.price_in), float(self.options.price_out)
        return (tokens_in * prices[0] + tokens_out * prices[1]) / 1e6
