"""Prices of language models, from the tables of genai-prices (extra `api`); without a network.

The tables come with its wheel: a newer wheel has newer prices, and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from importlib.util import find_spec

from vidpipe.spending import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, Purchase, Quantities, Rate

#: Tokens that the tables give prices for.
_PER = 1_000_000
#: Asked about both, for tables whose prices rise with the length of what is sent.
_FEW, _MANY = 1_000, 100_000_000


@dataclass(frozen=True)
class ModelPrice:
    """What a language model costs by the tables.

    Attributes:
        rates: of tokens that are read, and of those that are written; of prices that rise with
            the length of what is sent, the highest.
        exact: what a call costs that used so much.
        version: of the tables.
        source: where they come from.
    """

    rates: dict[str, Rate]
    exact: Callable[[Quantities], Decimal]
    version: str
    source: str


def language_model(purchase: Purchase) -> ModelPrice | None:
    """The price of a model by its name and its server's address; None: the tables have none.

    Only calls that are counted in tokens have one.
    """
    if INPUT_TOKENS not in purchase.most or find_spec("genai_prices") is None:
        return None
    from genai_prices import Usage, calc_price

    def exact(used: Quantities) -> Decimal:
        given = int(used.get(INPUT_TOKENS, 0))
        cached = min(given, int(used.get(CACHED_TOKENS, 0)))
        usage = Usage(
            input_tokens=given,
            output_tokens=int(used.get(OUTPUT_TOKENS, 0)),
            cache_read_tokens=cached or None,
        )
        return calc_price(
            usage, model_ref=purchase.product, provider_api_url=purchase.address
        ).total_price

    def per_token(counted: str, count: int) -> Decimal:
        without = exact({INPUT_TOKENS: count}) if counted == OUTPUT_TOKENS else Decimal(0)
        return (exact({INPUT_TOKENS: count, counted: count}) - without) / count

    try:
        reads = max(per_token(INPUT_TOKENS, n) for n in (_FEW, _MANY))
        writes = max(per_token(OUTPUT_TOKENS, n) for n in (_FEW, _MANY))
    except (LookupError, ValueError):
        return None
    tables = f"genai-prices {version('genai-prices')}"
    return ModelPrice(
        {INPUT_TOKENS: (_plain(reads * _PER), _PER), OUTPUT_TOKENS: (_plain(writes * _PER), _PER)},
        exact,
        tables,
        "https://github.com/pydantic/genai-prices",
    )


def _plain(price: Decimal) -> Decimal:
    return price.quantize(Decimal("0.000001")).normalize()
