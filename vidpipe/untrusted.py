"""Text, JSON and YAML from outside: read within limits, without what no text holds."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

#: Characters that no text has: halves of pairs, and control characters but tab and line ends.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: Whole numbers longer than this count nothing that is said.
_DIGITS = 18
#: Values of a JSON text. Whisper writes some twenty for every word with its tokens and their
#: chances: twelve hours at 160 words a minute have 2.3 million.
MOST_VALUES = 4_000_000


class Unreadable(ValueError):
    """Data that is none, or more of it than anybody needs; says which."""


def cleaned(text: str) -> str:
    """A text without halves of surrogate pairs and without control characters."""
    return _NO_TEXT.sub("", text)


def read_json(text: str, most_values: int = MOST_VALUES) -> Any:
    """What a JSON text says, its strings `cleaned`; numbers that are none, or endless, are None.

    Raises:
        Unreadable: no JSON, too deep, or of too many values.
    """
    values = text.count(",") + text.count("[") + text.count("{")
    if values > most_values:
        raise Unreadable(f"it holds {values} values, the most that is read is {most_values}")
    try:
        value = json.loads(text, parse_int=_int, parse_float=_float, parse_constant=lambda _: None)
        # An escape may spell what the text itself cannot hold.
        return _scrubbed(value) if "\\u" in text else value
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is not JSON ({error})") from error
    except RecursionError as error:
        raise Unreadable("its parts lie too deep in each other") from error


def read_yaml(data: bytes, most_bytes: int) -> Any:
    """What a YAML text says, in values that any store can hold; None for an empty one.

    Raises:
        Unreadable: no YAML, too long, too deep, or with a value that is none.
    """
    if len(data) > most_bytes:
        raise Unreadable(f"it is longer than {most_bytes >> 10} KiB")
    try:
        value = yaml.safe_load(data.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(f"it is not valid YAML: {error}") from error
    except RecursionError as error:
        raise Unreadable("it is not valid YAML: its parts lie too deep in each other") from error
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        # Its reader makes values of tags and looks: a number that is none, a 13th month.
        why = f"it is not valid YAML: a value in it is none ({error!s:.120})"
        raise Unreadable(why) from error
    odd = _oddity(value, depth=0)
    if odd:
        raise Unreadable(odd)
    return value


#: Parts in parts of what people write by hand; the largest number that a field of theirs has.
_MOST_DEPTH, _MOST_NUMBER = 12, 10**15


def _oddity(value: Any, depth: int) -> str:
    """What of a value no field can hold, or empty."""
    if depth > _MOST_DEPTH:
        return "its parts lie too deep in each other"
    if isinstance(value, str):
        return "" if cleaned(value) == value else f"{value!r:.60} holds characters that are none"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MOST_NUMBER:
        return f"a number in it has {len(hex(value)) - 2} digits (in base 16)"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no number that a field can have"
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set):
        parts = list(value)
    else:
        return ""
    return next((odd for odd in (_oddity(p, depth + 1) for p in parts) if odd), "")


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, list):
        return [_scrubbed(v) for v in value]
    if isinstance(value, dict):
        return {cleaned(k): _scrubbed(v) for k, v in value.items()}
    return value


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _DIGITS else None


def _float(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None
