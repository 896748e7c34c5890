"""What things cost: prices, budgets, quotas, and who pays for a call.

Belongs here: what a call costs and whether it may be made. Does not belong here: the calls
(`vidpipe.openai_client` and its like, which say what they are about to use through
`vidpipe.spending`), and how rows are kept (`vidpipe.catalog.ledger`).
"""

from vidpipe.costs.accountant import Account, Accountant
from vidpipe.costs.budgets import Budget, BudgetScope, Period
from vidpipe.costs.money import NANOS, nanos, units
from vidpipe.costs.prices import Price, PriceList, UnknownPrice

__all__ = [
    "NANOS",
    "Account",
    "Accountant",
    "Budget",
    "BudgetScope",
    "Period",
    "Price",
    "PriceList",
    "UnknownPrice",
    "nanos",
    "units",
]
