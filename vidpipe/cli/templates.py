"""vidpipe templates: how clips can look."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, out, table
from vidpipe.errors import Misconfigured

#: Small enough to be quick, large enough to see what a template does.
_SHEET_WIDTH = 360


@app.command()
def templates(
    sheet: Annotated[
        Path | None, typer.Option(help="picture (JPEG) of every template, to be written")
    ] = None,
    channel: Annotated[
        str, typer.Option(help="channel whose own are among them, in its colours and fonts")
    ] = "default",
    platform: Annotated[str, typer.Option(help="platform whose shape is drawn")] = "tiktok",
) -> None:
    """List the templates of clips, and show them side by side in one picture."""

    def go() -> int:
        from vidpipe.channels.model import channel_named, load_channels
        from vidpipe.settings import load_settings

        if sheet is not None and sheet.suffix.lower() not in (".jpg", ".jpeg"):
            raise Misconfigured(f"--sheet {sheet}: it is written as JPEG: call it .jpg")
        whose = channel_named(load_channels(load_settings().channels_file), channel)
        known = whose.looks
        shown = table("", "template", "captions", "what it is")
        for name, item in known.items():
            mark = "*" if name == whose.template else ""
            words = item.captions.animation.value.replace("_", " ")
            shown.add_row(mark, name, words, item.description)
        out.print(shown)
        if sheet is None:
            return 0
        from vidpipe.clips.model import Variant
        from vidpipe.pipeline.brand_assets import names_assets
        from vidpipe.testmedia.templates import save_sheet, template_sheet

        err.print(f"vidpipe: drawing {len(known)} templates, a few seconds each")
        if names_assets(whose):
            whose = library().engine.branded(whose)
        variant = Variant.of(whose.preset(platform)).narrowed(_SHEET_WIDTH)
        with tempfile.TemporaryDirectory() as work:
            drawn = template_sheet(list(known.values()), whose, variant, Path(work))
        sheet.parent.mkdir(parents=True, exist_ok=True)
        save_sheet(drawn, sheet)
        out.print(f"{sheet}: every template on a page and on a speaker")
        return 0

    raise typer.Exit(guard(go))
