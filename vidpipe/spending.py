"""What is paid for by use: reserved for before each call, settled after it.

Whatever calls an outside service says here what it is about to use; who pays is bound once, where
work begins. Nothing is sent while nobody pays: a call that was forgotten fails, and costs nothing.

    with paying(spender):
        call = Call(Purchase(service="openai", product="whisper-1", most={AUDIO_SECONDS: 60}))
        call.begin()
        ...
        call.settle({AUDIO_SECONDS: 60})
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from time import perf_counter
from typing import Protocol

from vidpipe.errors import VidpipeError

#: What is counted, in the unit that each name says. Prices are of the same names.
REQUESTS = "requests"
AUDIO_SECONDS = "audio_seconds"
INPUT_TOKENS = "input_tokens"
#: Of the input tokens those that the service had read before.
CACHED_TOKENS = "cached_tokens"
#: Tokens of sound, which services bill by themselves: no input tokens.
AUDIO_TOKENS = "audio_tokens"
OUTPUT_TOKENS = "output_tokens"
IMAGES = "images"
POSTS = "posts"
CPU_SECONDS = "cpu_seconds"
GPU_SECONDS = "gpu_seconds"
STORED_BYTES = "stored_bytes"
#: Seconds of clips that work was asked for: kept beside what it used, so that estimates know what
#: that was for. Nothing is used up of them.
CLIP_SECONDS = "clip_seconds"
#: The same of passages that were chosen, once for each format that they are rendered in: known
#: once a recording is scored.
PASSAGE_SECONDS = "passage_seconds"
#: What stands beside what was used, and is none of it.
OF_WORK = frozenset({CLIP_SECONDS, PASSAGE_SECONDS})
#: What this machine does itself: metered, and no outside service.
LOCAL = "local"

Quantities = Mapping[str, Decimal | int]
#: A price, and for how many units it is.
Rate = tuple[Decimal, int]


class NobodyPays(RuntimeError):
    """A call that costs was about to be made where nobody pays: a bug of ours."""


class CallOutcome(StrEnum):
    """How a call ended that was reserved for.

    Attributes:
        DONE: the service answered and said what it used.
        FAILED: it refused or broke down, and said that this costs nothing, or what it costs.
        ASSUMED: it may have done the work, and nobody knows: what was expected is booked.
        EXPIRED: whoever called it is gone; what was expected is booked.
        CACHED: an earlier answer was found, nothing was called.
    """

    DONE = "done"
    FAILED = "failed"
    ASSUMED = "assumed"
    EXPIRED = "expired"
    CACHED = "cached"


@dataclass(frozen=True)
class Purchase:
    """What one call is about to use.

    Attributes:
        service: who is called, such as `openai`.
        product: which of its models or functions.
        most: quantities that the call cannot use more of; this is what is reserved for.
        expected: quantities that it will likely use; what is booked where nobody says. None: most.
        stated: what each quantity costs, where a setting says so; None: the price list.
        address: of the service, for prices that are known by it; without anything secret.
        timeout_s: seconds after which one try of the call is over, whatever happened.
        project: whose quotas it is counted in, where a service gives each its own; empty: one
            for all.
    """

    service: str
    product: str
    most: Quantities
    expected: Quantities | None = None
    stated: Mapping[str, Rate] | None = None
    address: str = ""
    timeout_s: float = 300.0
    project: str = ""

    @property
    def likely(self) -> Quantities:
        return self.most if self.expected is None else self.expected


class Reservation(Protocol):
    """Money and quota that are held for one try of a call."""

    def settle(self, used: Quantities, *, cost: Decimal | None = None) -> None:
        """The service answered.

        Args:
            used: what it says that it used.
            cost: what it says that this costs; None: by the price list.
        """
        ...

    def fail(
        self,
        used: Quantities | None,
        *,
        away: bool,
        retry_after_s: float | None = None,
        slow_down: bool = False,
    ) -> None:
        """There is no answer.

        Args:
            used: what the service says that it used all the same, empty for nothing; None where
                nobody knows whether it did the work.
            away: whether the service is out of order, so that others need not try.
            retry_after_s: seconds for which it asks not to be called.
            slow_down: whether it refuses because it is called too often.
        """
        ...


class Spender(Protocol):
    """Pays for calls."""

    def reserve(self, purchase: Purchase) -> Reservation:
        """Hold money and quota for one try of a call.

        Raises:
            MustWait: a budget or a quota does not allow it before a certain moment.
            Unavailable: the service is out of order, or called too often just now.
            Misconfigured: its price is not known.
        """
        ...

    def cached(self, purchase: Purchase) -> None:
        """An earlier answer was found: it costs nothing."""
        ...

    def local(self, used: Quantities) -> None:
        """This machine worked or stored something."""
        ...


_spender: ContextVar[Spender | None] = ContextVar("vidpipe_spender", default=None)


@contextmanager
def paying(spender: Spender) -> Iterator[None]:
    """While inside, and in threads that take this context along, this one pays."""
    before = _spender.set(spender)
    try:
        yield
    finally:
        _spender.reset(before)


def payer() -> Spender:
    """Who pays here.

    Raises:
        NobodyPays: nobody; nothing that costs may be called.
    """
    found = _spender.get()
    if found is None:
        raise NobodyPays("a call that costs is made outside of `paying`: nothing was sent")
    return found


def used_locally(used: Quantities) -> None:
    """Meter what this machine did itself, where somebody keeps account of it."""
    found = _spender.get()
    if found is not None:
        found.local(used)


@contextmanager
def metered_gpu(finish: Callable[[], None]) -> Iterator[None]:
    """Meter the seconds for which a GPU is at work for what is inside, also where that fails.

    Args:
        finish: waits until the device has done what it was given: it works on by itself, and
            would be read before it is done.
    """
    finish()
    began_s = perf_counter()
    try:
        yield
    finally:
        try:
            finish()
        finally:
            took_s = max(0.0, perf_counter() - began_s)
            used_locally({GPU_SECONDS: Decimal(str(round(took_s, 3)))})


@dataclass
class Call:
    """One call, in as many tries as it takes; each try is reserved for and settled by itself.

    Attributes:
        purchase: what each try is about to use.
        refusal: why the last try was not made; None: it was.
    """

    purchase: Purchase
    refusal: VidpipeError | None = None
    _held: Reservation | None = field(default=None, repr=False)

    def begin(self) -> None:
        """Reserve for a try that is about to be sent; one before it without an end is assumed.

        Raises:
            VidpipeError: it may not be sent; see `Spender.reserve`.
        """
        self.close()
        try:
            self._held = payer().reserve(self.purchase)
        except VidpipeError as error:
            self.refusal = error
            raise
        self.refusal = None

    def settle(self, used: Quantities | None, *, cost: Decimal | None = None) -> None:
        """The service answered and said what it used; None: it did not say."""
        if self._held is not None:
            held, self._held = self._held, None
            held.settle(self.purchase.likely if used is None else used, cost=cost)

    def fail(
        self,
        used: Quantities | None,
        *,
        away: bool = False,
        retry_after_s: float | None = None,
        slow_down: bool = False,
    ) -> None:
        """The try failed; see `Reservation.fail`."""
        if self._held is not None:
            held, self._held = self._held, None
            held.fail(used, away=away, retry_after_s=retry_after_s, slow_down=slow_down)

    def close(self) -> None:
        """Of a try of which nobody said how it ended what was expected is booked."""
        self.fail(None)
