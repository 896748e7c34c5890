"""Sidecars beside an upload, of the same stem: transcripts, instructions, the cover of sound."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import yaml
from pydantic import ValidationError

from vidpipe.errors import InputRejected
from vidpipe.intake.model import Instructions
from vidpipe.intake.rules import is_sound

#: In order of preference, when several lie beside one video.
TRANSCRIPT_SUFFIXES = (".srt", ".vtt", ".json")
INSTRUCTION_SUFFIXES = (".yaml", ".yml")
SIDECAR_SUFFIXES = TRANSCRIPT_SUFFIXES + INSTRUCTION_SUFFIXES
#: Of a picture that is the cover of sound; in order of preference.
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png")
#: The stem of a picture that is the cover of all sound in its folder that has none of its own,
#: and its name among the sidecars of one upload.
FOLDER_COVER = "cover"


def suffixes_of(name: str) -> tuple[str, ...]:
    """Which sidecars count beside an upload of that name."""
    return SIDECAR_SUFFIXES + (PICTURE_SUFFIXES if is_sound(name) else ())


def beside(upload: Path) -> dict[str, Path]:
    """Sidecar files of a local upload, by suffix; the folder's cover under `FOLDER_COVER`."""
    found = {}
    for suffix in suffixes_of(upload.name):
        path = upload.with_suffix(suffix)
        if path.is_file():
            found[suffix] = path
    if is_sound(upload.name):
        covers = [upload.with_name(FOLDER_COVER + suffix) for suffix in PICTURE_SUFFIXES]
        for path in covers:
            if path.is_file():
                found.setdefault(FOLDER_COVER, path)
    return found


def read_instructions(
    path: Path, name: str, platforms: Collection[str], templates: Collection[str] = ()
) -> Instructions:
    """Read `talk.yaml`, for a channel that may use these platforms and templates.

    Raises:
        InputRejected: not YAML, or a field that is unknown or out of range, named.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8-sig"))
        instructions = Instructions.model_validate(raw or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputRejected("bad_sidecar", f"it is not valid YAML: {error}", name=name) from error
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()
        )
        raise InputRejected("bad_sidecar", f"{said}. Correct it.", name=name) from error
    looks = [instructions.template, *(k.template for k in instructions.keep)]
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


def version(parts: dict[str, str]) -> str:
    """One short string for the state of all sidecars; empty when there are none."""
    if not parts:
        return ""
    joined = "\n".join(f"{k}={v}" for k, v in sorted(parts.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:32]
