"""What is checked of each result, with the measured value in a sentence."""

from __future__ import annotations

import itertools

import dagster as dg

from vidpipe.clips.model import RenderedClips
from vidpipe.exports.model import PlatformExports
from vidpipe.intake.model import SourceVideo
from vidpipe.segments.model import Segments

#: Picture and sound of a clip may differ by half a frame at 23 fps (AAC pads its last frame).
_SYNC_S = 0.022


def accepted_source(document: SourceVideo) -> dg.AssetCheckResult:
    """The source has a picture that decodes and a length."""
    media = document.media
    passed = media.video is not None and media.duration_s > 0
    shown = f"{media.video.width}x{media.video.height}" if media.video else "no picture"
    return dg.AssetCheckResult(
        passed=passed,
        check_name="accepted_source",
        description=f"{shown}, {media.duration_s:.1f} s, {media.container}",
        metadata={"duration_s": media.duration_s},
    )


def segments_do_not_overlap(document: Segments) -> dg.AssetCheckResult:
    """No second of the source is in two segments."""
    ordered = sorted(document.segments, key=lambda s: s.start_s)
    overlaps = [
        (a.rank, b.rank) for a, b in itertools.pairwise(ordered) if b.start_s < a.end_s - 1e-6
    ]
    said = f"{len(ordered)} segments, {len(overlaps)} overlaps"
    return dg.AssetCheckResult(
        passed=not overlaps,
        check_name="segments_do_not_overlap",
        description=said,
        metadata={"segments": len(ordered), "overlaps": str(overlaps)},
    )


def duration_and_sync(document: RenderedClips) -> dg.AssetCheckResult:
    """Every clip is as long as its edit list, its picture as long as its sound."""
    wrong: list[str] = []
    worst_length = worst_sync = 0.0
    for clip in document.clips:
        for file in clip.files:
            m = file.measures
            length = abs(m.video_duration_s - clip.duration_s)
            sync = abs(m.video_duration_s - m.audio_duration_s)
            worst_length, worst_sync = max(worst_length, length), max(worst_sync, sync)
            if length > 1.0 / m.fps + 1e-3 or sync > _SYNC_S:
                wrong.append(f"clip {clip.rank} ({file.variant})")
    said = (
        f"{len(document.clips)} clips; longest off by {worst_length * 1000:.0f} ms, "
        f"picture and sound end within {worst_sync * 1000:.0f} ms"
    )
    if wrong:
        said += f"; wrong: {', '.join(wrong)}"
    return dg.AssetCheckResult(
        passed=not wrong,
        check_name="duration_and_sync",
        description=said,
        metadata={"worst_length_ms": worst_length * 1000, "worst_sync_ms": worst_sync * 1000},
    )


def export_conforms(document: PlatformExports, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Every file keeps to every rule of its platform."""
    broken = [(e, r) for e in document.exports for r in e.rules if not r.ok]
    rows = [
        dg.TableRecord(
            {
                "clip": e.rank,
                "rule": r.rule,
                "measured": r.measured,
                "wanted": r.wanted,
                "ok": r.ok,
            }
        )
        for e in document.exports
        for r in e.rules
    ]
    columns = {
        "clip": "int",
        "rule": "string",
        "measured": "string",
        "wanted": "string",
        "ok": "bool",
    }
    said = "; ".join(
        f"clip {e.rank}: {r.rule} is {r.measured}, wanted {r.wanted}" for e, r in broken
    )
    return dg.AssetCheckResult(
        passed=not broken,
        check_name="conforms",
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN,
        description=said or f"{len(document.exports)} files keep to every rule",
        metadata={
            "rules": dg.MetadataValue.table(
                records=rows,
                schema=dg.TableSchema([dg.TableColumn(n, t) for n, t in columns.items()]),
            )
        },
    )
