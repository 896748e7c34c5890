"""Writes docs/reference from the code: `make docs`. A test holds both equal."""

from __future__ import annotations

from pathlib import Path

from reference_pages.catalog import tables
from reference_pages.commands import cli
from reference_pages.documents import edits, events, openapi, results
from reference_pages.glossary import glossary
from reference_pages.graph import graph
from reference_pages.publishing import publishing
from reference_pages.settings import channels, models, platforms, settings, templates

FOLDER = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by `make docs` from the code; change it there. -->\n\n"


def pages() -> dict[str, str]:
    """Every page by its name."""
    made = {
        "settings": settings(),
        "cli": cli(),
        "channels": channels(),
        "templates": templates(),
        "platforms": platforms(),
        "publishing": publishing(),
        "models": models(),
        "results": results(),
        "events": events(),
        "edits": edits(),
        "tables": tables(),
        "graph": graph(),
        "glossary": glossary(),
    }
    return {name: _NOTE + text.strip() + "\n" for name, text in made.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "openapi.json").write_text(openapi(), "utf-8")
    print("docs/reference/openapi.json")
    for name, text in pages().items():
        (FOLDER / f"{name}.md").write_text(text, "utf-8")
        print(f"docs/reference/{name}.md")
