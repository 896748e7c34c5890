"""What is checked of each result, with the measured value in a sentence."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.metadata import table
from vidpipe.clips.model import RenderedClips
from vidpipe.exports.model import PlatformExports
from vidpipe.intake.model import SourceVideo
from vidpipe.segments.model import Segments
from vidpipe.transcript.model import Transcript

#: Picture and sound of a clip may differ by half a frame at 23 fps (AAC pads its last frame).
_SYNC_S = 0.022


@dataclass(frozen=True)
class Checks:
    """The checks of one asset.

    Attributes:
        said: what each says in the UI, by name.
        of: looks at a result; gives one result for each check.
        blocking: those that stop what comes after.
    """

    said: Mapping[str, str]
    of: Callable[[Any], Sequence[dg.AssetCheckResult]]
    blocking: frozenset[str] = frozenset()

    def specs(self, asset: str) -> list[dg.AssetCheckSpec]:
        """The same for Dagster."""
        return [
            dg.AssetCheckSpec(name, asset=asset, description=said, blocking=name in self.blocking)
            for name, said in self.said.items()
        ]


#: Of an asset without any.
NO_CHECKS = Checks({}, lambda _: ())


def source_accepted(document: SourceVideo) -> dg.AssetCheckResult:
    """The source has a picture that decodes, or is sound alone, and a length."""
    media = document.media
    passed = (media.video is not None or media.sound_only) and media.duration_s > 0
    shown = f"{media.video.width}x{media.video.height}" if media.video else "no picture"
    shown = "sound alone" if media.sound_only else shown
    return dg.AssetCheckResult(
        passed=passed,
        check_name="source_accepted",
        description=f"{shown}, {media.duration_s:.1f} s, {media.container}",
        metadata={"duration_s": media.duration_s},
    )


#: Checks of a transcript, with what each says in the UI.
TRANSCRIPT_CHECKS = {
    "speech_is_covered": "Words lie on at least 70 % of the time in which someone speaks.",
    "word_confidence": "The recogniser believes its words: mean confidence at least 0.5.",
    "reading_speed": "The fastest subtitles ask for at most 20 characters a second.",
    "language_as_expected": "What is heard is the language that the channel or sidecar names.",
}
_LEAST_COVERED = 0.7
_LEAST_CONFIDENCE = 0.5
_FASTEST_PER_S = 20.0


def transcript_checks(document: Transcript) -> list[dg.AssetCheckResult]:
    """Whether a transcript can be trusted; none of them stops what comes after."""
    quality = document.quality
    nothing = "nothing is said" if document.source == "none" else "there are no words"

    def result(name: str, passed: bool, said: str, **measured: float) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            passed=passed,
            check_name=name,
            severity=dg.AssetCheckSeverity.WARN,
            description=said,
            metadata=dict(measured),
        )

    if quality is None:
        is_fine = document.source == "none"
        return [result(name, is_fine, nothing) for name in TRANSCRIPT_CHECKS]
    confidence = quality.confidence
    expected, heard = document.expected_language, document.detected_language
    return [
        result(
            "speech_is_covered",
            quality.covered_share >= _LEAST_COVERED,
            f"words lie on {quality.covered_share:.0%} of the speech; "
            f"{quality.speech_without_words_s:.1f} s at a stretch are without any",
            covered_share=quality.covered_share,
            speech_without_words_s=quality.speech_without_words_s,
        ),
        result(
            "word_confidence",
            confidence is None or confidence >= _LEAST_CONFIDENCE,
            f"{document.source} gives no confidence"
            if confidence is None
            else f"mean confidence {confidence:.2f}",
            **({} if confidence is None else {"confidence": confidence}),
        ),
        result(
            "reading_speed",
            quality.characters_per_s <= _FASTEST_PER_S + 0.05,
            f"95 of 100 subtitles ask for at most {quality.characters_per_s:.1f} characters a "
            f"second; {quality.rules_broken} rules broken",
            characters_per_s=quality.characters_per_s,
            rules_broken=quality.rules_broken,
        ),
        result(
            "language_as_expected",
            not expected or not heard or expected == heard,
            f"expected {expected or 'any language'}, heard {heard or 'nothing that tells'}",
        ),
    ]


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


def llm_ranking(document: Segments) -> dg.AssetCheckResult:
    """Where a language model is configured, its word counted."""
    note = document.llm
    if note is None:
        said = "no language model was asked"
    else:
        said = (
            f"{note.model} proposed {note.proposed} passages, judged {note.judged} of {note.asked} "
            f"candidates and would not post {note.declined}"
        )
        if note.skipped_reason:
            stands = "what it said so far" if note.judged else "the local choice"
            said += f"; {stands} stands: {note.skipped_reason}"
    return dg.AssetCheckResult(
        passed=note is None or not note.skipped_reason,
        check_name="llm_ranking",
        severity=dg.AssetCheckSeverity.WARN,
        description=said,
        metadata={"cost": note.cost, "repaired": note.repaired} if note else {},
    )


def clip_quality(document: RenderedClips) -> dg.AssetCheckResult:
    """What a viewer would object to in the finished files, and clips that could not be made."""
    found = [
        f"clip {clip.rank} ({file.variant}) {objection}"
        for clip in document.clips
        for file in clip.files
        for objection in (
            *file.quality.issues,
            *(["was made plainly, after a first try failed"] if file.plain else []),
        )
    ]
    found += [f"clip {f.rank} ({f.title}) could not be made: {f.why}" for f in document.failed]
    return dg.AssetCheckResult(
        passed=not found,
        check_name="clip_quality",
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(found) or f"nothing to object to in {len(document.clips)} clips",
        metadata={"issues": len(found)},
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
        {"clip": e.rank, "ok": r.ok, "rule": r.rule, "measured": r.measured, "wanted": r.wanted}
        for e in document.exports
        for r in e.rules
    ]
    said = "; ".join(
        f"clip {e.rank}: {r.rule} is {r.measured}, wanted {r.wanted}" for e, r in broken
    )
    refused = "; ".join(f"clip {e.rank} refused: {e.why}" for e in document.refused)
    said = "; ".join(part for part in (said, refused) if part)
    return dg.AssetCheckResult(
        passed=not broken and not document.refused,
        check_name="conforms",
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN,
        description=said or f"{len(document.exports)} files keep to every rule",
        metadata={"rules": table(rows, clip="by rank"), "broken": len(broken)},
    )


SOURCE_CHECKS = Checks(
    {"source_accepted": "The source has a picture or sound that decodes, and a length."},
    lambda document: [source_accepted(document)],
    blocking=frozenset({"source_accepted"}),
)
WORD_CHECKS = Checks(TRANSCRIPT_CHECKS, transcript_checks)
SEGMENT_CHECKS = Checks(
    {
        "segments_do_not_overlap": "No second of the source is in two segments.",
        "llm_ranking": "Where a language model is configured, its word counted.",
    },
    lambda document: [segments_do_not_overlap(document), llm_ranking(document)],
    blocking=frozenset({"segments_do_not_overlap"}),
)
CLIP_CHECKS = Checks(
    {
        "duration_and_sync": "Clips are as long as planned, picture and sound equally long.",
        "clip_quality": (
            "No clip is black, stands still or shows something else where its source does not, "
            "captions keep to the safe box, nobody is cut off, every clip could be made."
        ),
    },
    lambda document: [duration_and_sync(document), clip_quality(document)],
    blocking=frozenset({"duration_and_sync"}),
)
