"""Transcripts of meetings as documents: Teams', Meet's and Otter's, with times between."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator

from vidpipe.errors import InputRejected
from vidpipe.text import width
from vidpipe.transcript.cues import Cue
from vidpipe.untrusted import cleaned

_DOCUMENT = "word/document.xml"
#: Of a document's text, unpacked. Twelve hours of talk have 1 MB of letters, ten times that
#: as Word writes them.
_MOST_BYTES = 32 * 2**20
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
#: `Anna Schmidt   0:03`, `[00:03] Anna`, or a time alone: what follows is said from then on.
_CLOCK = r"(?P<at>(?:\d{1,2}:)?\d{1,2}:\d{2})"
_HEADS = (
    re.compile(rf"^(?P<name>\S.{{0,59}}?)(?:\s{{2,}}|\t+|\s)[\[(]?{_CLOCK}[\])]?$"),
    re.compile(rf"^[\[(]?{_CLOCK}[\])]?(?:\s+(?P<name>[^\s:].{{0,59}}?):?)?$"),
)
#: Characters that are read aloud in a second: how long the last part may last.
_CHARACTERS_PER_S = 15.0


def docx_text(data: bytes, name: str) -> str:
    """The text of a Word document, a line for each paragraph.

    Raises:
        InputRejected: it is none, or unpacks to more than anybody writes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed, packed.open(_DOCUMENT) as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise InputRejected("bad_transcript", "its text is too long to be read", name=name)
        root = ET.fromstring(content)
    except (
        zipfile.BadZipFile,
        KeyError,
        OSError,
        ET.ParseError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise InputRejected(
            "bad_transcript", f"it is no Word document ({error!r:.100})", name=name
        ) from error
    lines = ("".join(_letters(paragraph)) for paragraph in root.iter(f"{_WORD}p"))
    return cleaned("\n".join(lines))


def _letters(paragraph: ET.Element) -> Iterator[str]:
    for item in paragraph.iter():
        if item.tag == f"{_WORD}t":
            yield item.text or ""
        elif item.tag == f"{_WORD}tab":
            yield "\t"
        elif item.tag in (f"{_WORD}br", f"{_WORD}cr"):
            yield "\n"


def meeting_cues(text: str) -> list[Cue]:
    """What is said from each time on, by the name beside it; none where there are no times."""
    blocks: list[tuple[float, str, list[str]]] = []
    for line in text.splitlines():
        plain = line.strip()
        head = next((m for m in (h.match(plain) for h in _HEADS) if m is not None), None)
        if head is not None:
            blocks.append((_seconds(head["at"]), (head["name"] or "").strip(), []))
        elif plain and blocks:
            blocks[-1][2].append(plain)
    cues: list[Cue] = []
    for k, (start_s, name, lines) in enumerate(blocks):
        said = " ".join(lines)
        most_s = start_s + 2.0 + width(said) / _CHARACTERS_PER_S * 2
        end_s = min(blocks[k + 1][0], most_s) if k + 1 < len(blocks) else most_s
        if said and end_s > start_s:
            cues.append(Cue(start_s=start_s, end_s=end_s, text=said, speaker=name))
    return cues


def _seconds(clock: str) -> float:
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part)
    return float(total)
