"""What is written is read again as the same, and is the one deterministic spelling of it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.vectors.envelopes import SEED
from tests.wire import strategies
from wire import cbor, cose, descriptor, profiles, senml, smp, suit, topics
from wire.descriptor import Descriptor
from wire.senml import Measurement


@given(strategies.all_messages)
def test_messages(message: Any) -> None:
    data = message.encode()
    assert type(message).decode(data) == message
    assert cbor.encode(cbor.decode_strict(data, "message")) == data


@given(strategies.events)
def test_single_events(event: Any) -> None:
    assert type(event).decode(event.encode()) == event


@given(strategies.descriptors)
def test_descriptors(release: Descriptor) -> None:
    assert descriptor.decode(descriptor.encode(release)) == release


@given(strategies.descriptors, st.integers(0, cbor.MAX_UINT), st.binary(min_size=1, max_size=200))
def test_bundles(release: Descriptor, sequence: int, payload: bytes) -> None:
    payloads = [payload + bytes([index]) for index in range(len(release.components))]
    data = suit.build(release, sequence, profiles.EDGE_PROFILE, payloads, SEED)
    envelope = suit.Envelope.parse(data)
    manifest = envelope.verify(cose.anchors([cose.public_key(SEED)]))
    assert (manifest.descriptor, manifest.sequence) == (release, sequence)
    for code, content in zip(manifest.codes, payloads, strict=True):
        code.check(envelope.payloads[code.uri])
        assert envelope.payloads[code.uri] == content
    severed = suit.Envelope.parse(envelope.sever())
    assert severed.manifest == manifest
    assert not severed.payloads
    assert envelope.encode() == data


@given(strategies.measurements)
def test_measurements(measurement: Measurement) -> None:
    (again,) = senml.decode(senml.encode(measurement))
    assert again == measurement


@given(st.lists(strategies.smp_messages, max_size=4), st.lists(st.integers(1, 50)), st.integers(20, 200))
def test_smp_frames_in_any_pieces(sent: list[smp.Message], cuts: list[int], mtu: int) -> None:
    stream = b"".join(b"log line\n" + smp.encode_frames(message.encode(), mtu) for message in sent)
    decoder, received, at = smp.Decoder(), [], 0
    for size in [*cuts, len(stream)]:
        received += decoder.feed(stream[at : at + size])
        at += size
    assert [smp.Message.decode(data) for data in received] == sent
    assert decoder.errors == 0
    assert all(len(line) <= mtu for line in stream.splitlines(keepends=True))


@given(strategies.names, strategies.names, strategies.digests)
def test_topics(site: str, device: str, digest: bytes) -> None:
    for kind in (topics.DESIRED, topics.COMMAND_REPLY, topics.block(digest), topics.block_request(digest)):
        text = topics.topic(site, device, kind)
        parsed = topics.parse(text)
        assert (parsed.site, parsed.device, parsed.kind) == (site, device, kind)
        assert str(parsed) == text
    assert topics.parse(topics.topic(site, device, topics.block_request(digest))).digest == digest
