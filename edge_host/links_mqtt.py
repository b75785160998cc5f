"""A link to another MQTT broker: subjects `a.b.c` are topics `a/b/c` there, QoS 0, connected again by itself.

MQTT 3.1.1 has no place for the subject of an answer, so requests cannot be made over such a link.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_host.config_resources import LinkTo
from edge_host.labels import Carrier
from edge_host.messages import Message
from wire.subjects import fits, is_subject

log = logging.getLogger(__name__)
MOST_BYTES = 65_536
"""A larger message of the broker is left out."""


class MqttLink(Carrier):
    """Connects when it is used first."""

    def __init__(self, label: str, target: LinkTo) -> None:
        self._label = label
        self._target = target
        self._lock = threading.Lock()
        self._subscriptions: list[tuple[str, Callable[[Message], None]]] = []
        self._client: paho.Client | None = None

    def subscribe(self, pattern: str, deliver: Callable[[Message], None]) -> Callable[[], None]:
        """See `Carrier.subscribe`."""
        entry = (pattern, deliver)
        with self._lock:
            self._subscriptions.append(entry)
        client = self._connected()
        if client.is_connected():
            client.subscribe(self._topic(pattern))

        def end() -> None:
            with self._lock:
                self._subscriptions.remove(entry)
                unused = all(other != pattern for other, _ in self._subscriptions)
            if unused:
                client.unsubscribe(self._topic(pattern))

        return end

    def publish(self, message: Message) -> int:
        """See `Carrier.publish`."""
        client = self._connected()
        if message.reply_to is not None:
            raise OSError("MQTT carries no answers")
        if not client.is_connected():
            raise ConnectionError(f"{self._label} is not connected")
        client.publish(self._topic(message.subject), message.body)
        return 0

    def inbox(self, deliver: Callable[[Message], None]) -> tuple[str, Callable[[], None]]:
        """See `Carrier.inbox`: MQTT has none."""
        raise OSError("MQTT carries no answers")

    def close(self) -> None:
        """See `Carrier.close`."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    def _connected(self) -> paho.Client:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> paho.Client:
        target = self._target
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        if target.tls:
            context = ssl.create_default_context(cafile=target.ca)
            if target.certificate is not None:
                context.load_cert_chain(target.certificate, target.key)
            client.tls_set_context(context)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.reconnect_delay_set(1, 30)
        client.connect_async(target.host, target.port)
        client.loop_start()
        return client

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        log.info("link %s: %s", self._label, reason)
        with self._lock:
            patterns = {pattern for pattern, _ in self._subscriptions}
        for pattern in patterns:
            client.subscribe(self._topic(pattern))

    def _on_message(self, _client: paho.Client, _data: Any, received: paho.MQTTMessage) -> None:
        topic = received.topic
        if not topic.startswith(self._prefix) or len(received.payload) > MOST_BYTES:
            return
        subject = topic.removeprefix(self._prefix).replace("/", ".")
        if not is_subject(subject):
            return
        with self._lock:
            takers = [deliver for pattern, deliver in self._subscriptions if fits(pattern, subject)]
        for deliver in takers:
            deliver(Message(subject, bytes(received.payload)))

    @property
    def _prefix(self) -> str:
        return f"{self._target.prefix.strip('/')}/" if self._target.prefix else ""

    def _topic(self, subject: str) -> str:
        tokens = [{"*": "+", ">": "#"}.get(token, token) for token in subject.split(".")]
        return self._prefix + "/".join(tokens)
