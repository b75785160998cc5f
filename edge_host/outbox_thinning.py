"""Makes averages of measurements: two of a series become one, and at the next time two of those.

A number stands for the mean of the records that went into it, at the mean of their times; its weight says how many.
Of two texts or truth values, and of two records that cannot be read, the later one stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wire import senml
from wire.errors import MalformedError


@dataclass(frozen=True)
class Weighted:
    """A record on its way into a thinner segment."""

    stream: int
    seq: int
    weight: int
    seconds: int
    record: bytes


def thin(records: Iterable[Weighted]) -> list[Weighted]:
    """About half as many records, in the order of their numbers; a merged one has the number of the later one."""
    waiting: dict[tuple[object, ...], tuple[Weighted, senml.Measurement | None]] = {}
    done: list[Weighted] = []
    for record in records:
        measurement = _measurement(record.record)
        key = (record.stream, *_series(measurement))
        earlier = waiting.pop(key, None)
        if earlier is None:
            waiting[key] = (record, measurement)
        else:
            done.append(_merged(*earlier, record, measurement))
    done += [record for record, _ in waiting.values()]
    return sorted(done, key=lambda record: (record.stream, record.seq))


def _measurement(record: bytes) -> senml.Measurement | None:
    try:
        found = senml.decode(record)
    except MalformedError:
        return None
    return found[0] if len(found) == 1 else None


def _series(measurement: senml.Measurement | None) -> tuple[object, ...]:
    if measurement is None:
        return ()
    m = measurement
    return (m.device, m.workload, m.name, m.unit, _is_number(m.value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _merged(
    one: Weighted, first: senml.Measurement | None, two: Weighted, second: senml.Measurement | None
) -> Weighted:
    weight = min(one.weight + two.weight, 2**32 - 1)
    if first is None or second is None or not _is_number(second.value):
        return replace(two, weight=weight)
    share = one.weight / (one.weight + two.weight)
    value = float(first.value) * share + float(second.value) * (1 - share)
    time = first.time * share + second.time * (1 - share)
    return replace(two, weight=weight, record=senml.encode(replace(second, value=value, time=time)))
