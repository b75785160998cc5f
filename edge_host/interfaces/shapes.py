"""The types of everything between guest and host, as text: compared before a guest is linked.

Wasmtime takes any Python function for any import and would find a difference at the first call only. `shapes.txt` has
one line for each function of ``wit/`` (a test keeps them equal): interface, function and its type, where named types
are spelled out and a resource stands by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import wasmtime
from wasmtime import component as types
from wasmtime.component import ComponentInstanceType, FuncType, ResourceType, ValType

RESOURCE = "resource"
_PLAIN = {
    types.Bool: "bool",
    types.String: "string",
    types.Char: "char",
    **{
        getattr(types, name): name.lower()
        for name in ("U8", "U16", "U32", "U64", "S8", "S16", "S32", "S64", "F32", "F64")
    },
}


@cache
def expected() -> Mapping[str, Mapping[str, str]]:
    """The type of each function by interface and name, as hosts of ours know them."""
    shapes: dict[str, dict[str, str]] = {}
    for line in Path(__file__).with_name("shapes.txt").read_text(encoding="utf-8").splitlines():
        interface, function, shape = line.split(" ", 2)
        shapes.setdefault(interface, {})[function] = shape
    return shapes


def of_instance(engine: wasmtime.Engine, instance: object) -> dict[str, str]:
    """The types of the functions of an imported or exported interface by name; of each resource `RESOURCE`."""
    if not isinstance(instance, ComponentInstanceType):
        return {"": "not an interface"}
    exports = instance.exports(engine)
    resources = [(name, kind) for name, kind in exports.items() if isinstance(kind, ResourceType)]
    shapes = {name: RESOURCE for name, _ in resources}
    for name, kind in exports.items():
        if isinstance(kind, FuncType):
            shapes[name] = _function(kind, resources)
        elif not isinstance(kind, ValType | ResourceType):
            shapes[name] = type(kind).__name__
    return shapes


def difference(interface: str, given: Mapping[str, str]) -> str | None:
    """How what a component expects of `interface` differs from what this host knows; None when it fits."""
    known = expected().get(interface, {})
    for name, shape in given.items():
        if name not in known:
            return f"it has no {name or 'functions'}"
        if shape != known[name]:
            return f"{name} is {known[name]} and not {shape}"
    return None


def _function(kind: FuncType, resources: Sequence[tuple[str, ResourceType]]) -> str:
    parameters = ", ".join(f"{name}: {_text(parameter, resources)}" for name, parameter in kind.params)
    result = kind.result
    return f"func({parameters})" + (f" -> {_text(result, resources)}" if result is not None else "")


def _text(kind: ValType, resources: Sequence[tuple[str, ResourceType]]) -> str:
    def inner(part: ValType | None) -> str:
        return "_" if part is None else _text(part, resources)

    match kind:
        case types.ListType():
            return f"list<{inner(kind.element)}>"
        case types.OptionType():
            return f"option<{inner(kind.payload)}>"
        case types.ResultType():
            return f"result<{inner(kind.ok)}, {inner(kind.err)}>"
        case types.TupleType():
            return f"tuple<{', '.join(map(inner, kind.elements))}>"
        case types.RecordType():
            return f"record {{ {', '.join(f'{name}: {inner(field)}' for name, field in kind.fields)} }}"
        case types.VariantType():
            cases = [name if payload is None else f"{name}({inner(payload)})" for name, payload in kind.cases]
            return f"variant {{ {', '.join(cases)} }}"
        case types.EnumType():
            return f"enum {{ {', '.join(kind.names)} }}"
        case types.FlagsType():
            return f"flags {{ {', '.join(kind.names)} }}"
        case types.OwnType() | types.BorrowType():
            name = next((name for name, resource in resources if resource == kind.ty), "another resource")
            return name if isinstance(kind, types.OwnType) else f"borrow<{name}>"
    return _PLAIN.get(type(kind), type(kind).__name__)
