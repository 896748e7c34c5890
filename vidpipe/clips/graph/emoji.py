"""Pictures of emoji over a clip, each where and when its text leaves a gap for it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ffmpeg

from vidpipe.clips.text.emoji import EmojiFont, EmojiPicture

#: What is shown of emoji, in the folder of a clip's work, and where its pictures are.
_LIST, _PICTURES = "emoji.json", "emoji"


def write_emoji(pictures: Sequence[EmojiPicture], font: EmojiFont, work: Path) -> None:
    """Put pictures, and when they are shown where, into the folder of a clip's work."""
    folder = work / _PICTURES
    folder.mkdir(exist_ok=True)
    drawn: dict[tuple[str, int], str] = {}
    rows = []
    for picture in pictures:
        key = (picture.emoji, picture.width)
        if key not in drawn:
            drawn[key] = f"{len(drawn)}.png"
            font.write(picture.emoji, picture.width, folder / drawn[key])
        rows.append({**asdict(picture), "file": drawn[key]})
    (work / _LIST).write_text(json.dumps(rows), "utf-8")


def with_emoji(stream: Any, work: Path, scale: float = 1.0) -> Any:
    """The stream with what was written over it; `scale` is its size next to the canvas."""
    if not (work / _LIST).exists():
        return stream
    rows = json.loads((work / _LIST).read_text("utf-8"))
    for file, shown in _tracks(rows):
        wide = max(2, round(shown[0]["width"] * scale))
        picture = (
            ffmpeg.input(str(work / _PICTURES / file))
            .filter("scale", wide, wide, out_color_matrix="bt709", out_range="tv")
            .filter("format", "yuva420p")
        )
        times = [f"gte(t,{row['start_s']:.3f})*lt(t,{row['end_s']:.3f})" for row in shown]
        x, y = (
            "+".join(
                f"{round(row[axis] * scale - wide / 2)}*{time}"
                for row, time in zip(shown, times, strict=True)
            )
            for axis in "xy"
        )
        stream = stream.overlay(picture, x=x, y=y, enable="+".join(times))
    return stream


def _tracks(rows: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows of one picture each that is in one place at a time."""
    found: list[tuple[str, list[dict[str, Any]]]] = []
    ordered = sorted(rows, key=lambda row: (row["file"], row["start_s"]))
    for file, group in itertools.groupby(ordered, key=lambda row: str(row["file"])):
        tracks: list[list[dict[str, Any]]] = []
        for row in group:
            free = next((t for t in tracks if t[-1]["end_s"] <= row["start_s"] + 1e-6), None)
            if free is None:
                tracks.append([row])
            else:
                free.append(row)
        found += [(file, track) for track in tracks]
    return found
