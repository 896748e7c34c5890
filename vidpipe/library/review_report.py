"""What reviewers did with what was chosen: how often it stood, and marks to learn from."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.review_states import Reason, Verdict
from vidpipe.catalog.review_tables import DecisionRow, ReviewChangeRow
from vidpipe.catalog.tables import ClipRow
from vidpipe.library.review_views import ReportRow, ReviewReport

#: What is said of a clip as a whole.
CLIP = "clip"
#: Reasons that speak against the passage, and the question of `FactorName` that each answers.
FAULTS: Mapping[Reason, tuple[str, ...]] = {
    Reason.NOT_INTERESTING: ("hook", "payoff"),
    Reason.NO_CONTEXT: ("self_contained",),
    Reason.STARTS_OR_ENDS_BADLY: ("closure",),
    Reason.DUPLICATE: (),
    Reason.FACTUALLY_WRONG: (),
    Reason.OFF_BRAND: (),
    Reason.OTHER: (),
}
#: What readers call such a fault; others are none of the passage's.
_NAMED = {
    Reason.NOT_INTERESTING: "dull",
    Reason.NO_CONTEXT: "back_reference",
    Reason.STARTS_OR_ENDS_BADLY: "cut_short",
}
#: Of each question 0 to 3, of the whole 0 to 10, as readers of `passages.csv` give them. Somebody
#: who approves says that nothing is wrong; who rejects for one reason says nothing of the others.
_GOOD, _UNKNOWN, _BAD = 2, 1.5, 0
_APPROVED, _MOVED, _REJECTED = 8, 6, 2
MARK_COLUMNS = (
    *("recording", "start_s", "end_s", "hook", "self_contained", "payoff", "closure", "mark"),
    *("fault", "better_trimmed_at"),
)
_FACTORS = ("hook", "self_contained", "payoff", "closure")


def band_of(score: float | None) -> str:
    """The band of a score: `60-69`, `90-100`; empty of none."""
    if score is None:
        return ""
    low = min(9, max(0, int(score // 10))) * 10
    return f"{low}-{100 if low == 90 else low + 9}"


@dataclass
class _Tally:
    approved: int = 0
    rejected: int = 0
    changed: int = 0
    stood: int = 0


def report_of(
    catalog: Catalog, channels: Collection[str], since: datetime | None, until: datetime | None
) -> ReviewReport:
    """How often each choice stood, by channel, by what was chosen, by bands of scores."""
    decisions = _newest(catalog.reviews.decided(channels, since, until))
    changes = _changes(catalog, channels)
    kinds = sorted({kind for found in changes.values() for kind in found})
    tallies: defaultdict[tuple[str, str, str], _Tally] = defaultdict(_Tally)
    for row in decisions:
        changed = changes.get((row.video_id, row.clip_id), {})
        approved = row.verdict == Verdict.APPROVED
        for kind in (CLIP, *kinds):
            tally = tallies[row.channel, kind, band_of(row.score)]
            touched = bool(changed) if kind == CLIP else kind in changed
            tally.approved += approved
            tally.rejected += not approved
            tally.changed += touched
            tally.stood += approved and not touched
    reasons = Counter(row.reason for row in decisions if row.reason is not None)
    return ReviewReport(
        rows=tuple(_row(key, tally) for key, tally in sorted(tallies.items())),
        reasons=dict(reasons.most_common()),
        decisions=len(decisions),
        median_wait_s=_median_wait_s(catalog, decisions),
    )


def _row(key: tuple[str, str, str], tally: _Tally) -> ReportRow:
    channel, kind, band = key
    decided = tally.approved + tally.rejected
    return ReportRow(
        channel=channel,
        kind=kind,
        band=band,
        approved=tally.approved,
        rejected=tally.rejected,
        changed=tally.changed,
        stood=tally.stood,
        share=round(tally.stood / decided, 4) if decided else None,
    )


def _newest(rows: Iterable[DecisionRow]) -> list[DecisionRow]:
    """The last word on each clip: of one that was made again, and decided on again, that."""
    found = {(row.video_id, row.clip_id): row for row in rows}
    return list(found.values())


def _changes(
    catalog: Catalog, channels: Collection[str]
) -> dict[tuple[str, str], dict[str, ReviewChangeRow]]:
    """What was changed of each clip, by kind: the first of each, which has what was chosen."""
    query = select(ReviewChangeRow).where(ReviewChangeRow.channel.in_(channels))
    found: defaultdict[tuple[str, str], dict[str, ReviewChangeRow]] = defaultdict(dict)
    with catalog.session() as session:
        for row in session.scalars(query.order_by(ReviewChangeRow.id)):
            found[row.video_id, row.clip_id].setdefault(row.kind, row)
    return dict(found)


def _median_wait_s(catalog: Catalog, decisions: Iterable[DecisionRow]) -> float | None:
    rows = {(row.video_id, row.clip_id): row for row in decisions}
    videos = {video_id for video_id, _ in rows}
    waits = []
    query = select(ClipRow.video_id, ClipRow.clip_id, ClipRow.created_at, ClipRow.fingerprint)
    with catalog.session() as session:
        for video_id in sorted(videos):
            for _, clip_id, made, fingerprint in session.execute(
                query.where(ClipRow.video_id == video_id)
            ):
                row = rows.get((video_id, clip_id))
                if row is not None and row.fingerprint == fingerprint and row.at >= made:
                    waits.append((row.at - made).total_seconds())
    return round(statistics.median(waits), 1) if waits else None


def marks_of(catalog: Catalog, channels: Collection[str]) -> str:
    """Decisions as marks of passages, in the columns of `benchmarks/real/passages.csv`.

    A passage is the moment that a clip was made of, as it was chosen: where somebody moved its
    borders, `better_trimmed_at` says at which end. Clips that were rejected for what is no
    fault of the passage (captions, framing, picture, title, rights) say nothing of it and are
    left out.
    """
    changes = _changes(catalog, channels)
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\n")
    written.writerow(MARK_COLUMNS)
    for row in _newest(catalog.reviews.decided(channels, None, None)):
        reason = Reason(row.reason) if row.reason is not None else None
        if reason is not None and reason not in FAULTS:
            continue
        moved = changes.get((row.video_id, row.clip_id), {}).get("borders")
        chosen = moved.before if moved is not None else {}
        start_s = float(chosen.get("start_s", row.start_s))
        end_s = float(chosen.get("end_s", row.end_s))
        better = _trimmed(start_s, end_s, moved.after) if moved is not None else ""
        factors = _factors(reason, moved=moved is not None)
        mark = _REJECTED if reason is not None else _MOVED if moved is not None else _APPROVED
        marks = [factors[name] for name in _FACTORS]
        place = [row.video_id, f"{start_s:.3f}", f"{end_s:.3f}"]
        fault = _NAMED.get(reason, "none") if reason is not None else ""
        written.writerow([*place, *marks, mark, fault, better])
    return out.getvalue()


def _trimmed(start_s: float, end_s: float, after: Mapping[str, Any]) -> str:
    """At which ends somebody moved a border: `start`, `end`, `start+end`."""
    moved = {
        "start": after.get("start_s", start_s) != start_s,
        "end": after.get("end_s", end_s) != end_s,
    }
    return "+".join(end for end, was_moved in moved.items() if was_moved)


def _factors(reason: Reason | None, *, moved: bool) -> dict[str, float]:
    if reason is None:
        found = dict.fromkeys(_FACTORS, float(_GOOD))
        if moved:
            found["closure"] = _UNKNOWN
        return found
    found = dict.fromkeys(_FACTORS, _UNKNOWN)
    return found | dict.fromkeys(FAULTS[reason], float(_BAD))
