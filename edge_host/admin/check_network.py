"""Doctor: the broker, step by step (name, TCP, TLS, MQTT), and how long the certificate lasts."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

from edge_host.admin.findings import BAD, OK, WARN, Finding
from edge_host.config import Config, Mqtt

SECONDS = 10.0
DAYS_LEFT = 30
DAY = 86_400


def certificate(config: Config, now: float | None = None) -> Iterator[Finding]:
    """Whether certificate and key belong together, and the certificate is valid."""
    mqtt = config.mqtt
    if mqtt is None or not mqtt.tls or mqtt.certificate is None:
        return
    again = (
        f"enroll again, which keeps the key: petiole device enroll {config.device} --site {config.site} --edge FOLDER"
    )
    try:
        ssl.create_default_context().load_cert_chain(mqtt.certificate, mqtt.key)
        # There is no public way to the dates of a file's certificate in the standard library.
        fields: dict[str, Any] = ssl._ssl._test_decode_cert(str(mqtt.certificate))  # type: ignore[attr-defined]
        begins, ends = (ssl.cert_time_to_seconds(fields[name]) for name in ("notBefore", "notAfter"))
    except (OSError, ValueError) as error:
        yield Finding("certificate", BAD, f"{mqtt.certificate} does not work with {mqtt.key}: {error}", again)
        return
    now = time.time() if now is None else now
    if now < begins:
        message = f"{mqtt.certificate} is valid only from {fields['notBefore']} on"
        yield Finding("certificate", BAD, message, "set the clock of this machine")
    elif now > ends:
        yield Finding("certificate", BAD, f"{mqtt.certificate} has expired on {fields['notAfter']}", again)
    elif ends - now < DAYS_LEFT * DAY:
        left = int((ends - now) // DAY)
        yield Finding("certificate", WARN, f"{mqtt.certificate} expires in {left} days", again)
    else:
        yield Finding("certificate", OK, f"{mqtt.certificate} is valid until {fields['notAfter']}")


def broker(config: Config) -> Iterator[Finding]:
    """Whether the broker lets this device in."""
    mqtt = config.mqtt
    if mqtt is None:
        yield Finding("broker", OK, "no broker is configured: this machine works alone")
        return
    where = f"{mqtt.host}:{mqtt.port}"
    try:
        with socket.create_connection((mqtt.host, mqtt.port), SECONDS) as line:
            if mqtt.tls:
                _context(mqtt).wrap_socket(line, server_hostname=mqtt.host).close()
    except socket.gaierror as error:
        advice = "correct mqtt.url, or look at /etc/resolv.conf"
        yield Finding("broker", BAD, f"the name {mqtt.host} is not known: {error.strerror}", advice)
        return
    except ssl.SSLCertVerificationError as error:
        advice = f"is {mqtt.ca} the authority of this broker, is the clock right, and is {mqtt.host} its name?"
        yield Finding("broker", BAD, f"{where} is not trusted: {error.verify_message}", advice)
        return
    except ssl.SSLError as error:
        advice = "does the broker speak TLS there (mqtts), and does it know this device?"
        yield Finding("broker", BAD, f"{where} does not agree on TLS: {error.reason or error}", advice)
        return
    except OSError as error:
        advice = "does the broker run, and does a firewall let the port through?"
        yield Finding("broker", BAD, f"{where} cannot be reached: {error.strerror or error}", advice)
        return
    problem = _connect(config, mqtt)
    if problem:
        yield Finding("broker", BAD, f"{where} does not let this device in: {problem}", "is this device enrolled?")
    else:
        yield Finding("broker", OK, f"{where} lets this device in")


def _context(mqtt: Mqtt) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(mqtt.ca))
    context.load_cert_chain(str(mqtt.certificate), str(mqtt.key))
    return context


def _connect(config: Config, mqtt: Mqtt) -> str | None:
    """What the broker says to CONNECT, under a client id of its own, so that a running agent stays connected."""
    import paho.mqtt.client as paho  # noqa: PLC0415
    from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

    name = f"petiole-{config.site}-{config.device}-doctor"
    client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=True, protocol=paho.MQTTv311)
    said: list[str] = []
    client.on_connect = lambda _client, _data, _flags, reason, _properties: said.append(
        str(reason) if reason.is_failure else ""
    )
    if mqtt.tls:
        client.tls_set(str(mqtt.ca), str(mqtt.certificate), str(mqtt.key))
    deadline = time.monotonic() + SECONDS
    try:
        client.connect(mqtt.host, mqtt.port)
        while not said and time.monotonic() < deadline:
            if client.loop(timeout=0.2) != paho.MQTT_ERR_SUCCESS and not said:
                return "it closes the connection"
    except (OSError, ValueError) as error:
        return str(error)
    finally:
        with contextlib.suppress(OSError):
            client.disconnect()
    return (said[0] or None) if said else f"no answer within {SECONDS:.0f} s"
