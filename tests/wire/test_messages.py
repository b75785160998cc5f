"""What messages refuse, and how they say it."""

from typing import Any

import pytest

from wire import cbor
from wire.errors import MalformedError, SmpError
from wire.messages import BlockAnswer, BlockRequest, Command, Desired, Event, QueueDepth, Reported, State
from wire.names import check_name
from wire.refusals import Refusal
from wire.smp import Group, Header, Message, Op
from wire.topics import parse, topic


def test_keys_are_the_field_names_and_absent_ones_are_left_out() -> None:
    assert cbor.decode(Event(1, "log", level="info").encode(), "event") == {"time": 1, "kind": "log", "level": "info"}
    reported = Reported(1, 2, (), {}, QueueDepth(0, 0, None))
    assert cbor.decode(reported.encode(), "reported")["queue"] == {"telemetry": 0, "event": 0, "oldest": None}


def test_unknown_text_keys_are_ignored() -> None:
    assert Command.decode(cbor.encode({"id": "1", "command": "ping", "new": 5})) == Command("1", "ping")


@pytest.mark.parametrize(
    ("message", "content", "error"),
    [
        (Desired, [], "Desired is not a map"),
        (Desired, {"workloads": []}, "Desired has no 'revision'"),
        (Desired, {"revision": -1}, "Desired.revision is not an unsigned number"),
        (Desired, {"revision": 2**63}, "Desired.revision is not an unsigned number"),
        (Desired, {"revision": True}, "Desired.revision is not an unsigned number"),
        (Desired, {"revision": 1, "workloads": [{"name": 5}]}, r"Desired.workloads\[0\].name is not text"),
        (Desired, {"revision": 1, "workloads": {}}, "Desired.workloads is not an array"),
        (Desired, {"revision": 1, 5: 5}, "Desired has an unknown key 5"),
        (BlockRequest, {"offset": 0, "length": 0}, "BlockRequest.length"),
        (BlockRequest, {"offset": 0, "length": 65_537}, "BlockRequest.length"),
        (BlockAnswer, {"offset": 0}, "neither an error nor"),
        (Reported, {"time": 1, "revision": 1, "workloads": [], "facts": {1: 2}, "queue": {}}, "Reported.facts: a key"),
    ],
)
def test_errors_name_the_place(message: Any, content: Any, error: str) -> None:
    with pytest.raises(MalformedError, match=error):
        message.decode(cbor.encode(content))


def test_digests_have_32_bytes() -> None:
    workload = {"name": "a", "release": b"short", "envelope": b"", "digest": b"d" * 32, "size": 1}
    with pytest.raises(MalformedError, match="release has 5 bytes instead of 32"):
        Desired.decode(cbor.encode({"revision": 1, "workloads": [workload]}))


def test_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(MalformedError, match="1 bytes after its end"):
        Command.decode(Command("1", "ping").encode() + b"\x00")


def test_states_are_their_names() -> None:
    assert str(State.ROLLED_BACK) == "rolled-back"


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a_b", "a.b", "a" * 33, "ä", "a\n"])
def test_wrong_names(name: str) -> None:
    with pytest.raises(MalformedError, match="is not a device name"):
        check_name("device", name)


@pytest.mark.parametrize(
    "text",
    ["", "petiole", "petiole/a/b", "other/a/b/ack", "petiole/a/B/ack", "petiole/a/b/nack", "petiole/a/b/block/00"],
)
def test_wrong_topics(text: str) -> None:
    with pytest.raises(MalformedError):
        parse(text)


def test_topic_of_a_wrong_kind() -> None:
    with pytest.raises(MalformedError, match="'news' is not a kind of topic"):
        topic("a", "b", "news")


def test_refusals_have_both_names() -> None:
    assert Refusal.NO_SUCH_LABEL.label == "no-such-label"
    assert Refusal.from_label("no-such-label") is Refusal.NO_SUCH_LABEL
    assert Refusal.from_label("nothing") is None


@pytest.mark.parametrize(
    ("body", "group", "rc"),
    [({"err": {"group": 64, "rc": 8}, "rsn": "wrong-class"}, 64, 8), ({"rc": 8, "rsn": "wrong-class"}, 0, 8)],
    ids=["version 2", "version 1"],
)
def test_smp_errors_of_both_versions(body: dict[str, Any], group: int, rc: int) -> None:
    with pytest.raises(SmpError, match="wrong-class") as caught:
        Message(Op.READ_ANSWER, Group.PETIOLE, 0, 1, body).raise_for_error()
    assert (caught.value.group, caught.value.rc) == (group, rc)


@pytest.mark.parametrize("body", [{}, {"rc": 0}, {"d": 1}])
def test_smp_answers_without_error(body: dict[str, Any]) -> None:
    Message(Op.READ_ANSWER, Group.OS, 0, 1, body).raise_for_error()


def test_smp_answer_belongs_to_its_request() -> None:
    request = Message(Op.WRITE, 64, 3, 9, {})
    assert Message(Op.WRITE_ANSWER, 64, 3, 9, {}).is_answer_to(request)
    assert not Message(Op.WRITE_ANSWER, 64, 3, 8, {}).is_answer_to(request)
    assert not Message(Op.WRITE, 64, 3, 9, {}).is_answer_to(request)


def test_smp_header_is_checked() -> None:
    with pytest.raises(MalformedError, match="shorter than its header"):
        Header.decode(b"1234567")
    with pytest.raises(MalformedError, match="unknown operation"):
        Header.decode(b"\x07" + bytes(7))
    with pytest.raises(MalformedError, match="tells of"):
        Message.decode(Message(Op.READ, 0, 0, 0, {}).encode() + b"x")
