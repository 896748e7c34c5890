"""Contact sheets: one clip of each recording in every template and every shape, to be looked at.

    python -m benchmarks.template_sheets FILE... --out FOLDER [--template NAME] [--at 0.4]

Runs the pipeline as anybody would (`vidpipe run`, draft quality, one clip) and puts frames of
the exports into one picture a recording: a row for each template, a column for each shape. What
was heard and seen of a recording is found again, so only the encoding costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.templates.model import load_templates

#: One platform of each shape: 9:16, 4:5, 1:1, 16:9.
PLATFORMS = ("tiktok", "instagram_feed", "x", "youtube")
_HEIGHT = 420


def frames_at(clip: Path, shares: Sequence[float]) -> list[NDArray[np.uint8]]:
    """Pictures (BGR) at these shares of a clip's length, all equally high."""
    found = []
    with av.open(str(clip)) as media:
        stream = media.streams.video[0]
        length_s = float((stream.duration or 0) * (stream.time_base or 0))
        for share in shares:
            at_s = share * length_s
            media.seek(int(at_s / float(stream.time_base or 1)), stream=stream)
            frame = next(f for f in media.decode(stream) if f.time >= at_s - 0.05)
            image = frame.to_ndarray(format="bgr24")
            width = round(image.shape[1] * _HEIGHT / image.shape[0])
            small = cv2.resize(image, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
            found.append(np.asarray(small, np.uint8))
    return found


def clips_of(file: Path, template: str, out: Path, length: str) -> dict[str, Path]:
    """One clip of a recording on every platform, made by the command."""
    folder = out / file.stem / template
    command = [sys.executable, "-c", "from vidpipe.cli import main; main()", "run", str(file)]
    command += ["--out", str(folder), "--clips", "1", "--quality", "draft", "--template", template]
    command += ["--length", length]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    home = os.environ.get("VIDPIPE_HOME", str(out / "home"))
    subprocess.run(command, env={**os.environ, "VIDPIPE_HOME": home}, check=True)
    made = {p: sorted((folder / p).glob("*.mp4")) for p in PLATFORMS}
    return {platform: clips[0] for platform, clips in made.items() if clips}


def rows(
    file: Path, templates: Sequence[str], shares: Sequence[float], out: Path, length: str
) -> Iterator[NDArray[np.uint8]]:
    """A row of pictures for each template, its name in its upper left corner."""
    for name in templates:
        shown = [
            f
            for clip in clips_of(file, name, out, length).values()
            for f in frames_at(clip, shares)
        ]
        if not shown:
            continue
        row = np.hstack(shown)
        cv2.putText(row, name, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (80, 255, 80), 2)
        yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--template", action="append", choices=list(load_templates()))
    parser.add_argument("--at", type=float, action="append", help="share of a clip's length")
    parser.add_argument("--length", default="8-14", help="of the clips, in seconds")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for file in args.files:
        templates = args.template or list(load_templates())
        drawn = list(rows(file, templates, args.at or [0.4], args.out, args.length))
        if not drawn:
            print(f"{file.name}: no clips")
            continue
        wide = max(row.shape[1] for row in drawn)
        drawn = [np.pad(row, ((0, 4), (0, wide - row.shape[1]), (0, 0))) for row in drawn]
        target = args.out / f"{file.stem}.jpg"
        cv2.imwrite(str(target), np.vstack(drawn))
        print(target)


if __name__ == "__main__":
    main()
