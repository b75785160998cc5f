"""Hypothesis strategies for everything that `wire` writes."""

from typing import Any

from hypothesis import strategies as st

from wire import messages, smp
from wire.cbor import MAX_UINT
from wire.descriptor import Component, Descriptor, Grant, Limits, Probation
from wire.senml import Measurement
from wire.triggers import AtStart, Calendar, EdgeKind, Every, InputEdge, MessageFilter, Service

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)
uints = st.integers(0, MAX_UINT)
texts = st.text(max_size=20)
digests = st.binary(min_size=32, max_size=32)
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), uints, texts, st.binary(max_size=20), st.floats(allow_nan=False)
)
plain: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
plain_maps = st.dictionaries(texts, plain, max_size=4)
full_names = st.from_regex(r"[a-z]{1,8}:[a-z]{1,8}/[a-z]{1,8}@0\.[0-9]\.[0-9]", fullmatch=True)

queue_depths = st.builds(messages.QueueDepth, uints, uints, st.none() | uints)
optional_uints = st.none() | uints
events = st.builds(
    messages.Event,
    uints,
    texts,
    *[st.none() | texts for _ in range(7)],
    st.none() | digests,
    *[st.none() | texts for _ in range(2)],
    *[optional_uints for _ in range(6)],
)
tokens = st.from_regex(r"[!-)+-\-/-=?-~]{1,8}", fullmatch=True)
subjects = st.lists(tokens, min_size=1, max_size=4).map(".".join)
deltas = st.lists(st.builds(messages.DeltaOffer, digests, digests, uints), max_size=2).map(tuple)
all_messages = st.one_of(
    st.builds(messages.GuestMessage, subjects, st.binary(max_size=40), st.none() | subjects),
    st.builds(
        messages.Desired,
        uints,
        st.lists(
            st.builds(
                messages.DesiredWorkload, names, digests, st.binary(max_size=40), digests, uints, st.none() | deltas
            ),
            max_size=3,
        ).map(tuple),
        st.none() | st.binary(max_size=40),
    ),
    st.builds(
        messages.Reported,
        uints,
        uints,
        st.lists(
            st.builds(
                messages.ReportedWorkload,
                names,
                texts,
                uints,
                digests,
                st.sampled_from(messages.State),
                texts,
                uints,
                uints,
                st.none() | texts,
            ),
            max_size=3,
        ).map(tuple),
        plain_maps,
        queue_depths,
    ),
    st.builds(
        messages.TelemetryBatch,
        uints,
        uints,
        st.lists(st.binary(max_size=40), max_size=4).map(tuple),
        st.none() | uints,
    ),
    st.builds(messages.EventBatch, uints, uints, st.lists(events, max_size=4).map(tuple), st.none() | uints),
    st.builds(messages.Ack, st.none() | st.tuples(uints, uints), st.none() | st.tuples(uints, uints)),
    st.builds(messages.BlockRequest, uints, st.integers(1, messages.MAX_BLOCK)),
    st.builds(messages.BlockAnswer, uints, uints, st.binary(max_size=100)),
    st.builds(messages.BlockAnswer, error=texts),
    st.builds(messages.Command, texts, texts, plain_maps),
    st.builds(messages.CommandReply, texts, st.booleans(), plain, st.none() | texts),
)

filters = st.one_of(
    subjects,
    st.tuples(st.lists(st.just("*") | tokens, max_size=3), st.sampled_from(["*", ">"])).map(
        lambda parts: ".".join([*parts[0], parts[1]])
    ),
)
triggers = st.one_of(
    st.builds(Every, st.integers(1, MAX_UINT)),
    st.builds(
        Calendar,
        st.sampled_from(["* * * * *", "*/5 0-12/3 1,15 * 7", "59 59 23 31 12 0"]),
        st.sampled_from([None, "UTC", "Europe/Berlin", "Etc/GMT+5"]),
    ),
    st.builds(InputEdge, names, st.sampled_from(EdgeKind)),
    st.builds(MessageFilter, filters),
    st.builds(AtStart),
    st.builds(Service),
)

components = st.builds(
    Component,
    names,
    st.dictionaries(
        full_names, st.builds(Grant, st.none() | st.lists(names, min_size=1, max_size=3).map(tuple)), max_size=3
    ),
    st.builds(Limits, *[uints for _ in range(9)]),
    st.dictionaries(texts, texts, max_size=3),
    st.lists(triggers, max_size=3).map(tuple),
)
descriptors = st.builds(
    Descriptor,
    names,
    st.text(st.characters(codec="ascii"), min_size=1, max_size=32),
    st.lists(components, min_size=1, max_size=3, unique_by=lambda component: component.name).map(tuple),
    st.builds(Probation, uints, uints),
)

measurements = st.builds(
    Measurement,
    names,
    names,
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9:._-]{0,20}", fullmatch=True),
    st.text(max_size=8),
    st.one_of(st.floats(allow_nan=False, allow_infinity=False), texts, st.booleans()),
    st.floats(1e9, 4e9),
)

smp_messages = st.builds(
    smp.Message,
    st.sampled_from(smp.Op),
    st.integers(0, 65_535),
    st.integers(0, 255),
    st.integers(0, 255),
    plain_maps,
    st.integers(0, 1),
)
