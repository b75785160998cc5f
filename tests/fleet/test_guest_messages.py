"""Messages between the fleet and guests, and post-mortems of stopped ones."""

import httpx
import pytest

from fleet.operations import Operations
from fleet.pages.events import cells
from fleet.services import guest_messages
from fleet.views import EventView
from tests.fleet.helpers import Device, wait_until
from wire import topics
from wire.messages import Event, GuestMessage


def test_a_message_reaches_the_device(device: Device, live_api: httpx.Client) -> None:
    for body, expected in [
        ({"subject": "vent.open", "text": "ä"}, GuestMessage("vent.open", "ä".encode())),
        ({"subject": "vent", "data": "00ff", "reply": "answers.1"}, GuestMessage("vent", b"\x00\xff", "answers.1")),
    ]:
        assert live_api.post(f"devices/{device.name}/messages", json=body).status_code == 202
        assert GuestMessage.decode(device.inbox[topics.MESSAGE_TO].get(timeout=20)) == expected


@pytest.mark.parametrize(
    "body",
    [{"subject": "a..b"}, {"subject": "a.*"}, {"subject": "a", "data": "xyz"}, {"subject": "a", "text": "x" * 1025}],
)
def test_what_is_no_message_is_refused(device: Device, live_api: httpx.Client, body: dict[str, str]) -> None:
    reply = live_api.post(f"devices/{device.name}/messages", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "malformed")


def test_messages_of_guests_become_events(
    device: Device, live_fleet: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_messages, "KEPT", 2)
    for data in (b"one", b"two", b"\x00\x01"):
        device.send(topics.MESSAGE, GuestMessage("a.b", data).encode())
    device.send(topics.MESSAGE, b"nonsense")
    expected = [("a.b", "two"), ("a.b", "0x0001")]
    wait_until(
        lambda: [(e.context, e.message) for e in live_fleet.events(device.name, kinds=["message"])] == expected,
        "the newest messages",
    )


def test_a_post_mortem_keeps_its_fields(device: Device, live_api: httpx.Client) -> None:
    stop = Event(
        *(1, "stop", "w", "1.0"),
        reason="trap: unreachable",
        release=b"r" * 32,
        component="main",
        trap="unreachable",
        pc=77,
        function=3,
        fuel=5,
        memory=65_536,
        stack=512,
        up=9_000,
    )
    device.events(1, stop)
    assert device.ack().event is not None
    (row,) = live_api.get(f"devices/{device.name}/events", params={"kind": "stop"}).json()
    assert (row["reason"], row["version"]) == ("trap: unreachable", "1.0")
    assert row["stop"] == {
        "release": "72" * 32,
        "component": "main",
        "trap": "unreachable",
        **{"pc": 77, "function": 3, "fuel": 5, "memory": 65_536, "stack": 512, "up": 9_000},
    }


def test_a_post_mortem_is_shown_in_one_line() -> None:
    used = {"pc": 77, "function": 3, "fuel": 12_345, "memory": 65_536, "stack": 0, "up": 9_000}
    stop = {"release": "72" * 32, "component": "main", "trap": "unreachable", **used}
    texts = {"workload": "w", "version": "1.0", "level": "error", "reason": "trap: unreachable"}
    nothing = dict.fromkeys(("context", "message", "state"))
    numbers = {"id": 1, "time": 1, "epoch": 1, "seq": 1}
    event = EventView.model_validate({"kind": "stop", **numbers, **texts, **nothing, "stop": stop})
    shown = "trap: unreachable (main: function 3, pc 77, fuel 12,345, memory 65,536 bytes, up 9.0 s)"
    assert (cells(event)["workload"], cells(event)["text"]) == ("w 1.0", shown)
