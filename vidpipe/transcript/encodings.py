"""Text of files whose encoding nobody told."""

from __future__ import annotations

import re

from vidpipe.errors import InputRejected
from vidpipe.untrusted import cleaned

#: The longest file that is read. Twelve hours of Whisper's JSON, with its tokens, are 25 MiB.
MOST_BYTES = 32 * 2**20
_OLD_ENCODINGS = ("cp1252", "cp1250", "cp1251", "big5", "gb18030", "shift_jis", "euc_kr", "cp1256")
#: So much of a file tells its encoding.
_SAMPLE_BYTES = 64 * 2**10
#: Letters of more than one byte, as UTF-8 has them.
_LETTERS = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
#: So many letters that are good UTF-8 to one place that is none, and a file is damaged UTF-8.
_GOOD_TO_BAD = 2


def decoded(data: bytes, name: str) -> str:
    """Text of a file, without control characters.

    UTF-8 and UTF-16 are told by their bytes, UTF-8 also where a few of them are wrong: those
    are left out. What is neither is Windows-1252, unless its letters say Cyrillic, Arabic,
    Chinese, Japanese or Korean.

    Raises:
        InputRejected: it is no text, or too long.
    """
    if len(data) > MOST_BYTES:
        raise InputRejected(
            "bad_transcript",
            f"it has {len(data) / 2**20:.0f} MiB, the most that is read is "
            f"{MOST_BYTES / 2**20:.0f} MiB",
            name=name,
        )
    text = _decoded(data)
    if not text.strip() or text.count("\0") > 2:
        raise InputRejected("bad_transcript", "it is empty or no text", name=name)
    text = cleaned(text)
    if not text.strip():
        raise InputRejected("bad_transcript", "it is empty or no text", name=name)
    return text


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "ignore")
    if data[:200].count(0) > len(data[:200]) / 4:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "ignore")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # Only the first of them: an old encoding has as many as letters.
    text = data.decode("utf-8-sig", "replace")
    good = len(_LETTERS.findall(data))
    if good >= _GOOD_TO_BAD * text.count("\ufffd"):
        return text.replace("\ufffd", "")
    return _in_old_encoding(data)


def _in_old_encoding(data: bytes) -> str:
    from charset_normalizer import from_bytes

    found = list(from_bytes(_telling(data), cp_isolation=list(_OLD_ENCODINGS)))
    western = [f for f in found if f.encoding == "cp1252" and f.chaos <= found[0].chaos]
    if not found:
        return ""
    return data.decode((western or found)[0].encoding, "ignore")


def _telling(data: bytes) -> bytes:
    """What of a file tells its encoding: whole lines with letters that are not ASCII."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    lines: list[bytes] = []
    size = 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            size += len(line)
            if size > _SAMPLE_BYTES:
                break
    return b"".join(lines)[: 2 * _SAMPLE_BYTES]
