"""One connection to the broker (paho, MQTT 3.1.1), kept up by itself; callbacks run on its own network thread."""

import contextlib
import logging
import random
import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from fleet.settings import BrokerAddress, ClientTls
from wire import topics

QOS = 1
KEEP_ALIVE_S = 15
RECONNECT_AFTER_S = (1, 3)
RECONNECT_AT_MOST_S = (4, 8)

SUBSCRIPTIONS = [
    (topics.subscription("+", "+", kind), QOS)
    for kind in (
        *(topics.REPORTED, topics.TELEMETRY, topics.EVENT, topics.COMMAND_REPLY, topics.MESSAGE),
        f"{topics.BLOCK}/+/get",
    )
]

log = logging.getLogger(__name__)


class Connection:
    """Receives what devices send, and publishes to them. Attempts to connect are spread by lot."""

    def __init__(
        self, address: BrokerAddress, receive: Callable[[str, bytes], None], tls: ClientTls | None = None
    ) -> None:
        self._address = address
        self._receive = receive
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"fleet-{secrets.token_hex(6)}", protocol=paho.MQTTv311
        )
        if address.tls:
            context = ssl.create_default_context(cafile=None if tls is None else str(tls.ca))
            if tls is not None:
                context.load_cert_chain(tls.certificate, tls.key)
            self._client.tls_set_context(context)
        shortest, longest = random.randint(*RECONNECT_AFTER_S), random.randint(*RECONNECT_AT_MOST_S)  # noqa: S311
        self._client.reconnect_delay_set(shortest, longest)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_socket_open = lambda _client, _data, sock: _send_at_once(sock)
        self._unreachable_logged = False
        self._was_up = threading.Event()

    @property
    def is_up(self) -> bool:
        """Whether the broker took the connection."""
        return bool(self._client.is_connected())

    def start(self) -> None:
        """Begins to connect, and keeps at it."""
        self._client.connect_async(self._address.host, self._address.port, keepalive=KEEP_ALIVE_S)
        self._client.loop_start()

    def wait_until_up(self, timeout_s: float) -> bool:
        """Waits for the first connection; False when there was none in that time."""
        return self._was_up.wait(timeout_s)

    def stop(self) -> None:
        """Says goodbye to the broker. Between two attempts to connect there is nobody to wait for."""
        up = self.is_up
        self._client.disconnect()
        if up:
            self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hands a message to the broker; False when it is not connected, then the message is gone."""
        return self.is_up and self._client.publish(topic, payload, qos=QOS).rc == paho.MQTT_ERR_SUCCESS

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            log.error("broker %s refuses the fleet: %s", self._address, reason)
            return
        self._unreachable_logged = False
        log.info("connected to broker %s", self._address)
        client.subscribe(SUBSCRIPTIONS)

    def _on_subscribe(
        self, client: paho.Client, _data: Any, _id: int, codes: list[ReasonCode], _properties: Any
    ) -> None:
        """nats-server can refuse a subscription that meets a change of its configuration: then all is begun anew."""
        if any(code.is_failure for code in codes):
            log.warning("broker %s did not take every subscription; connecting again", self._address)
            if isinstance(connection := client.socket(), socket.socket):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            return
        self._was_up.set()

    def _on_connect_fail(self, _client: paho.Client, _data: Any) -> None:
        if not self._unreachable_logged:
            log.warning("broker %s cannot be reached; trying again until it can", self._address)
        self._unreachable_logged = True

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            log.warning("connection to broker %s was lost (%s); connecting again", self._address, reason)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            self._receive(message.topic, bytes(message.payload))
        except UnicodeDecodeError:
            log.warning("a message with a topic that is not text was left out")


def _send_at_once(sock: Any) -> None:
    """A block goes out right behind the acknowledgement of its request, without waiting for the broker's."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
