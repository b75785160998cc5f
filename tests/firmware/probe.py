"""The component of `guests/probe`, and descriptors that let it behave in one way or another."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from provisioning import component, component_compiler
from provisioning.checkout import cache as cache_folder
from provisioning.component_compiler import Source
from wire.descriptor import Component, Descriptor, Grant, Limits, Probation
from wire.manifest import Build
from wire.triggers import Every, Trigger

CRATE = Path(__file__).parent / "guests" / "probe"
SMALL = Path(__file__).parents[2] / "examples" / "hello"

GRANTS = {
    "wasi:logging/logging@0.1.0-draft": Grant(),
    "wasi:config/store@0.2.0-rc.1": Grant(),
    "wasi:clocks/monotonic-clock@0.2.0": Grant(),
    "wasi:keyvalue/store@0.2.0-draft": Grant(("notes",)),
    "wasi:gpio/digital@0.2.0": Grant(("loop-in",)),
    "petiole:telemetry/telemetry@0.1.0": Grant(),
}


@cache
def source(*features: str) -> Path:
    """The component, built once a run."""
    path = cache_folder() / "probe" / f"{'-'.join(('probe', *features))}.wasm"
    path.parent.mkdir(parents=True, exist_ok=True)
    component_compiler.componentize(component.build_module(Build(CRATE, features)), path)
    return path


@cache
def code() -> bytes:
    """What boards run of it."""
    return component.compile_for_boards(source())


@cache
def changed_code() -> bytes:
    """The same after a line of its source was changed."""
    return component.compile_for_boards(source("changed"))


def explain(stop: Mapping[str, Any]) -> Source:
    """Where in the probe's source a stop happened."""
    return component_compiler.explain(source(), function=stop["fn"], pc=stop["pc"])


def lines() -> list[str]:
    """The probe's source."""
    return (CRATE / "src" / "lib.rs").read_text().splitlines()


@cache
def profile() -> str:
    """The profile of boards in this checkout."""
    return component_compiler.board_profile()


@cache
def small_code() -> bytes:
    """What boards run of the smallest example: a log line a call, whatever the configuration."""
    path = cache_folder() / "probe" / "small.wasm"
    path.parent.mkdir(parents=True, exist_ok=True)
    component_compiler.componentize(component.build_module(Build(SMALL)), path)
    return component.compile_for_boards(path)


def marked(code: bytes, mark: bytes) -> bytes:
    """Other code that does the same: `mark` stands where nobody looks, before the names of imports at the end."""
    assert code.endswith(b"imports\0")
    names = len(code) - 12 - int.from_bytes(code[-12:-8], "little")
    return code[:names] + mark + code[names:]


def behaving(
    what: str,
    *,
    every: int = 1000,
    limits: Limits | None = None,
    triggers: tuple[Trigger, ...] | None = None,
    name: str = "probe",
    **config: int | str,
) -> Component:
    """A component that does `what` every so many milliseconds; `config` are its numbers."""
    return Component(
        name=name,
        grants=GRANTS,
        limits=limits or Limits(),
        config={"do": what, **{key: str(value) for key, value in config.items()}},
        triggers=(Every(every),) if triggers is None else triggers,
    )


def workload(name: str, *components: Component, version: str = "1", calls: int = 0, seconds: int = 60) -> Descriptor:
    """A release of these components; healthy after `calls` good calls."""
    return Descriptor(name=name, version=version, components=components, probation=Probation(calls, seconds))
