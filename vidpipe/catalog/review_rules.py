"""When channels ask, as it was set in the service: one row a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.review_tables import ReviewRulesRow
from vidpipe.catalog.tables import now


class ReviewRulesRows:
    """What was set for each channel, where somebody did."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, channel: str) -> ReviewRulesRow | None:
        """The row of a channel; None where nobody ever set anything."""
        with self._db.session() as session:
            return session.get(ReviewRulesRow, channel)


@dataclass(frozen=True)
class Replaced:
    """What held until rules were set.

    Attributes:
        rules: as JSON, which may be of a later version of vidpipe; None: what the file says.
    """

    rules: Mapping[str, Any] | None


def set_rules(
    session: Session,
    channel: str,
    rules: Mapping[str, Any] | None,
    *,
    version: int | None,
    by: str,
) -> Replaced | None:
    """Set when a channel asks, within a transaction; None where it is of another version by now.

    What was there is not checked: what cannot be read is replaced as anything else.

    Args:
        session: of the transaction.
        channel: whose.
        rules: as JSON; None: what its file says.
        version: that was read, 0 where there was none; None: whatever is there.
        by: who sets it.
    """
    query = select(ReviewRulesRow).where(ReviewRulesRow.channel == channel).with_for_update()
    row = session.scalars(query).one_or_none()
    if version is not None and version != (row.version if row is not None else 0):
        return None
    if row is None:
        row = ReviewRulesRow(channel=channel, version=0)
        session.add(row)
    replaced = Replaced(row.rules)
    row.rules = dict(rules) if rules is not None else None
    row.version, row.changed_by, row.changed_at = row.version + 1, by[:200], now()
    session.flush()
    return replaced
