"""Whatever bytes come in, only errors of `wire` come out."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vectors import envelopes
from tests.wire import strategies
from wire import cbor, cose, descriptor, manifest, messages, profiles, rotation, senml, smp, suit, topics
from wire.errors import WireError

ANCHORS = cose.anchors([cose.public_key(envelopes.SEED)])


def accept(data: bytes) -> None:
    """What a host does with an envelope, though it does not stop at a bad signature."""
    envelope = suit.Envelope.parse(data)
    with suppress(WireError):
        envelope.verify(ANCHORS)
    suit.check(envelope.manifest, profiles.class_id(envelopes.PROFILE), 3)


def rotate(data: bytes) -> None:
    """What a device does with a rotation, though it does not stop at a bad signature."""
    with suppress(WireError):
        rotation.verify(data, ANCHORS.values(), 3)
    rotation.read(data)


def read_frames(data: bytes) -> None:
    for message in smp.Decoder().feed(data):
        smp.Message.decode(message).raise_for_error()


READERS: dict[str, Callable[[bytes], Any]] = {
    **{
        kind.__name__: kind.decode
        for kind in (
            messages.Desired,
            messages.Reported,
            messages.TelemetryBatch,
            messages.EventBatch,
            messages.Event,
            messages.Ack,
            messages.GuestMessage,
            messages.BlockRequest,
            messages.BlockAnswer,
            messages.Command,
            messages.CommandReply,
        )
    },
    "senml": senml.decode,
    "descriptor": descriptor.decode,
    "sign1": cose.parse,
    "rotation": rotate,
    "suit": accept,
    "smp message": smp.Message.decode,
    "smp frames": read_frames,
}

SAMPLES = [
    envelopes.sign(envelopes.manifest(), payloads={"#code": b"code"}),
    envelopes.RELEASE.encode(),
    cose.sign1(b"", envelopes.SEED),
    rotation.make(list(ANCHORS.values()), 4, envelopes.SEED),
    senml.encode(senml.Measurement("d", "w", "n", "Cel", 1.5, 1.7e9)),
    messages.Desired(1, (messages.DesiredWorkload("a", b"r" * 32, b"e", b"d" * 32, 4),)).encode(),
    messages.EventBatch(1, 2, (messages.Event(3, "log", level="info"),)).encode(),
    smp.Message(smp.Op.READ_ANSWER, 64, 0, 1, {"err": {"group": 64, "rc": 2}}).encode(),
    smp.encode_frames(smp.Message(smp.Op.READ_ANSWER, 64, 0, 1, {"rc": 2}).encode()),
]

cbor_items: st.SearchStrategy[Any] = st.recursive(
    st.one_of(strategies.scalars, st.integers(-(2**70), 2**70)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.integers(-10, 25), strategies.texts), inner, max_size=4),
        st.builds(cbor.Tag, st.sampled_from([18, 107, 500]), inner),
        inner.map(cbor.encode),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
@given(data=st.binary(max_size=60))
def test_any_bytes(reader: Callable[[bytes], Any], data: bytes) -> None:
    with suppress(WireError):
        reader(data)


@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
@given(item=cbor_items)
def test_any_cbor(reader: Callable[[bytes], Any], item: Any) -> None:
    with suppress(WireError):
        reader(cbor.encode(item))


@pytest.mark.parametrize("sample", SAMPLES)
@given(data=st.data())
@settings(max_examples=200)
def test_damaged_samples(sample: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample) - 1))
    length = data.draw(st.integers(0, 3))
    damaged = sample[:at] + data.draw(st.binary(max_size=3)) + sample[at + length :]
    for reader in READERS.values():
        with suppress(WireError):
            reader(damaged)


@pytest.mark.parametrize(
    "data",
    [
        b"\x81" * 100_000,
        b"\x9b\x00\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xd8\x23\x61(",
        b"\xa1\x01\xc2\x58\x20" + b"\xff" * 32,
    ],
    ids=["deep", "long array", "long string", "cycle", "pattern", "large number"],
)
def test_bombs(data: bytes) -> None:
    for reader in READERS.values():
        with suppress(WireError):
            reader(data)


@given(text=st.text(max_size=80))
def test_any_topic(text: str) -> None:
    with suppress(WireError):
        topics.parse(text)


@pytest.fixture(scope="module")
def yaml_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("yaml") / "workload.yaml"


@given(data=st.binary(max_size=80))
def test_any_workload_file(yaml_file: Path, data: bytes) -> None:
    yaml_file.write_bytes(data)
    with suppress(WireError):
        manifest.load(yaml_file)
