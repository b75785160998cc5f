"""Writes the test vectors that Python and Rust share: `python -m tests.vectors.make`. The output is tracked.

Byte strings are hex. `envelopes.json`: what a board with `anchors`, of class `class`, says of an envelope when the last
accepted sequence number of its workload is `last_sequence` (with the manifest digest `last_digest`); `edge` is what an
edge host says where it differs. `rotations.json`: what a device with `anchors` says of a rotation after the one
numbered `last`. `cron.json`: when calendar expressions come due in UTC after `from` (Unix seconds), by the package
`cronsim`. `descriptor.json`, `smp.json`, `senml.json`: both directions, and input to be refused.
`edge_descriptors.json`: what boards refuse.
"""

import json
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from cronsim import CronSim

from tests.vectors import deltas, edge_descriptors, envelopes, p256, rotations
from wire import cose, profiles, senml, smp, suit
from wire.descriptor import Component, Descriptor, Grant, Limits, Probation
from wire.refusals import Refusal
from wire.senml import Measurement
from wire.triggers import AtStart, Calendar, EdgeKind, Every, InputEdge, MessageFilter, Service

FOLDER = Path(__file__).parent

FROM = datetime(2027, 12, 30, 22, 58, 30, tzinfo=UTC)
EXPRESSIONS = (
    "* * * * *",
    "*/5 * * * *",
    "7-59/13 */6 * * *",
    "0 0 29 2 *",
    "0 12 1,15 * 1",
    "30 6 * * 1-5",
    "0 0 * * 7",
    "59 23 31 12 *",
    "*/20 * * * * *",
    "5 0 4 1-3/2 */2 *",
)
NO_EXPRESSIONS = [
    *(
        "",
        "* * * *",
        "* * * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
    ),
    *(
        "5-1 * * * *",
        "1- * * * *",
        "-1 * * * *",
        "1,,2 * * * *",
        "a * * * *",
        "* * * jan *",
        "*  * * * *",
        "1/ * * * *",
    ),
]


def make() -> dict[str, Any]:
    """The content of each file, by its name."""
    return {
        "envelopes.json": _envelopes(),
        "descriptor.json": _descriptors(),
        "edge_descriptors.json": edge_descriptors.make(),
        "deltas.json": deltas.make(),
        "rotations.json": rotations.make(),
        "smp.json": _smp(),
        "senml.json": _senml(),
        "cron.json": {"due": [_due(expression) for expression in EXPRESSIONS], "refused": NO_EXPRESSIONS},
        "refusals.json": {refusal.label: int(refusal) for refusal in Refusal},
        "profiles.json": {
            "vendor": profiles.VENDOR_ID.hex,
            "classes": {text: profiles.class_id(text).hex for text in (profiles.EDGE_PROFILE, envelopes.PROFILE)},
        },
    }


def text(content: Any) -> str:
    """A file's text."""
    return json.dumps(content, indent=1) + "\n"


def _envelopes() -> dict[str, Any]:
    manifest = envelopes.manifest()
    return {
        "seed": envelopes.SEED.hex(),
        "anchors": [cose.public_key(envelopes.SEED).hex(), p256.POINT.hex()],
        "kid": cose.kid(cose.public_key(envelopes.SEED)).hex(),
        "profile": envelopes.PROFILE,
        "class": profiles.class_id(envelopes.PROFILE).hex,
        "payload": envelopes.PAYLOAD.hex(),
        "manifest": {
            "digest": suit.manifest_digest(manifest).hex(),
            "bytes": manifest.hex(),
            "sequence": envelopes.SEQUENCE,
            "name": envelopes.RELEASE.name,
            "version": envelopes.RELEASE.version,
        },
        "cases": list(envelopes.cases()),
    }


def _descriptors() -> list[dict[str, Any]]:
    full = Component(
        "control",
        {"wasi:gpio/digital@0.2.0": Grant(("led", "relay-1")), "petiole:telemetry/telemetry@0.1.0": Grant()},
        Limits(500_000, 131_072, 8_192, 1_024, 1_000_000, 2, 5, 4_096, 512),
        {"greeting": "grüß dich", "empty": ""},
        (
            Every(250),
            Calendar("*/5 * * * *"),
            Calendar("0 30 8-18/2 * * 1,3,5", "Europe/Berlin"),
            InputEdge("button", EdgeKind.FALLING),
            MessageFilter("alarm.*.>"),
            AtStart(),
        ),
    )
    service = Component(
        "service",
        {
            "wasi:keyvalue/store@0.2.0-draft": Grant(("state", "b")),
            "wasmcloud:messaging/consumer@0.2.0": Grant(("Control.*", "greenhouse.>")),
            "farm:units/convert@1.0.0": Grant(("control",)),
        },
        triggers=(Service(),),
    )
    return [
        _descriptor("smallest", Descriptor("a", "0", (Component("a"),))),
        _descriptor("envelopes", envelopes.RELEASE),
        _descriptor(
            "everything", Descriptor("control", "2026.11-rc.1", (full, service, Component("b")), Probation(1, 3_600))
        ),
    ]


def _descriptor(name: str, descriptor: Descriptor) -> dict[str, Any]:
    components = [
        {
            "name": component.name,
            "grants": {key: list(grant.labels or ()) for key, grant in component.grants.items()},
            "limits": list(vars(component.limits).values()),
            "config": component.config,
            "triggers": [trigger.array() for trigger in component.triggers],
        }
        for component in descriptor.components
    ]
    return {
        "name": name,
        "bytes": descriptor.encode().hex(),
        "workload": descriptor.name,
        "version": descriptor.version,
        "components": components,
        "probation": [descriptor.probation.calls, descriptor.probation.seconds],
    }


def _due(expression: str) -> dict[str, Any]:
    times = [int(time.timestamp()) for time in islice(CronSim(expression, FROM), 4)]
    return {"expression": expression, "from": int(FROM.timestamp()), "next": times}


def _smp() -> dict[str, Any]:
    messages = [
        ("echo", smp.Message(smp.Op.WRITE, smp.Group.OS, smp.Os.ECHO, 66, {"d": "hello"})),
        ("echo, version 1", smp.Message(smp.Op.WRITE, smp.Group.OS, smp.Os.ECHO, 1, {"d": "hello"}, version=0)),
        ("facts", smp.Message(smp.Op.READ, smp.Group.PETIOLE, smp.Petiole.FACTS, 255, {})),
        (
            "payload block",
            smp.Message(
                smp.Op.WRITE, smp.Group.PETIOLE, smp.Petiole.PAYLOAD, 7, {"off": 4096, "data": bytes(range(256)) * 4}
            ),
        ),
        (
            "error",
            smp.Message(
                smp.Op.WRITE_ANSWER,
                smp.Group.PETIOLE,
                smp.Petiole.ENVELOPE,
                9,
                {"err": {"group": 64, "rc": int(Refusal.BAD_SIGNATURE)}, "rsn": "bad-signature"},
            ),
        ),
    ]
    good = smp.encode_frames(messages[0][1].encode())
    return {
        "crc16": {"input": b"123456789".hex(), "crc": 0x31C3},
        "messages": [
            {
                "name": name,
                "message": message.encode().hex(),
                "frames": smp.encode_frames(message.encode()).hex(),
            }
            for name, message in messages
        ],
        "noise": [
            {"name": "log lines around", "input": (b"boot\r\n" + good + b"[info] up\n").hex(), "messages": 1},
            {"name": "log text before on the same line", "input": (b"panicked at " + good).hex(), "messages": 1},
            {"name": "begun twice", "input": (good[:9] + b"\n" + good).hex(), "messages": 1},
            {"name": "wrong checksum", "input": good.replace(b"A", b"B", 1).hex(), "messages": 0},
            {"name": "continuation alone", "input": (b"\x04\x14" + good[2:]).hex(), "messages": 0},
            {"name": "not base64", "input": b"\x06\x09!!!!\n".hex(), "messages": 0},
            {"name": "length too large", "input": b"\x06\x09//8AAAAA\n".hex(), "messages": 0},
        ],
    }


def _senml() -> list[dict[str, Any]]:
    values: tuple[Any, ...] = (21.5, -40.0, 0.1, "door open", True)
    return [
        {
            "bytes": senml.encode(
                Measurement("an505-1", "thermometer", "temperature", "Cel", value, 1_763_724_000.25)
            ).hex(),
            "value": value,
        }
        for value in values
    ]


if __name__ == "__main__":
    for name, content in make().items():
        (FOLDER / name).write_text(text(content))
