"""Arithmetic on what has arrived of a stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.services.received import MAX_RANGES_AHEAD, Received, TooFarAheadError

ranges = st.tuples(st.integers(1, 60), st.integers(1, 15)).map(lambda pair: (pair[0], pair[0] + pair[1] - 1))


@given(st.lists(ranges, max_size=40))
def test_any_order_and_any_repetition_gives_the_set_of_what_arrived(batches: list[tuple[int, int]]) -> None:
    received, arrived = Received(), set[int]()
    for first, last in batches:
        numbers = set(range(first, last + 1))
        missing = {seq for begin, end in received.missing(first, last) for seq in range(begin, end + 1)}
        assert missing == numbers - arrived
        received = received.add(first, last)
        arrived |= numbers
        gap = next(seq for seq in range(1, 100) if seq not in arrived)
        assert received.contiguous == gap - 1
        ahead = [seq for begin, end in received.ahead for seq in range(begin, end + 1)]
        assert ahead == sorted(seq for seq in arrived if seq > gap)


def test_a_batch_seen_before_changes_nothing() -> None:
    received = Received().add(1, 10).add(20, 30)
    assert received.missing(1, 10) == []
    assert received.add(3, 7) == received
    assert received.add(22, 28) == received


def test_an_empty_batch_changes_nothing() -> None:
    assert Received(5).missing(6, 5) == []
    assert Received(5).add(6, 5) == Received(5)


def test_the_number_of_gaps_is_bounded() -> None:
    received = Received()
    for at in range(MAX_RANGES_AHEAD):
        received = received.add(10 * at + 2, 10 * at + 2)
    with pytest.raises(TooFarAheadError):
        received.add(100_000, 100_000)
    assert received.add(1, 1).contiguous == 2


@given(st.lists(ranges, max_size=20), st.integers(1, 90))
def test_what_the_device_no_longer_has_is_not_waited_for(batches: list[tuple[int, int]], held: int) -> None:
    received, arrived = Received(), set(range(1, held))
    for first, last in batches:
        received = received.add(first, last)
        arrived |= set(range(first, last + 1))
    after = received.since(held)
    gap = next(seq for seq in range(1, 200) if seq not in arrived)
    assert after.contiguous == gap - 1
    assert {seq for begin, end in after.ahead for seq in range(begin, end + 1)} == {seq for seq in arrived if seq > gap}
    assert after.since(held) == after
