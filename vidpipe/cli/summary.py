"""The results of a video as a person reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vidpipe.cli.app import out as say
from vidpipe.cli.app import table
from vidpipe.timeline import clock

if TYPE_CHECKING:
    from vidpipe.results.model import Results


def print_results(results: Results, folder: Path) -> None:
    """The table of clips, and where they are."""
    video = results.video
    draft = " (a draft: captions are not burned in)" if video.transcript_draft else ""
    say.print(
        f"\n{video.name}: {clock(video.duration_s)}, words from {video.transcript_source}{draft}",
    )
    for line in video.notes:
        say.print(f"  {line}")
    if video.detected_language and video.detected_language != video.language:
        say.print(
            f"  expected {video.language}, but {video.detected_language} is heard", style="yellow"
        )
    if video.speech_without_words_s:
        said = f"{video.speech_without_words_s:.1f} s of speech have no words"
        say.print(f"  {said}", style="yellow")
    for line in video.repaired:
        say.print(f"  repaired: {line}")
    for line in video.skipped_sources:
        say.print(f"  not used: {line}", style="yellow")
    if results.empty_reason:
        say.print(f"No clips: {results.empty_reason}.")
        say.print(
            "  Others: --clips 1 takes the best that is not ruled out, --length 8-60 other lengths",
            style="dim",
        )
        return
    shown = table("rank", "score", "title", "start-end", "duration", "composition", "files")
    weak = [s for s in results.segments if s.weak]
    segments = {s.rank: s for s in results.segments}
    for clip in results.clips:
        segment = segments[clip.segment]
        files = [e for e in results.exports if e.clip == clip.id]
        compositions = ", ".join(dict.fromkeys(c.composition for c in clip.compositions))
        shown.add_row(
            str(clip.segment),
            f"{segment.score:.0f}{' weak' if segment.weak else ''}",
            segment.title,
            f"{clock(segment.start_s)}-{clock(segment.end_s)}",
            f"{clip.duration_s:.1f} s",
            compositions,
            "\n".join(e.file for e in files),
        )
    say.print(shown)
    for segment in results.segments:
        if segment.factors:
            named = ", ".join(f"{f.name.replace('_', ' ')} {f.value:.0f}" for f in segment.factors)
            say.print(f"clip {segment.rank}: {named}")
            for factor in segment.factors:
                why = "; ".join(factor.evidence)
                say.print(f"  {factor.name.replace('_', ' ')}: {why}", style="dim")
    if weak:
        say.print(
            f"{len(weak)} of them would not have been made unasked: their score is too low",
            style="yellow",
        )
    for clip in results.clips:
        for objection in clip.issues:
            say.print(f"clip {clip.segment} {objection}", style="yellow")
    for failure in results.failed:
        say.print(f"not made: {failure}", style="red")
    for refusal in results.refused:
        say.print(f"refused: {refusal}", style="yellow")
    for export in results.exports:
        for problem in export.problems:
            say.print(f"{export.file}: {problem}", style="yellow")
    thought_s = sum(c.estimated_s for c in results.clips)
    took_s = sum(c.encoded_s for c in results.clips)
    thought, size = (
        sum(n) / 1e6
        for n in zip(*((c.estimated_bytes, c.size_bytes) for c in results.clips), strict=True)
    )
    say.print(
        f"\n{len(results.clips)} clips in {folder}: encoded in {took_s:.0f} s (estimated "
        f"{thought_s:.0f} s), {size:.1f} MB ({thought:.1f} MB)"
    )
