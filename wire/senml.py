"""Sensor measurement lists in CBOR (SenML, RFC 8428) for telemetry (formats.md section 7).

`encode` writes a pack of one record; `decode` reads any pack of the RFC and resolves base values (section 4.6), except
that sums (label 5) and data values (label 8) are left out: measurements of ours are numbers, texts and booleans.
"""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wire import cbor
from wire.errors import MalformedError

BASE_VERSION, BASE_NAME, BASE_TIME, BASE_UNIT, BASE_VALUE, BASE_SUM = -1, -2, -3, -4, -5, -6
NAME, UNIT, VALUE, TEXT, BOOLEAN, SUM, TIME, UPDATE, DATA = range(9)

SUPPORTED_VERSION = 10
RELATIVE_BEFORE = 2**28
"""Times below this many seconds are relative to now (RFC 8428, 4.5.3)."""

_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]*")
_BASE_LABELS = {BASE_VERSION, BASE_NAME, BASE_TIME, BASE_UNIT, BASE_VALUE, BASE_SUM}
_VALUE_LABELS = {VALUE, TEXT, BOOLEAN, DATA, SUM}
_LABEL_NAMES = {"bver": -1, "bn": -2, "bt": -3, "bu": -4, "bv": -5, "bs": -6}


@dataclass(frozen=True)
class Measurement:
    """One value; `time` is Unix time in seconds, `unit` a name of the SenML registry or empty.

    Packs of others may have names that are not `device/workload/name`: then `device` and `workload` are empty.
    """

    device: str
    workload: str
    name: str
    unit: str
    value: float | str | bool
    time: float


def is_name(text: str) -> bool:
    """Whether `text` has only characters that SenML allows in names."""
    return _FULL_NAME.fullmatch(text) is not None


def encode(measurement: Measurement) -> bytes:
    """A pack of one record."""
    m = measurement
    record: dict[int, Any] = {BASE_NAME: f"{m.device}/{m.workload}/", BASE_TIME: m.time, NAME: m.name}
    if m.unit:
        record[UNIT] = m.unit
    if isinstance(m.value, bool):
        record[BOOLEAN] = m.value
    elif isinstance(m.value, str):
        record[TEXT] = m.value
    else:
        record[VALUE] = m.value
    return cbor.encode([record])


def decode(data: bytes, now: float | None = None) -> list[Measurement]:
    """All measurements of a pack, resolved; times relative to now are taken from `now` (default: the clock)."""
    pack = cbor.decode(data, "SenML pack")
    if not isinstance(pack, list):
        raise MalformedError("SenML pack is not an array")
    base: dict[int, Any] = {BASE_NAME: "", BASE_TIME: 0.0, BASE_UNIT: "", BASE_VALUE: 0.0}
    measurements = []
    for at, item in enumerate(pack):
        record = _Record(item, f"SenML record {at}")
        record.update_base(base)
        if (measurement := record.resolve(base, time.time() if now is None else now)) is not None:
            measurements.append(measurement)
    return measurements


class _Record:
    """One map of a pack while it is resolved."""

    def __init__(self, item: Any, where: str) -> None:
        if not isinstance(item, Mapping):
            raise MalformedError(f"{where} is not a map")
        self.where = where
        self.fields = {
            _LABEL_NAMES.get(key, key) if isinstance(key, str) else key: value for key, value in item.items()
        }
        for key in self.fields:
            if isinstance(key, str) and key.endswith("_"):
                raise MalformedError(f"{where} has the label {key!r}, which must be understood and is not")

    def update_base(self, base: dict[int, Any]) -> None:
        """Take over the base values that this record sets for itself and those after it."""
        if (version := self.number(BASE_VERSION, SUPPORTED_VERSION)) > SUPPORTED_VERSION:
            raise MalformedError(f"{self.where} has SenML version {version:g}; understood is up to {SUPPORTED_VERSION}")
        base[BASE_NAME] = self.text(BASE_NAME, base[BASE_NAME])
        base[BASE_UNIT] = self.text(BASE_UNIT, base[BASE_UNIT])
        base[BASE_TIME] = self.number(BASE_TIME, base[BASE_TIME])
        base[BASE_VALUE] = self.number(BASE_VALUE, base[BASE_VALUE])

    def resolve(self, base: dict[int, Any], now: float) -> Measurement | None:
        """The measurement of this record, or None when it has none of a kind that is supported."""
        name = base[BASE_NAME] + self.text(NAME, "")
        present = _VALUE_LABELS & self.fields.keys()
        if not present and self.fields.keys() <= _BASE_LABELS:
            return None
        if not is_name(name):
            raise MalformedError(f"{self.where} has the name {name!r}, which SenML does not allow (RFC 8428, 4.5.1)")
        values = present - {SUM}
        if len(values) > 1:
            raise MalformedError(f"{self.where} has more than one value")
        value = self.value(base[BASE_VALUE])
        if value is None:
            return None
        moment = base[BASE_TIME] + self.number(TIME, 0.0)
        if moment < RELATIVE_BEFORE:
            moment += now
        device, workload, short = _split(name)
        return Measurement(device, workload, short, self.text(UNIT, base[BASE_UNIT]), value, moment)

    def value(self, base: float) -> float | str | bool | None:
        """The number with its base value added, the text or the boolean; None for other kinds."""
        if VALUE in self.fields:
            return base + self.number(VALUE, 0.0)
        if TEXT in self.fields:
            return self.text(TEXT, "")
        if BOOLEAN in self.fields:
            value = self.fields[BOOLEAN]
            if not isinstance(value, bool):
                raise MalformedError(f"{self.where}: label {BOOLEAN} is neither true nor false")
            return value
        return None

    def number(self, label: int, default: float) -> float:
        """The finite number under `label`."""
        value = self.fields.get(label, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MalformedError(f"{self.where}: label {label} is not a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise MalformedError(f"{self.where}: label {label} is not a finite number")
        return number

    def text(self, label: int, default: str) -> str:
        """The text under `label`."""
        value = self.fields.get(label, default)
        if not isinstance(value, str):
            raise MalformedError(f"{self.where}: label {label} is not text")
        return value


def _split(name: str) -> tuple[str, str, str]:
    parts = name.split("/", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and all(parts) else ("", "", name)
