"""Emulated sensors: what they sense is set through QMP while the firmware runs."""

from hil.errors import RigError
from hil.qmp import Qmp
from provisioning.boards import Board, Sensor

TMP105 = Sensor(path="/machine/peripheral/t0", property="temperature", unit="Cel", scale=1000)
"""QEMU's TMP105 as our boards place it: the property holds thousandths of a degree Celsius."""


def sensor(board: Board, label: str) -> Sensor:
    """The sensor behind a label of an emulated board. Raises RigError when there is none."""
    sensors = board.emulator.sensors if board.emulator else {}
    if label not in sensors:
        raise RigError(
            f"there is no emulated sensor behind label {label!r}",
            where=board.name,
            next_step=f"labels with sensors: {', '.join(sensors) or 'none'}",
        )
    return sensors[label]


def set_value(qmp: Qmp, target: Sensor, value: float) -> None:
    """Let the sensor sense `value`, in the sensor's unit."""
    qmp.set(target.path, target.property, round(value * target.scale))


def get_value(qmp: Qmp, target: Sensor) -> float:
    """What the sensor senses, in its unit."""
    return float(qmp.get(target.path, target.property)) / target.scale
