"""Money as whole numbers: a billionth of a currency's unit, so that no call is rounded.

A token costs fractions of a millionth. Rounded to these, ten thousand calls would differ from the
invoice; a price list to a tenth of a cent for a million tokens is exact in billionths.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext

#: Of one unit of a currency.
NANOS = 1_000_000_000
#: What a column of 64 bits holds, with room for sums.
MOST = Decimal(4_000_000_000)


def nanos(amount: Decimal, *, up: bool = False) -> int:
    """An amount as a whole number of billionths.

    Args:
        amount: in units of the currency.
        up: rounded up, for what is reserved; else to the nearest.

    Raises:
        ValueError: it is no amount of money.
    """
    if not amount.is_finite() or abs(amount) > MOST:
        raise ValueError(f"{amount} is no amount of money")
    with localcontext() as context:
        context.prec = 60
        rounding = ROUND_CEILING if up else ROUND_HALF_UP
        return int((amount * NANOS).to_integral_value(rounding=rounding))


def units(amount: int) -> Decimal:
    """The same back: exact, in units of the currency, without zeros at the end."""
    whole = Decimal(amount).scaleb(-9).normalize()
    return whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole


def shown(amount: int, currency: str) -> str:
    """For people: four digits after the point, more where that would be nothing."""
    value = units(amount)
    if value and abs(value) < Decimal("0.0001"):
        return f"{value:f} {currency}"
    return f"{value:.4f} {currency}" if abs(value) < 100 else f"{value:,.2f} {currency}"
