"""What things cost: prices, budgets, quotas, and who pays for a call.

Belongs here: what a call costs and whether it may be made. Does not belong here: the calls
(`vidpipe.openai_client` and its like, which say what they are about to use through
`vidpipe.spending`), and how rows are kept (`vidpipe.catalog.ledger`). Budgets and
who pays need a database and are not loaded with the rest: `vidpipe.costs.budgets`,
`vidpipe.costs.accountant`.
"""

from vidpipe.costs.money import NANOS, nanos, units
from vidpipe.costs.prices import Price, PriceList, UnknownPrice

__all__ = [
    "NANOS",
    "Price",
    "PriceList",
    "UnknownPrice",
    "nanos",
    "units",
]
