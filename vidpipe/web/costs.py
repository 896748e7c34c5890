"""The page about money: what was spent, what may be, and who waits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from vidpipe.library import BudgetView, CostReport, Library, ServiceView

_DEAREST = 20


@dataclass(frozen=True)
class CostsPage:
    """What the page shows, of the channels that its viewer sees."""

    days: CostReport
    stages: CostReport
    services: CostReport
    videos: CostReport
    budgets: tuple[BudgetView, ...]
    broken: tuple[ServiceView, ...]
    waiting: int


def costs_page(library: Library, channels: Collection[str] | None) -> CostsPage:
    """Everything that the page about costs shows.

    Args:
        library: whose.
        channels: only of these; None: of all, and of the deployment as a whole.
    """
    every = {*library.engine.channels, *library.engine.catalog.history.channels()}
    seen = every if channels is None else channels
    spending = library.spending
    return CostsPage(
        days=spending.report(seen),
        stages=spending.report(seen, by="stage"),
        services=spending.report(seen, by="service"),
        videos=spending.report(seen, by="video", limit=_DEAREST),
        budgets=tuple(
            budget
            for budget in spending.budgets(seen, everything=channels is None)
            if budget.hard is not None or budget.soft is not None or budget.spent
        ),
        broken=tuple(s for s in spending.services() if s.state != "closed"),
        waiting=library.engine.catalog.requests.count_waiting() if channels is None else 0,
    )
