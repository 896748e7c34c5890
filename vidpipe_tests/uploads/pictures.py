"""Pictures of one colour."""

from __future__ import annotations

import io

from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (64, 32), colour: str = "red", mode: str = "RGB"
) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, colour).save(made, kind)
    return made.getvalue()
