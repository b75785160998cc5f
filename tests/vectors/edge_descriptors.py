"""Descriptors that ask for what only edge hosts do: those read them, a board refuses each (formats.md section 5)."""

from typing import Any

from wire.descriptor import Component, Descriptor
from wire.edge_options import EdgeOptions, Mount
from wire.triggers import Calendar, Concurrency, Every, HttpRoute, Missed, SchedulePolicy, Trigger

OPTIONS = {
    "environment": EdgeOptions(environment={"LOG": "info"}),
    "secrets": EdgeOptions(secrets=("mqtt-login",)),
    "mounts": EdgeOptions(mounts=(Mount("data", "/data"), Mount("photos", "/photos", read_only=True))),
    "hosts": EdgeOptions(allowed_hosts=("api.example.org:443", "*.example", "*")),
    "instances": EdgeOptions(pool_size=2, max_invocations=500, max_concurrency=4),
    "bindings": EdgeOptions(bindings={"plant": ("plant.>", "alarm.*")}),
}
TRIGGERS: dict[str, Trigger] = {
    "route": HttpRoute("*", "/api"),
    "interval": Every(1000, SchedulePolicy(jitter=500)),
    "calendar": Calendar("0 * * * *", None, SchedulePolicy(Concurrency.REPLACE, 10_000, 1, Missed.RUN_ONCE)),
    "suspended": Calendar("0 * * * *", "Europe/Berlin", SchedulePolicy(suspended=True)),
}


def make() -> list[dict[str, Any]]:
    """The cases by name, each a descriptor as bytes in hexadecimal digits."""
    parts = {name: Component("control", edge=options) for name, options in OPTIONS.items()}
    parts |= {name: Component("control", triggers=(trigger,)) for name, trigger in TRIGGERS.items()}
    return [
        {"name": name, "bytes": Descriptor("greenhouse", "1.0", (part,)).encode().hex()} for name, part in parts.items()
    ]
