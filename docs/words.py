"""Holds documents and descriptions to the words of docs/style.md: `make lint`.

Pages are read without code and names in backticks. Those of the reference are written from
commands, assets, settings and tables, so that their texts are held to the rules too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What is not written, and what is written in its place.
RULES: dict[str, str] = {
    r"anew": "again, from scratch",
    r"mend(s|ed|ing)?": "fix",
    r"carried along|come(s)? along": "bundled",
    r"made-up": "synthetic",
    r"(take|takes|taken|taking) in": "ingest, accept",
    r"in hand": "in flight, in progress",
    r"signs?\s+of\s+life": "heartbeat",
    r"what is wanted": "the request, the options",
    r"half-?way": "incomplete",
    r"plainly": "without effects",
    r"ours": "internal, vidpipe's",
    r"wish(es|ed)?": "option, request",
    r"so (many|much|long)(?! (as|that))": "this number, this much, for this time",
    r"stands? with": "is recorded in",
    r"floors?": "layer",
    r"(for|of|to|by) whom": "whose, for which channel",
    r"(is|are|was) told of": "is notified of",
    r"(wait|waits|left|is left) for a person": "waits for an operator",
    r"can be had": "is available",
    r"somebody('s)?": "someone, a user",
    r"looked at closely|looks? at itself": "inspected",
    r"is none": "is not one",
    r"goes? before": "takes precedence over",
    r"what came out": "the result",
}
_CODE = re.compile(r"^```.*?^```|^ {4}.*?$|`[^`\n]*`|\]\([^)]*\)|<!--.*?-->", re.M | re.S)
_ANY = re.compile("|".join(rf"\b(?P<r{k}>{rule})\b" for k, rule in enumerate(RULES)), re.I)


def pages() -> list[Path]:
    """The pages that are held to the rules."""
    top = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")]
    below = [path for path in (ROOT / "docs").rglob("*.md") if path.name != "style.md"]
    return [*top, *sorted(below)]


def found(text: str) -> Iterator[tuple[int, str, str]]:
    """(line from 1, what is written, what to write) for each word of a text that has a rule."""
    # What is blanked keeps its length, so that lines stay where they are.
    shown = _CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    for match in _ANY.finditer(shown):
        rule = list(RULES)[int(str(match.lastgroup)[1:])] if match.lastgroup else ""
        line = shown.count("\n", 0, match.start()) + 1
        yield line, match[0].replace("\n", " "), RULES[rule]


def main() -> int:
    """Print what is found, as compilers do; 1 where anything is."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {said!r}: write: {better}"
        for path in pages()
        for line, said, better in found(path.read_text("utf-8"))
    ]
    print(*wrong, sep="\n") if wrong else None
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
