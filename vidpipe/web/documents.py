"""The project's documents, where they are at hand: in a checkout, not in an installed package."""

from __future__ import annotations

import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def documents(root: Path = _ROOT) -> Path | None:
    """The folder of documents, or None where this is no checkout.

    In an installed package the same place is `site-packages/docs`: whatever another package
    put there, which is not ours to serve.

    Args:
        root: the folder that holds the package `vidpipe`.
    """
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    folder = root / "docs"
    return folder if project.get("name") == "vidpipe" and folder.is_dir() else None
