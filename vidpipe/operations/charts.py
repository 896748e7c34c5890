"""The report as pictures: PNG of at most 30 KB each, as wide as a column of the Dagster UI."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vidpipe.operations.report import Day, Report, Speed, Stored

_DPI, _WIDTH, _HEIGHT = 100, 5.4, 2.6
_COLOURS = ("#4c72b0", "#dd8452", "#55a868", "#8172b3", "#937860", "#da8bc3", "#8c8c8c")
_FAILED = "#c44e52"
#: Channels with a colour of their own; the others share the last one.
_OWN = len(_COLOURS) - 1


def charts(report: Report) -> dict[str, bytes]:
    """Pictures by name; those that would be empty are left out."""
    drawn = {}
    if any(day.videos or day.failures for day in report.days):
        drawn["throughput"] = _throughput(report.days)
    if report.speeds:
        drawn["speed"] = _speed(report.speeds)
    if report.stored:
        drawn["storage"] = _storage(report.stored)
    return drawn


def _throughput(days: Sequence[Day]) -> bytes:
    figure, axes = _empty("Videos finished a day, by channel; failures")
    names = [d.day.strftime("%d %b") for d in days]
    counts: dict[str, int] = {}
    for day in days:
        for channel, count in day.by_channel.items():
            counts[channel] = counts.get(channel, 0) + count
    largest = sorted(counts, key=lambda c: (-counts[c], c))
    groups = {c: [c] for c in largest[:_OWN]}
    if largest[_OWN:]:
        groups["others"] = largest[_OWN:]
    below = [0] * len(days)
    for colour, (label, channels) in zip(_COLOURS, groups.items(), strict=False):
        values = [sum(d.by_channel.get(c, 0) for c in channels) for d in days]
        axes.bar(range(len(days)), values, bottom=below, color=colour, label=label, width=0.8)
        below = [a + b for a, b in zip(below, values, strict=True)]
    if any(d.failures for d in days):
        values = [-d.failures for d in days]
        axes.bar(range(len(days)), values, color=_FAILED, label="failures", width=0.8)
        axes.axhline(0, color="#444", linewidth=0.6)
    step = max(1, len(days) // 8)
    ticks = list(range(len(days) - 1, -1, -step))[::-1]
    axes.set_xticks(ticks, [names[k] for k in ticks])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    axes.legend(fontsize=7, frameon=False, ncols=4, loc="upper left")
    axes.margins(y=0.25)
    return _png(figure)


def _speed(speeds: Sequence[Speed]) -> bytes:
    figure, axes = _empty("Seconds of work for a minute of recording (line: 95 of 100)")
    shown = list(reversed(speeds))
    axes.barh([s.stage for s in shown], [s.median_s for s in shown], color=_COLOURS[0])
    axes.hlines(
        range(len(shown)),
        [s.median_s for s in shown],
        [max(s.p95_s, s.median_s) for s in shown],
        color="#444",
        linewidth=1.2,
    )
    widest = max(max(s.p95_s, s.median_s) for s in shown)
    for k, speed in enumerate(shown):
        at = max(speed.p95_s, speed.median_s) + widest * 0.01
        axes.text(at, k, f"{speed.median_s:.1f}", va="center", fontsize=7)
    axes.set_xlim(0, widest * 1.1)
    return _png(figure)


def _storage(stored: Sequence[Stored]) -> bytes:
    figure, axes = _empty("Stored, MiB, by kind and channel")
    kinds: dict[str, int] = {}
    channels: dict[str, int] = {}
    for item in stored:
        kinds[item.kind] = kinds.get(item.kind, 0) + item.size_bytes
        channels[item.channel] = channels.get(item.channel, 0) + item.size_bytes
    rows = sorted(kinds, key=lambda k: kinds[k])
    largest = sorted(channels, key=lambda c: (-channels[c], c))
    left = [0.0] * len(rows)
    for number, channel in enumerate(largest):
        own = {s.kind: s.size_bytes / 2**20 for s in stored if s.channel == channel}
        values = [own.get(kind, 0.0) for kind in rows]
        label = channel if number < _OWN else ("others" if number == _OWN else None)
        axes.barh(rows, values, left=left, color=_COLOURS[min(number, _OWN)], label=label)
        left = [a + b for a, b in zip(left, values, strict=True)]
    axes.legend(fontsize=7, frameon=False, loc="lower right")
    return _png(figure)


def _empty(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
