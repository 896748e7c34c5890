"""The names that a recogniser is told beforehand, and whether it only says them back.

Whisper takes text that came before as its prompt, and spells as that text does
(platform.openai.com/docs/guides/speech-to-text, "Prompting"). It takes 224 tokens at
most; and where it hears nothing, it may read the prompt out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

#: What Whisper takes of a prompt: half of its 448 positions, less the mark before it.
PROMPT_TOKENS = 223
#: Names in a row, as the list has them, that are the list and no sentence.
_SAID_BACK = 3


def hint(terms: Sequence[str], tokens: Callable[[str], int], at_most: int = PROMPT_TOKENS) -> str:
    """The terms as a list to show a recogniser: as many of the first as fit; empty for none."""
    text = ""
    for k in range(1, len(terms) + 1):
        longer = ", ".join(terms[:k]) + "."
        if tokens(longer) > at_most:
            break
        text = longer
    return text


def at_most_tokens(text: str) -> int:
    """How many tokens a text can have where nobody can count them.

    Two for three bytes: of Whisper's own tokens, lists of names in eleven languages take one
    for 2.2 to 3.7 bytes, a list of abbreviations one for 1.7.
    """
    return -(-2 * len(text.encode()) // 3)


def said_back(text: str, terms: Sequence[str]) -> bool:
    """Whether a text has the list that was shown in it, three names in its order."""
    said = _plain(text)
    names = [_plain(name) for name in terms]
    rows = [names[k : k + _SAID_BACK] for k in range(max(1, len(names) - _SAID_BACK + 1))]
    if len(names) < _SAID_BACK:
        # Of one or two names there may be a sentence, but none that is nothing else.
        return bool(names) and said == " ".join(names)
    return any(f" {' '.join(row)} " in f" {said} " for row in rows)


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
