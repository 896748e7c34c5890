"""What jobs cost: their own, and what they share with others, which no sum has twice."""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.catalog.shared_costs import SharedSpend
from vidpipe.costs.money import units
from vidpipe.library.views import JobCosts, SharedCost
from vidpipe.pipeline.engine import Engine


def job_costs(engine: Engine, job_id: str) -> JobCosts:
    """What a job cost until now.

    Args:
        engine: whose ledger it is.
        job_id: of the job.
    """
    own = engine.accountant
    sums = own.rows.sums("currency", channels=None, where={"job_id": job_id})
    outside, local = sum(s.outside for s in sums), sum(s.local for s in sums)
    return JobCosts(
        currency=engine.settings.costs.currency,
        outside=units(outside),
        local=units(local),
        total=units(outside + local),
        shared=_shared(own.shared.of_jobs([job_id]).get(job_id, ())),
    )


def _shared(spent: Sequence[SharedSpend]) -> tuple[SharedCost, ...]:
    return tuple(
        SharedCost(
            job_id=one.of,
            outside=units(one.outside),
            local=units(one.local),
            total=units(one.outside + one.local),
        )
        for one in spent
    )
