"""Guests in this process: grants, limits, stops, and the interfaces they reach."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import wasmtime

from edge_host.errors import StopError
from edge_host.interfaces import OFFERED, gpio, i2c, telemetry
from edge_host.labels import I2cError
from edge_host.simulated import SimulatedBus, SimulatedPin, Tmp105
from edge_host.triggers import RUN
from tests.edge_host import components
from tests.edge_host.bench import Bench
from wire.descriptor import Grant, Limits
from wire.errors import RefusedError
from wire.interfaces import GPIO, I2C, IMPORTS
from wire.refusals import Refusal


def test_this_host_offers_what_the_contract_lists() -> None:
    assert sorted(OFFERED) == sorted(interface.full_name for interface in IMPORTS)


def test_a_guest_reads_a_sensor_through_its_label_and_gives_all_handles_back(bench: Bench) -> None:
    guest = bench.guest(components.thermometer(), limits=Limits(handles=1))
    for _ in range(5):
        assert guest.handle(RUN) is None
    assert bench.sink.measured == [("t", "", 23.5 * 256)] * 5
    assert guest.fuel_used > 0


def test_lines_and_errors_of_a_guest(bench: Bench) -> None:
    assert bench.guest(components.logger("hello")).handle(RUN) is None
    assert bench.sink.lines == [("info", "", "hello")]
    assert bench.guest(components.failing("no sensor")).handle(RUN) == "no sensor"


@pytest.mark.parametrize(
    ("wasm", "grants", "name"),
    [
        (components.sender, {}, "petiole:telemetry/telemetry@0.1.0"),
        (components.thermometer, {"petiole:telemetry/telemetry@0.1.0": Grant()}, "petiole:i2c/buses@0.1.0"),
        (components.logger, {"wasi:logging/logging@0.2.0": Grant()}, "wasi:logging/logging@0.1.0-draft"),
    ],
)
def test_an_import_without_a_grant_is_refused_by_name(
    wasm: Callable[[], bytes], grants: dict[str, Grant], name: str, bench: Bench
) -> None:
    with pytest.raises(RefusedError) as error:
        bench.guest(wasm(), grants)
    assert error.value.name is Refusal.NOT_GRANTED
    assert error.value.detail.startswith(f"{name}: ")


def test_a_granted_import_that_the_host_lacks_is_refused_by_name(bench: Bench) -> None:
    wasm = wasmtime.wat2wasm('(component (import "wasi:cli/unheard-of@0.2.0" (instance)))')
    with pytest.raises(RefusedError) as error:
        bench.guest(bytes(wasm), {"wasi:cli/unheard-of@0.2.0": Grant()})
    assert error.value.name is Refusal.INCOMPATIBLE
    assert error.value.detail.startswith("wasi:cli/unheard-of@0.2.0: ")


@pytest.mark.parametrize(
    "text",
    [
        "(component)",
        '(component (instance $h) (export "petiole:schedule/handler@0.1.0" (instance $h)))',
        '(component (import "petiole:telemetry/telemetry@0.1.0" (instance (export "send" (func (param "n" u8))))))',
    ],
)
def test_another_shape_than_the_contract_is_incompatible(text: str, bench: Bench) -> None:
    with pytest.raises(RefusedError) as error:
        bench.guest(bytes(wasmtime.wat2wasm(text)))
    assert error.value.name is Refusal.INCOMPATIBLE


def test_a_trap_tells_its_cause_and_place(bench: Bench) -> None:
    guest = bench.guest(components.trapping(1))
    assert guest.handle(RUN) is None
    with pytest.raises(StopError) as stop:
        guest.handle(RUN)
    assert str(stop.value) == "trap: unreachable"
    assert "wasm function" in stop.value.backtrace
    with pytest.raises(StopError):
        guest.handle(RUN)


def test_fuel_stops_a_guest_that_does_not_return(bench: Bench) -> None:
    guest = bench.guest(components.spinning(), limits=Limits(fuel_per_call=50_000))
    with pytest.raises(StopError) as stop:
        guest.handle(RUN)
    assert str(stop.value) == "fuel: more than 50000 in one call"
    assert guest.fuel_used >= 50_000


def test_the_clock_stops_a_guest_that_fuel_does_not(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_host.engine.CALL_SECONDS", 0.1)
    guest = bench.guest(components.spinning(), limits=Limits(fuel_per_call=1 << 60))
    with pytest.raises(StopError) as stop:
        guest.handle(RUN)
    assert str(stop.value) == "fuel: the call took too long by the clock"


def test_memory_over_the_limit_is_refused(bench: Bench) -> None:
    with pytest.raises(RefusedError) as error:
        bench.guest(components.idle(), limits=Limits(memory=65_535))
    assert error.value.name is Refusal.OVER_LIMIT
    assert "65535" in error.value.detail


def test_host_call_bytes_are_limited_for_each_call(bench: Bench) -> None:
    guest = bench.guest(components.logger("12345678"), limits=Limits(host_call_bytes=8))
    assert guest.handle(RUN) is None
    assert guest.handle(RUN) is None
    with pytest.raises(StopError, match=r"^host-call-bytes: more than 7 in one call$"):
        bench.guest(components.logger("12345678"), limits=Limits(host_call_bytes=7)).handle(RUN)


def test_handles_are_limited(bench: Bench) -> None:
    with pytest.raises(StopError, match=r"^handles: more than 0 open$"):
        bench.guest(components.thermometer(), limits=Limits(handles=0)).handle(RUN)


def test_a_mistake_of_the_host_stops_one_guest_and_names_the_function(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    guest = bench.guest(components.logger())
    monkeypatch.setattr(bench.sink, "log", broken)
    with pytest.raises(StopError, match=r"^error: host function log failed: KeyboardInterrupt\(\)$"):
        guest.handle(RUN)
    assert bench.guest(components.idle()).handle(RUN) is None


def test_a_rate_is_told_once_and_the_guest_goes_on(bench: Bench) -> None:
    guest = bench.guest(components.logger(), limits=Limits(messages_per_second=3))
    for _ in range(10):
        assert guest.handle(RUN) is None
    assert len(bench.sink.lines) == 3
    assert bench.sink.limits == [("messages-per-second", 3)]


@pytest.mark.parametrize(
    ("name", "unit", "value", "answer"),
    [
        ("temperature", "Cel", 21.5, None),
        ("", "Cel", 21.5, telemetry.INVALID),
        ("temp erature", "Cel", 21.5, telemetry.INVALID),
        ("t" * 33, "", 1.0, telemetry.INVALID),
        ("t", "u" * 33, 1.0, telemetry.INVALID),
        ("t", "", float("nan"), telemetry.INVALID),
        ("t", "", float("inf"), telemetry.INVALID),
        ("on", "", True, None),
        ("word", "", "open", None),
    ],
)
def test_measurements_are_checked(
    name: str, unit: str, value: float | str | bool, answer: str | None, bench: Bench
) -> None:
    assert telemetry.send(bench.context(), name, unit, value) == answer
    assert bench.sink.measured == ([] if answer else [(name, unit, value)])


def test_telemetry_has_a_budget_and_a_full_outbox_is_told(bench: Bench) -> None:
    context = bench.context(limits=Limits(telemetry_bytes_per_hour=70))
    assert [telemetry.send(context, "t", "C", 1.0) for _ in range(3)] == [None, None, telemetry.RATE_LIMITED]
    assert bench.sink.limits == [("telemetry-bytes-per-hour", 70)]
    bench.sink.full = True
    assert telemetry.send(bench.context(), "t", "C", 1.0) == telemetry.FULL


def test_labels_open_what_is_granted_and_nothing_else(bench: Bench) -> None:
    grants = {I2C.full_name: Grant(("i2c-env", "led", "nowhere")), GPIO.full_name: Grant(("led", "i2c-env"))}
    context = bench.context(grants)
    assert isinstance(i2c.open_bus(context, "i2c-env"), SimulatedBus)
    assert i2c.open_bus(context, "led") == i2c.open_bus(context, "nowhere") == i2c.NO_SUCH_LABEL
    assert i2c.open_bus(context, "secret") == i2c.NOT_GRANTED
    assert isinstance(gpio.open_pin(context, "led"), SimulatedPin)
    assert gpio.open_pin(context, "i2c-env") == "no-such-label: i2c-env"
    assert gpio.open_pin(context, "secret") == "not-granted: secret"


def test_a_sensor_model_answers_as_the_chip_does(bench: Bench) -> None:
    sensor = Tmp105(bench.world)
    sensor.write(b"\x00")
    assert sensor.read(2) == b"\x17\x80"
    sensor.write(b"\x01\x60")
    sensor.write(b"\x00")
    assert sensor.read(2) == b"\x17\xc0"
    bench.world.write_text("-0.0625")
    assert sensor.read(2) == b"\xff\xf0"
    bench.world.write_text("nonsense")
    assert sensor.read(2) == b"\xff\xf0"
    sensor.write(b"\x03\x12\x34")
    assert sensor.read(3) == b"\x12\x34\xff"


def test_a_bus_runs_transactions_and_tells_errors_as_the_standard_does(bench: Bench) -> None:
    context = bench.context()
    bus = SimulatedBus({0x48: Tmp105(bench.world)})
    assert i2c.transaction(context, bus, 0x48, [b"\x02", 2, b"\x03", 1]) == [b"\x4b\x00", b"\x50"]
    error = i2c.transaction(context, bus, 0x49, [1])
    assert isinstance(error, I2cError)
    assert i2c.error_value(error).tag == "no-acknowledge"
    assert i2c.error_value(error).payload == "address"
    huge = i2c.transaction(context, bus, 0x48, [1 << 40])
    assert isinstance(huge, I2cError)
    assert huge.code == "other"


def test_a_stop_tells_how_much_memory_and_fuel_were_used(bench: Bench) -> None:
    guest = bench.guest(
        components.component("(drop (memory.grow (i32.const 2))) (drop (memory.grow (i32.const 9))) unreachable"),
        limits=Limits(memory=4 * 65_536),
    )
    with pytest.raises(StopError) as stop:
        guest.handle(RUN)
    assert stop.value.memory == 3 * 65_536
    assert stop.value.fuel > 0
