"""Whose turn it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Allocation(Generic[Item]):
    """What starts now, and what waits and why: how many by channel, or for want of room."""

    chosen: list[Item]
    over_limit: Mapping[str, int] = field(default_factory=dict)
    no_room: int = 0


def fair_share(
    waiting: Sequence[Item],
    *,
    channel: Callable[[Item], str],
    urgency: Callable[[Item], float],
    in_flight: Mapping[str, int],
    room: int,
    limit: Callable[[str], int],
    last: Mapping[str, float] | None = None,
    since: Callable[[Item], float] = lambda _: 0.0,
) -> Allocation[Item]:
    """Round-robin between channels: the one with the least in hand goes next.

    Of those that have equally much in hand, it is the one that has waited longest, whether
    since its last turn or since its oldest came. Urgency passes it, but each channel passes it
    once: it has had its turn then.

    Args:
        waiting: in the order they came.
        channel: whose it is.
        urgency: of a channel's own the most urgent goes first; so it is between channels that
            have equally much in hand, and had no turn since the other began to wait.
        in_flight: how many of each channel are queued or running.
        room: how many may start altogether.
        limit: how many of a channel may be in hand at once.
        last: when each channel had its last turn, in seconds of any clock; none: never. Needed
            where what is in hand says little, as one is taken at a time.
        since: when it came, by the same clock.
    """
    served = last or {}
    lines: dict[str, list[Item]] = {}
    for item in waiting:
        lines.setdefault(channel(item), []).append(item)
    for line in lines.values():
        # Stable: of equally urgent ones the first that came. Taken from the end.
        line.sort(key=urgency, reverse=True)
        line.reverse()
    load = Counter(in_flight)
    chosen: list[Item] = []
    while len(chosen) < room:
        able = [name for name, line in lines.items() if line and load[name] < limit(name)]
        if not able:
            break
        least = min(load[name] for name in able)
        waits = {
            name: max(served.get(name, 0.0), min(since(item) for item in lines[name]))
            for name in able
            if load[name] == least
        }
        longest = min(waits.values())
        name = min(
            (name for name in waits if served.get(name, 0.0) <= longest),
            key=lambda n: (-urgency(lines[n][-1]), waits[n], n),
        )
        chosen.append(lines[name].pop())
        load[name] += 1
    left = {name: len(line) for name, line in lines.items() if line}
    over = {name: count for name, count in left.items() if load[name] >= limit(name)}
    return Allocation(chosen, over, sum(left.values()) - sum(over.values()))


def queue_priority(priority: int) -> int:
    """The priority in Dagster's queue, for one whose turn it is.

    What is urgent came earlier already, in its channel's turn. Carried on into the queue it
    would pass every other channel's: a channel that calls everything urgent would starve
    them (seen in the simulation). What may wait does wait there too.
    """
    return min(0, priority)
