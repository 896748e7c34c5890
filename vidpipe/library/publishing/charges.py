"""What a request to a platform takes of quotas and budgets, as the accountant wants it said."""

from __future__ import annotations

from decimal import Decimal

from vidpipe.publishing.calls import Arrival, PlatformCall, Reply
from vidpipe.spending import POSTS, Purchase, Quantities, Rate, Reservation

_USD = "usd"


def purchase_of(
    call: PlatformCall, platform: str, application: str = "", *, currency: str = "USD"
) -> Purchase | None:
    """What a request is about to take; None: nothing that is counted.

    Args:
        call: of a platform.
        platform: whose it is.
        application: whose quotas it is counted in: each application of a platform has its own.
        currency: of the deployment. Dollars are said in dollars only: for another currency its
            own price list must know them.
    """
    most: dict[str, Decimal | int] = {}
    rates: dict[str, Rate] = {}
    for charge in call.charges:
        _, _, what = charge.bucket.partition(".")
        if what == _USD:
            rates[POSTS] = (Decimal(str(charge.amount)), 1)
        else:
            most[what] = most.get(what, 0) + Decimal(str(charge.amount))
    if not most and not rates:
        return None
    if rates:
        most.setdefault(POSTS, 1)
    stated = rates if not rates or currency == "USD" else None
    return Purchase(
        service=platform,
        product="post" if rates else call.name,
        most=most,
        stated=stated,
        timeout_s=call.timeout_s,
        project=application,
    )


def settle(held: Reservation, purchase: Purchase, reply: Reply | None) -> None:
    """Book what a request took: all of it where it arrived, or may have.

    Args:
        held: for it.
        purchase: that it was held for.
        reply: None: it was not made.
    """
    if reply is None or reply.arrival is Arrival.NOT_SENT:
        held.fail({}, away=False)
    elif reply.arrival is Arrival.UNANSWERED:
        held.fail(None, away=False)
    else:
        held.settle(_used(purchase, reply))


def _used(purchase: Purchase, reply: Reply) -> Quantities:
    """Platforms count refusals, too; what costs dollars costs them only when it was made."""
    if reply.ok or not purchase.stated:
        return purchase.most
    return {**purchase.most, POSTS: 0}


__all__ = ["purchase_of", "settle"]
