"""What may be set or chosen: variables, channels, templates, platforms, models."""

from __future__ import annotations

from reference_pages.markdown import field_rows, table_of


def settings() -> str:
    """Every variable of the environment."""
    from vidpipe.settings import Settings

    rows = [
        (f"`{name}`", default, said)
        for name, default, said in field_rows(Settings, "VIDPIPE_", "__", str.upper)
    ]
    return f"""# Settings

Each comes from the environment, or from a file of its name in `/run/secrets`. Lists and
mappings are JSON. An unknown name that begins with `VIDPIPE_` stops the start; the
message names the closest known one.

{table_of(("variable", "default", ""), rows)}

What the recognisers' options mean: `FASTER_WHISPER` and `TRANSFORMERS` take a `PATH` (a
folder of weights) before a `MODEL` (a name on the hub); `API` asks the server at `URL`.
"""


def channels() -> str:
    """Every field of a channel."""
    from vidpipe.channels.model import Channel

    rows = [
        (f"`{name}`", default, said)
        for name, default, said in field_rows(Channel, "", ".")
        if name != "name"
    ]
    return f"""# Channels

`channels.yaml` lies in `VIDPIPE_HOME`, or where `VIDPIPE_CHANNELS_FILE` says. Under
`channels:` stands a name (the folder under the drop folder) and what differs from here;
[an example with everything](../../deploy/channels.example.yaml).

{table_of(("field", "default", ""), rows)}
"""


def templates() -> str:
    """Every bundled template, and every field of one."""
    from vidpipe.templates.model import Template, load_templates

    known = [
        (
            f"`{name}`",
            f"`{t.captions.animation.value}`",
            "yes" if t.title_zone else "",
            f"`{t.backdrop}`",
            f"`{t.punch_in}`",
            t.description,
        )
        for name, t in load_templates().items()
    ]
    fields = [
        (f"`{name}`", default, said)
        for name, default, said in field_rows(Template, "", ".")
        if name not in ("name", "description")
    ]
    columns = ("template", "captions", "title zone", "backdrop", "punch in", "")
    return f"""# Templates

How clips look; [how to choose and change one](../how-to/channels-and-brand.md#how-clips-look).

{table_of(columns, known)}

A channel's own, under its `templates`, may extend one of them (`extends`) and say what differs:

{table_of(("field", "default", ""), fields)}
"""


def platforms() -> str:
    """What each platform takes."""
    from vidpipe.platforms import load_presets, load_tiers

    rows = []
    for item in load_presets().values():
        shape, codec, rate = "sound alone", "", ""
        if item.video is not None:
            size = item.video.size
            shape = f"{size.width}x{size.height}"
            rate = f"{item.video.max_kbps} kbit/s"
        if item.screen is not None:
            codec = "burned in" if item.screen.captions else "beside it"
        lengths = f"{item.file.min_duration_s:g} to {item.file.max_duration_s:g} s"
        megabytes = f"{item.file.max_size_bytes / 1e6:,.0f} MB"
        counted = {"utf16": "UTF-16 units"}.get(item.text.counted_in, item.text.counted_in)
        text = f"{item.text.description_characters:,} {counted}, {item.text.max_hashtags} hashtags"
        rows.append((f"`{item.name}`", item.title, shape, rate, lengths, megabytes, codec, text))
    tiers = [
        (f"`{name}`", str(t.crf), t.preset, f"{t.max_kbps} kbit/s", f"{t.least_kbps} kbit/s")
        for name, t in load_tiers().items()
    ]
    head = ("name", "", "shape", "at most", "length", "size at most", "captions", "text")
    return f"""# Platforms

One file each in [vidpipe/platforms/presets](../../vidpipe/platforms/presets), every group of
figures with its source and the date it was looked up.

{table_of(head, rows)}

## Quality

{table_of(("tier", "CRF", "x264 preset", "at most at 1080x1920", "squeezed to at least"), tiers)}
"""


def models() -> str:
    """Every model of the registry."""
    from vidpipe.models import entries
    from vidpipe.models.store import megabytes

    rows = []
    for item in entries().values():
        held = "pinned" if item.pinned else "first fetch" if item.fetched else "its package"
        size = megabytes(item.size_bytes) if item.size_bytes else ""
        stages = ", ".join(item.stages)
        rows.append(
            (f"`{item.name}`", item.purpose, stages, size, item.licence, str(item.source), held)
        )
    head = ("name", "", "stage", "size", "licence", "from", "held against")
    return f"""# Models

[The registry](../../vidpipe/models/registry.yaml); [what is fetched when, and what you
trust](../how-to/models.md). The licence is that of the weights.

{table_of(head, rows)}
"""
