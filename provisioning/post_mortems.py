"""What a stopped component was doing, from its post-mortem and from what was kept when its release was built."""

from functools import lru_cache
from typing import Any

from provisioning import component_symbols
from provisioning.api import Json
from provisioning.component_compiler import Source
from provisioning.errors import ProvisioningError


def place(stop: Json) -> Source | None:
    """Function and source line where a component was stopped; None when its release was not built on this machine."""
    if not stop["release"] or not stop["component"]:
        return None
    return _place(stop["release"], stop["component"], stop["function"], stop["pc"])


@lru_cache(maxsize=256)
def _place(release: str, component: str, function: int | None, pc: int | None) -> Source | None:
    try:
        return component_symbols.explain(bytes.fromhex(release), component, function=function, pc=pc)
    except ProvisioningError:
        return None


def told(stop: Json) -> str:
    """A post-mortem in words: where, then what was used."""
    return ", ".join(part for part in (_where(stop), *_used(stop)) if part)


def _where(stop: Json) -> str:
    name = f"{stop['component']}: " if stop["component"] else ""
    source = place(stop)
    if source is not None and source.name:
        line = f" at {source.file}:{source.line}" if source.file else ""
        return f"{name}in {source.name}{line}"
    numbers = [f"{word} {stop[key]}" for word, key in (("function", "function"), ("pc", "pc")) if stop[key] is not None]
    return f"{name}{' '.join(numbers)}" if numbers else name.removesuffix(": ")


def _used(stop: Json) -> list[str]:
    shown: list[tuple[str, Any, str]] = [
        ("fuel", stop["fuel"], ""),
        ("memory", stop["memory"], " bytes"),
        ("stack", stop["stack"] or None, " bytes"),
    ]
    used = [f"{name} {value:,}{unit}" for name, value, unit in shown if value is not None]
    return [*used, f"up {stop['up'] / 1000:.1f} s"] if stop["up"] is not None else used
