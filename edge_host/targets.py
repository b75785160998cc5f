"""Makes resources of labels that are no hardware of a bus; what each needs is imported when a label needs it."""

from __future__ import annotations

from pathlib import Path

from edge_host.config_resources import BlobsIn, FolderAt, LinkTo, SerialAt, Target, ValuesIn
from edge_host.errors import DeviceError
from edge_host.labels import Carrier, Folder, Resource


def open_target(label: str, target: Target, state: Path) -> Resource:
    """The resource that `target` describes; raises `DeviceError`."""
    try:
        return _open(label, target, state)
    except OSError as error:
        raise DeviceError(label, f"{error.filename or target}: {error.strerror or error}") from None


def _open(label: str, target: Target, state: Path) -> Resource:
    match target:
        case FolderAt(path, read_only):
            if not path.is_dir():
                raise DeviceError(label, f"{path} is not a folder; make it, or correct `path`")
            return Folder(path, read_only)
        case ValuesIn(file):
            from edge_host.key_values import KeyValueFile  # noqa: PLC0415

            return KeyValueFile(None if file is None else state / file)
        case BlobsIn(path, limit):
            from edge_host.blobs import Blobs  # noqa: PLC0415

            return Blobs(path, limit)
        case SerialAt(port):
            if port is None:
                from edge_host.simulated_serial import Loop  # noqa: PLC0415

                return Loop()
            from edge_host.devices.serial import Port  # noqa: PLC0415

            return Port(target)
        case LinkTo():
            return _link(label, target)


def _link(label: str, target: LinkTo) -> Carrier:
    if target.backend == "local":
        from edge_host.links import Local  # noqa: PLC0415

        return Local()
    if target.backend == "mqtt":
        from edge_host.links_mqtt import MqttLink  # noqa: PLC0415

        return MqttLink(label, target)
    from edge_host.links_nats import NatsLink  # noqa: PLC0415

    return NatsLink(label, target)
