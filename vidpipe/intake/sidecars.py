"""Sidecars beside an upload, of the same stem: transcripts, instructions, the cover of sound."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vidpipe.errors import InputRejected
from vidpipe.intake.model import Instructions
from vidpipe.intake.rules import is_recording, is_sound
from vidpipe.intake.tails import Recordings, is_forced, stem_of, tail_of
from vidpipe.untrusted import Unreadable, read_yaml

#: In order of preference, when several lie beside one video.
TRANSCRIPT_SUFFIXES = (
    ".srt",
    ".vtt",
    ".json",
    ".sbv",
    ".ass",
    ".ssa",
    ".ttml",
    ".dfxp",
    ".docx",
    ".txt",
)
INSTRUCTION_SUFFIXES = (".yaml", ".yml")
SIDECAR_SUFFIXES = TRANSCRIPT_SUFFIXES + INSTRUCTION_SUFFIXES
#: Of texts beside a recording that are read by nobody here.
_NO_TRANSCRIPTS = (".md", ".rtf", ".odt", ".stl", ".scc", ".smi", ".sub", ".idx", ".lrc")
#: A page of instructions has 5 KB; the reader takes a second for 256 KiB.
MOST_YAML_BYTES = 256 << 10
#: Of a picture that is the cover of sound; in order of preference.
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png")
#: The stem of a picture that is the cover of all sound in its folder that has none of its own,
#: and its name among the sidecars of one upload.
FOLDER_COVER = "cover"


def suffixes_of(name: str) -> tuple[str, ...]:
    """Which sidecars count beside an upload of that name."""
    return SIDECAR_SUFFIXES + (PICTURE_SUFFIXES if is_sound(name) else ())


def beside(upload: Path) -> dict[str, Path]:
    """Sidecar files of a local upload, by how their names go on after the upload's stem.

    `.srt`, also of `talk.SRT`; `.en.srt` of a transcript that names its language; the folder's
    cover under `FOLDER_COVER`.
    """
    found: dict[str, Path] = {}
    names = sorted(p.name for p in upload.parent.iterdir())
    recordings = Recordings([upload.name, *(n for n in names if is_recording(n))])
    wanted = suffixes_of(upload.name)
    for name in names:
        if is_recording(name) or upload.name not in recordings.of(name):
            continue
        tail = tail_of(name, upload.name)
        path = upload.with_name(name)
        if tail and tail.endswith(wanted) and path.is_file():
            found.setdefault(tail, path)
    if is_sound(upload.name):
        covers = [upload.with_name(FOLDER_COVER + suffix) for suffix in PICTURE_SUFFIXES]
        for path in covers:
            if path.is_file():
                found.setdefault(FOLDER_COVER, path)
    return found


def transcripts(tails: Iterable[str]) -> list[str]:
    """Those that are transcripts, the preferred first: by suffix, without a language before
    with one, what holds only foreign lines last.
    """
    found = [t for t in tails if t.endswith(TRANSCRIPT_SUFFIXES)]

    def place(tail: str) -> tuple[bool, bool, int, str]:
        suffix = TRANSCRIPT_SUFFIXES.index("." + tail.rpartition(".")[2])
        return is_forced(tail), tail.count(".") > 1, suffix, tail

    return sorted(found, key=place)


def unused(upload: Path) -> list[str]:
    """Files beside a local upload that begin like it, look like text, and are not used."""
    used = {p.name for p in beside(upload).values()}
    stem = stem_of(upload.name).casefold() + "."
    return [
        p.name
        for p in sorted(upload.parent.iterdir())
        if p.name.casefold().startswith(stem)
        and p.name.lower().endswith((*TRANSCRIPT_SUFFIXES, *_NO_TRANSCRIPTS))
        and p.name not in used
    ]


def read_instructions(
    path: Path, name: str, platforms: Collection[str], templates: Collection[str] = ()
) -> Instructions:
    """Read `talk.yaml`, for a channel that may use these platforms and templates.

    Raises:
        InputRejected: not YAML, or a field that is unknown or out of range, named.
    """
    return checked_instructions(_yaml(path, name), name, platforms, templates)


def checked_instructions(
    raw: Mapping[str, Any], name: str, platforms: Collection[str], templates: Collection[str] = ()
) -> Instructions:
    """Instructions from their fields, for a channel that may use these platforms and templates.

    Raises:
        InputRejected: a field that is unknown or out of range, named.
    """
    try:
        instructions = Instructions.model_validate(raw)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()
        )
        raise InputRejected("bad_sidecar", f"{said}. Correct it.", name=name) from error
    looks = [instructions.template, *(k.template for k in instructions.keep)]
    looks += [edit.template or "" for edit in instructions.clip_edits]
    odd = [t for t in looks if t and t not in templates]
    if odd:
        raise InputRejected(
            "bad_sidecar",
            f"template: unknown {', '.join(odd)}; there are: {', '.join(templates)}",
            name=name,
        )
    unknown = [p for p in instructions.platforms if p not in platforms]
    if unknown:
        raise InputRejected(
            "bad_sidecar",
            f"platforms: unknown {', '.join(unknown)}; there are: {', '.join(platforms)}",
            name=name,
        )
    return instructions


def _yaml(path: Path, name: str) -> dict[str, Any]:
    """The fields of a YAML file.

    Raises:
        InputRejected: it is no YAML, holds no fields, or more than anybody writes.
    """
    with path.open("rb") as file:
        data = file.read(MOST_YAML_BYTES + 1)
    try:
        raw = read_yaml(data, MOST_YAML_BYTES)
    except Unreadable as error:
        raise InputRejected("bad_sidecar", str(error), name=name) from error
    if raw is not None and not isinstance(raw, dict):
        why = f"it holds a {type(raw).__name__}, where fields such as `title: …` are due"
        raise InputRejected("bad_sidecar", why, name=name)
    return raw or {}


def version(parts: dict[str, str]) -> str:
    """One short string for the state of all sidecars; empty when there are none."""
    if not parts:
        return ""
    joined = "\n".join(f"{k}={v}" for k, v in sorted(parts.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:32]
