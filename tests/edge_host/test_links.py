"""Messages over named links: which way they take, answers, brokers that go away and come back."""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from edge_host.config_resources import LinkTo
from edge_host.interfaces import messaging
from edge_host.labels import Carrier, Labels
from edge_host.links import Local, bus_for
from edge_host.links_mqtt import MqttLink
from edge_host.links_nats import NatsLink
from edge_host.messages import Bus, Message
from tests.edge_host.bench import Bench
from tests.edge_host.conftest import free_port
from wire.descriptor import Grant
from wire.edge_options import EdgeOptions
from wire.errors import RefusedError
from wire.interfaces import MESSAGING

SECONDS = 20


class Server:
    """A nats-server for NATS and MQTT clients on fixed ports."""

    def __init__(self, folder: Path) -> None:
        self.nats, self.mqtt = free_port(), free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = self._folder / "nats.conf"
        config.write_text(
            f'server_name: link\nlisten: "127.0.0.1:{self.nats}"\njetstream {{ store_dir: "{self._folder}/store" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.mqtt}" }}\n'
        )
        with (self._folder / "nats.log").open("ab") as log:
            program = Path(sys.executable).parent / "nats-server"
            self._process = subprocess.Popen([program, "-c", config], stdout=log, stderr=log)
        for port in (self.nats, self.mqtt):
            _eventually(partial(_listens, port))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _eventually(action: Callable[[], object]) -> None:
    """Do `action` until it gives something true; what it raises means not yet."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if action():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def publish_until_heard(link: Carrier, message: Message, heard: queue.Queue[Message]) -> Message:
    """Publish again and again, for links keep nothing, until the message is heard."""
    found: list[Message] = []

    def attempt() -> bool:
        link.publish(message)
        try:
            found.append(heard.get(timeout=0.2))
        except queue.Empty:
            return False
        return True

    _eventually(attempt)
    return found[0]


@pytest.mark.parametrize("kind", ["nats", "mqtt"])
def test_a_link_carries_messages_and_finds_its_broker_again(kind: str, server: Server) -> None:
    def link(label: str) -> Carrier:
        if kind == "nats":
            return NatsLink(label, LinkTo("nats", "127.0.0.1", server.nats, "site1"))
        return MqttLink(label, LinkTo("mqtt", "127.0.0.1", server.mqtt, "site1"))

    one, other = link("one"), link("other")
    heard: queue.Queue[Message] = queue.Queue()
    end = other.subscribe("alarm.*", heard.put)
    assert publish_until_heard(one, Message("alarm.door", b"open"), heard) == Message("alarm.door", b"open")
    server.stop()
    server.start()
    assert publish_until_heard(one, Message("alarm.door", b"again"), heard).body == b"again"
    end()
    one.close()
    other.close()


def test_nats_carries_answers(server: Server) -> None:
    asking, answering = (NatsLink(name, LinkTo("nats", "127.0.0.1", server.nats)) for name in ("asking", "answering"))
    ready: queue.Queue[Message] = queue.Queue()
    answering.subscribe("ready", ready.put)
    publish_until_heard(asking, Message("ready", b""), ready)

    def answer(message: Message) -> None:
        answering.publish(Message(str(message.reply_to), b"3"))

    answering.subscribe("sum", answer)
    answers: queue.Queue[Message] = queue.Queue()
    subject, end = asking.inbox(answers.put)
    publish_until_heard(asking, Message("ready", b""), ready)  # the server has taken both subscriptions by now
    asking.publish(Message("sum", b"1 2", subject))
    assert answers.get(timeout=SECONDS).body == b"3"
    end()
    asking.close()
    answering.close()


def test_subjects_that_are_bound_go_over_their_link_alone(bench: Bench) -> None:
    link = Local()
    labels = Labels({"plant": link})
    bus = bus_for(bench.bus, labels, EdgeOptions(bindings={"plant": ("plant.>",)}))
    over_bus: list[str] = []
    over_link: list[str] = []
    bench.bus.subscribe(">", lambda message: over_bus.append(message.subject))
    link.subscribe(">", lambda message: over_link.append(message.subject))
    bus.publish(Message("plant.water", b""))
    bus.publish(Message("alarm.door", b""))
    assert (over_bus, over_link) == (["alarm.door"], ["plant.water"])
    heard: list[str] = []
    bus.subscribe("plant.*", lambda message: heard.append(message.subject))
    bus.subscribe("alarm.*", lambda message: heard.append(message.subject))
    bench.bus.publish(Message("plant.x", b""))
    link.publish(Message("plant.y", b""))
    bench.bus.publish(Message("alarm.z", b""))
    assert heard == ["plant.y", "alarm.z"]


def test_an_answer_goes_back_over_the_link_that_the_question_came_from() -> None:
    link, host_bus = Local(), Bus()
    bus = bus_for(host_bus, Labels({"plant": link}), EdgeOptions(bindings={"plant": ("plant.>",)}))

    def answer(message: Message) -> None:
        bus.publish(Message(str(message.reply_to), b"yes"))

    bus.subscribe("plant.ask", answer)
    answers: list[Message] = []
    subject, _ = link.inbox(answers.append)
    link.publish(Message("plant.ask", b"?", subject))
    assert [answer.body for answer in answers] == [b"yes"]


def test_a_link_that_is_away_is_an_error_that_guests_can_handle(bench: Bench) -> None:
    context = bench.context({MESSAGING.full_name: Grant((">",))})
    nowhere = LinkTo("nats", "127.0.0.1", free_port())
    link = NatsLink("plant", nowhere)
    context.bus = bus_for(bench.bus, Labels({"plant": link}), EdgeOptions(bindings={"plant": ("plant.>",)}))
    assert messaging.publish(context, Message("plant.water", b"")) == "unavailable"
    assert messaging.request(context, "plant.water", b"", 100) == "unavailable"
    assert messaging.publish(context, Message("other", b"")) is None
    link.close()
    mqtt = MqttLink("plant", LinkTo("mqtt", "127.0.0.1", free_port()))
    context.bus = bus_for(bench.bus, Labels({"plant": mqtt}), EdgeOptions(bindings={"plant": ("plant.>",)}))
    assert messaging.request(context, "plant.water", b"", 100) == "unavailable"
    mqtt.close()


def test_a_link_that_the_host_does_not_have_is_refused(bench: Bench) -> None:
    with pytest.raises(RefusedError, match=r"no-such-label: plant"):
        bus_for(bench.bus, bench.labels, EdgeOptions(bindings={"plant": ("plant.>",)}))
