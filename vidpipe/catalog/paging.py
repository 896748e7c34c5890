"""A page of a list that is ordered by a moment and an id."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, tuple_


def newest_first(
    query: Select[Any], moment: Any, identity: Any, after: tuple[datetime, str] | None
) -> Select[Any]:
    """The newest first, those that come after a place; an index of the two columns serves it.

    Args:
        query: of rows.
        moment: the column of the moment.
        identity: the column of the id, which settles between rows of one moment.
        after: moment and id of the last row of the page before.
    """
    if after is not None:
        at, last = after
        query = query.where(
            tuple_(moment, identity) < tuple_(literal(at, moment.type), literal(last))
        )
    return query.order_by(moment.desc(), identity.desc())
