"""Headers of patches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire import strategies
from wire import cbor, delta
from wire.errors import MalformedError


@given(strategies.digests, strategies.digests, st.integers(1, cbor.MAX_UINT), st.binary(max_size=100))
def test_a_header_is_split_from_its_patch(base: bytes, new: bytes, size: int, rest: bytes) -> None:
    header = delta.Header(base, new, size)
    assert delta.split(header.encode() + rest) == (header, rest)


@pytest.mark.parametrize(
    "header",
    [
        [2, b"b" * 32, b"n" * 32, 1],
        [1, b"b" * 31, b"n" * 32, 1],
        [1, b"b" * 32, b"n" * 33, 1],
        [1, b"b" * 32, b"n" * 32, 0],
        [1, b"b" * 32, b"n" * 32, -1],
        [1, b"b" * 32, b"n" * 32, True],
        [True, b"b" * 32, b"n" * 32, 1],
        [1, b"b" * 32, b"n" * 32],
        {},
    ],
)
def test_other_headers_are_refused(header: object) -> None:
    with pytest.raises(MalformedError, match="header"):
        delta.split(cbor.encode(header) + b"patch")


@given(st.binary(max_size=90))
def test_any_bytes(data: bytes) -> None:
    try:
        header, rest = delta.split(data)
    except MalformedError:
        return
    assert data.endswith(rest)
    assert header.new_size > 0
