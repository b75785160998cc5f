"""The hardware of a Linux machine under labels: one module a kernel interface, imported when a label needs it."""

from __future__ import annotations

from importlib import import_module

from edge_host.config_labels import GpioLine, I2cAdapter, Linux, SpiSelect
from edge_host.errors import DeviceError
from edge_host.labels import Resource

_MODULES = {I2cAdapter: "i2c", SpiSelect: "spi", GpioLine: "gpio"}


def open_device(label: str, device: Linux) -> Resource:
    """The resource that `device` describes; raises `DeviceError`."""
    module = _MODULES.get(type(device), "pwm")
    try:
        resource: Resource = import_module(f"edge_host.devices.{module}").open_device(device)
    except ImportError as error:
        raise DeviceError(label, f"{error.name} is missing: pip install 'petiole[devices]'") from None
    except OSError as error:
        name = error.filename or device
        raise DeviceError(
            label, f"{name}: {error.strerror or error}; is it there, and may this user ({_groups()}) use it?"
        ) from None
    return resource


def _groups() -> str:
    import grp  # noqa: PLC0415
    import os  # noqa: PLC0415

    names = [grp.getgrgid(group).gr_name for group in os.getgroups()]
    return f"in groups {', '.join(sorted(names))}"
