"""Seconds of a GPU are booked beside those of processors; a device is stood in for."""

from contextlib import nullcontext
from decimal import Decimal
from types import SimpleNamespace

import pytest

from vidpipe import spending
from vidpipe.catalog.cost_tables import CostEntryRow
from vidpipe.costs.accountant import Account, Accountant
from vidpipe.pipeline.metering import Meter
from vidpipe.spending import GPU_SECONDS, metered_gpu, paying
from vidpipe.transcript.torch_whisper import TorchWhisper


class OutOfMemory(Exception):
    pass


class Device:
    """A GPU that takes two windows at once, works a second on each, and says so by its clock.

    It works behind its caller: only who waits for it sees that time has gone.
    """

    def __init__(self):
        self.now_s = self.behind_s = 0.0
        self.OutOfMemoryError = OutOfMemory
        self.inference_mode = nullcontext
        self.cuda = SimpleNamespace(synchronize=self.finish, empty_cache=lambda: None)

    def finish(self):
        self.now_s, self.behind_s = self.now_s + self.behind_s, 0.0

    def work(self, at):
        if at.stop - at.start > 2:
            self.behind_s += 0.25
            raise OutOfMemory
        self.behind_s += at.stop - at.start
        return list(range(at.start, at.stop))


@pytest.fixture
def device(monkeypatch):
    made = Device()
    monkeypatch.setattr(spending, "perf_counter", lambda: made.now_s)
    return made


@pytest.fixture
def whisper(device):
    made = TorchWhisper.__new__(TorchWhisper)
    made.torch, made.device, made.at_once = device, "cuda", None
    return made


def entries(database):
    with database.session() as session:
        return [(e.outcome, e.quantities, e.amount) for e in session.query(CostEntryRow)]


def meter(database):
    purse = Accountant(database).purse(Account("default", "transcript", "default--talk-1"))
    return Meter(purse)


def test_what_a_gpu_works_on_is_booked_with_a_price(database, device, whisper):
    device.behind_s = 7.0  # Of somebody else, who gave it work before.
    counted = meter(database)
    with paying(counted.purse):
        assert whisper._in_parts(5, device.work) == [0, 1, 2, 3, 4]
        device.now_s += 60.0  # Meanwhile the processor reads sound.
    counted.done(0, made=True)
    [(outcome, used, amount)] = entries(database)
    # Five windows, and a try of all at once that its memory did not take.
    assert outcome == "done" and Decimal(used[GPU_SECONDS]) == Decimal("5.25")
    assert amount >= int(Decimal("5.25") * Decimal("0.526") / 3600 * 10**9)


def test_work_that_fails_is_booked_as_well(database, device):
    counted = meter(database)

    def fails():
        with metered_gpu(device.finish):
            device.behind_s += 3.0
            raise RuntimeError

    with paying(counted.purse), pytest.raises(RuntimeError):
        fails()
    counted.failed()
    [(outcome, used, _)] = entries(database)
    assert outcome == "failed" and Decimal(used[GPU_SECONDS]) == 3


def test_without_a_gpu_nothing_of_one_is_booked(database, device, whisper):
    whisper.device = "cpu"
    whisper.torch = SimpleNamespace(inference_mode=nullcontext, OutOfMemoryError=OutOfMemory)
    counted = meter(database)
    with paying(counted.purse):
        assert whisper._in_parts(2, device.work) == [0, 1]
    counted.done(1, made=True)
    [(_, used, _)] = entries(database)
    assert GPU_SECONDS not in used
