"""The MQTT connection to the site's broker: paho driven by the event loop, without a thread of its own.

Every connection is a fresh client, so that nothing stale is sent again: what must arrive lies in the outbox. A lost
connection is made again after a pause that doubles up to a minute, with jitter, so that a thousand agents do not come
back in the same instant.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any

from edge_host.config import Mqtt
from edge_host.lean import lot
from edge_host.postponed import postpone

postpone("urllib.request")  # paho needs it for proxies alone, and it brings http and email along

import paho.mqtt.client as paho  # noqa: E402
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode  # noqa: E402

log = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 30
HOUSEKEEPING_SECONDS = 10.0
CONNECT_SECONDS = 10.0
READY_SECONDS = 20.0
"""A broker on a slow disk takes its time for each subscription."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
SHORT_SECONDS = 5.0
"""A connection that lasts less was probably ended by a second client with the same identity."""

KICKS = 3
MOST_IN_FLIGHT = 32 * 1024
"""Bytes that the broker has not taken: half a minute of the slowest line (9.6 kbit/s), and no limit to a fast one."""

TAKING_SECONDS = 120.0
"""A broker that takes no message in this time may have no room, or forgot us."""


class Uplink:
    """One connection, kept up for as long as `run` runs. All methods belong to the event loop's thread."""

    def __init__(
        self,
        mqtt: Mqtt,
        client_id: str,
        subscriptions: Sequence[str],
        *,
        on_message: Callable[[str, bytes], None],
        on_connected: Callable[[], None],
        on_kicked: Callable[[], None],
        on_ready: Callable[[], None],
    ) -> None:
        """`on_kicked`: the broker ends one new connection after the other, as it does to two clients of one name.

        `on_ready`: it is `ready` again, after it was not.
        """
        self._mqtt = mqtt
        self._client_id = client_id
        self._subscriptions = [(topic, 1) for topic in subscriptions]
        self._on_message = on_message
        self._on_connected = on_connected
        self._on_kicked = on_kicked
        self._on_ready = on_ready
        self._in_flight: dict[int, int] = {}
        self._taken_at = 0.0
        self._client: paho.Client | None = None
        self._loop = asyncio.get_running_loop()
        self._lost = asyncio.Event()
        self._refusal = ""
        self.connected = asyncio.Event()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand a message over with QoS 1; False when there is no connection."""
        if self._client is None or not self.connected.is_set():
            return False
        sent = self._client.publish(topic, payload, qos=1)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        if not self._in_flight:
            self._taken_at = self._loop.time()
        self._in_flight[sent.mid] = len(payload)
        return True

    def ready(self) -> bool:
        """Whether so little is on its way to the broker that more makes sense."""
        return sum(self._in_flight.values()) < MOST_IN_FLIGHT

    async def run(self) -> None:
        """Keep the connection up until cancelled."""
        pause = FIRST_PAUSE
        told = ""
        short = 0
        while True:
            begun = self._loop.time()
            try:
                await self._connection()
                told = ""
                short = short + 1 if self._loop.time() - begun < SHORT_SECONDS else 0
                pause = pause if short else FIRST_PAUSE
                if short == KICKS:
                    self._on_kicked()
                log.warning("lost the connection to the broker %s:%d", self._mqtt.host, self._mqtt.port)
            except (OSError, ValueError) as error:
                if str(error) != told:
                    told = str(error)
                    log.warning(
                        "no connection to the broker %s:%d: %s; trying on", self._mqtt.host, self._mqtt.port, error
                    )
            await asyncio.sleep(pause * (1 + lot()) / 2)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connection(self) -> None:
        self._lost.clear()
        self._in_flight.clear()
        self._refusal = "the broker refused the connection; is this device enrolled?"
        client = self._new_client()
        try:
            await asyncio.to_thread(client.connect, self._mqtt.host, self._mqtt.port, KEEPALIVE_SECONDS)
            deadline = self._loop.time() + READY_SECONDS
            while not self._lost.is_set():
                try:
                    async with asyncio.timeout(HOUSEKEEPING_SECONDS):
                        await self._lost.wait()
                except TimeoutError:
                    client.loop_misc()
                if not self.connected.is_set() and self._loop.time() > deadline:
                    raise TimeoutError("the broker does not answer")
                if self._in_flight and self._loop.time() > self._taken_at + TAKING_SECONDS:
                    raise TimeoutError("the broker takes no messages any more")
            if not self.connected.is_set():
                raise ConnectionRefusedError(self._refusal)
        finally:
            self.connected.clear()
            self._client = None
            client.on_disconnect = None
            client.disconnect()
            client.loop_write()
            self._close(client)

    def _close(self, client: paho.Client) -> None:
        sock = client.socket()
        if sock is not None:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            sock.close()

    def _new_client(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, self._client_id, clean_session=True, protocol=paho.MQTTv311)
        client.connect_timeout = CONNECT_SECONDS
        if self._mqtt.tls:
            client.tls_set(
                ca_certs=str(self._mqtt.ca), certfile=str(self._mqtt.certificate), keyfile=str(self._mqtt.key)
            )
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        client.on_publish = self._published
        client.on_socket_open = lambda _client, _data, sock: self._soon(self._watch, client, sock)
        client.on_socket_close = lambda _client, _data, sock: self._forget(sock)
        client.on_socket_register_write = lambda _client, _data, sock: self._soon(self._want_write, client, sock)
        client.on_socket_unregister_write = lambda _client, _data, sock: self._soon(self._written, sock)
        return client

    def _soon(self, function: Callable[..., None], *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    def _watch(self, client: paho.Client, sock: Any) -> None:
        if sock.fileno() >= 0:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a request goes out behind an acknowledgement
            self._loop.add_reader(sock, self._readable, client, sock)

    def _want_write(self, client: paho.Client, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock, client.loop_write)

    def _written(self, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock)

    def _forget(self, sock: Any) -> None:
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)

    def _readable(self, client: paho.Client, sock: Any) -> None:
        client.loop_read()
        while sock.fileno() >= 0 and self._mqtt.tls and sock.pending():
            client.loop_read()

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._lost.set()
            return
        client.subscribe(self._subscriptions)

    def _subscribed(self, client: paho.Client, _data: Any, _id: int, codes: list[Any], _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._refusal = "the broker did not take every subscription"
            self._lost.set()
            return
        log.info("connected to the broker %s:%d as %s", self._mqtt.host, self._mqtt.port, self._client_id)
        self._client = client
        self.connected.set()
        self._loop.call_soon(self._on_connected)

    def _disconnected(self, *_: Any) -> None:
        self._lost.set()

    def _published(self, _client: paho.Client, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        was_ready, self._taken_at = self.ready(), self._loop.time()
        self._in_flight.pop(mid, None)
        if not was_ready:
            self._loop.call_soon(self._on_ready)

    def _received(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._loop.call_soon(self._on_message, message.topic, bytes(message.payload))
