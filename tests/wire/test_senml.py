"""Rules of SenML beyond the round trip."""

from typing import Any

import pytest

from wire import cbor, senml
from wire.errors import MalformedError
from wire.senml import Measurement

NOW = 1.8e9


def decode(*records: dict[Any, Any]) -> list[Measurement]:
    return senml.decode(cbor.encode(list(records)), now=NOW)


def test_base_value_is_added() -> None:
    assert [m.value for m in decode({-2: "a", -5: 20, 2: 1.5}, {0: "b"}, {0: "c", 3: "text"})] == [21.5, "text"]


def test_times_near_zero_are_relative_to_now() -> None:
    assert [m.time for m in decode({0: "a", 2: 1}, {0: "a", 6: -5, 2: 1}, {-3: 1.7e9, 0: "a", 6: 1, 2: 1})] == [
        NOW,
        NOW - 5,
        1.7e9 + 1,
    ]


def test_our_names_are_taken_apart() -> None:
    (measurement,) = decode({-2: "edge-1/thermo/", 0: "temp", 1: "Cel", 2: 1, -3: NOW})
    assert measurement == Measurement("edge-1", "thermo", "temp", "Cel", 1.0, NOW)


def test_text_labels_are_understood() -> None:
    assert [m.value for m in decode({"bn": "a", "bv": 1, 2: 2})] == [3.0]


def test_sums_and_data_are_left_out() -> None:
    assert decode({0: "a", 5: 3}, {0: "a", 8: b"data"}) == []


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({0: "a", 2: 1, "x_": 0}, "must be understood"),
        ({0: "a", 2: 1, 3: "b"}, "more than one value"),
        ({0: "ä", 2: 1}, "does not allow"),
        ({2: 1}, "does not allow"),
        ({0: "a", 2: "1"}, "not a number"),
        ({0: "a", 2: float("inf")}, "not a finite number"),
        ({0: "a", 2: 10**400}, "number"),
        ({0: "a", 4: 1}, "neither true nor false"),
        ({0: 5, 2: 1}, "not text"),
        ({-1: 11, 0: "a", 2: 1}, "version 11"),
    ],
)
def test_wrong_records_are_named(record: dict[Any, Any], message: str) -> None:
    with pytest.raises(MalformedError, match=f"SenML record 0.*{message}"):
        decode(record)


def test_names() -> None:
    assert senml.is_name("temperature.inside:1/x_y-z")
    assert not senml.is_name("_a")
    assert not senml.is_name("")
