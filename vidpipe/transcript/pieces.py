"""From the pieces that a recogniser writes to words as a reader knows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vidpipe.text import SPOKEN_MARKS, belongs_to
from vidpipe.transcript.model import Word


@dataclass(frozen=True)
class WordPiece:
    """Some letters as a recogniser wrote them, with the blank before them where it wrote one.

    `chance` is how sure it was of them, 0 to 1.
    """

    text: str
    start_s: float
    end_s: float
    chance: float


def words_of(pieces: Iterable[WordPiece]) -> list[Word]:
    """Pieces as words: one without a blank before it belongs to the word that it follows.

    That is how `side`, `-by`, `-side` and `l`, `'aéroport` are meant. In scripts without
    blanks between words a piece is a word, and marks belong to what is before them; a word
    of nothing but marks that nobody reads out is none.
    """
    runs: list[list[WordPiece]] = []
    for piece in pieces:
        if not piece.text.strip():
            continue
        if runs and _continues(runs[-1][-1].text, piece.text):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [_word(run) for run in runs if _said(run)]


def _said(run: list[WordPiece]) -> bool:
    """Whether it is more than marks: a stop by itself, a note, a dash."""
    return any(c.isalnum() or c in SPOKEN_MARKS for p in run for c in p.text)


def _continues(before: str, piece: str) -> bool:
    if before[-1].isspace() or piece[0].isspace():
        return False
    return belongs_to(before.strip(), piece[0])


def _word(run: list[WordPiece]) -> Word:
    letters = [max(1, len(p.text.strip())) for p in run]
    chance = sum(p.chance * n for p, n in zip(run, letters, strict=True)) / sum(letters)
    start_s = min(p.start_s for p in run)
    return Word(
        text="".join(p.text for p in run).strip(),
        start_s=round(start_s, 3),
        end_s=round(max(start_s + 0.02, *(p.end_s for p in run)), 3),
        confidence=round(min(1.0, max(0.0, chance)), 3),
    )
