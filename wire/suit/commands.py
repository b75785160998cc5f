"""SUIT command sequences (draft-ietf-suit-manifest-37 section 8.4): the few conditions and directives of ours.

A sequence is an array of command and argument in turns. `run` follows the current component and the parameters that are
set for each component, as a processor does, and notes what is done with each; conditions are judged by the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from wire import cbor
from wire.errors import MalformedError, RefusedError
from wire.refusals import Refusal


class Condition(IntEnum):
    """Conditions that are understood."""

    VENDOR = 1
    CLASS = 2
    IMAGE_MATCH = 3


class Directive(IntEnum):
    """Directives that are understood."""

    SET_COMPONENT_INDEX = 12
    WRITE = 18
    OVERRIDE_PARAMETERS = 20
    FETCH = 21
    INVOKE = 23


class Parameter(IntEnum):
    """Parameters that are understood."""

    VENDOR = 1
    CLASS = 2
    IMAGE_DIGEST = 3
    IMAGE_SIZE = 14
    CONTENT = 18
    URI = 21


REPORT = 15
"""Reporting policy: record success, failure and system information of either."""

_PARAMETER_TYPES: dict[int, type] = {
    Parameter.VENDOR: bytes,
    Parameter.CLASS: bytes,
    Parameter.IMAGE_DIGEST: bytes,
    Parameter.IMAGE_SIZE: int,
    Parameter.CONTENT: bytes,
    Parameter.URI: str,
}


@dataclass
class ComponentState:
    """What the sequences say of one component: its parameters, and the commands that were met, in order."""

    parameters: dict[int, Any] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)


def run(sequence: bytes, components: Sequence[ComponentState], where: str) -> None:
    """Follow one sequence through `components`; RefusedError (unsupported) for other commands and parameters."""
    items = cbor.decode_strict(sequence, where)
    if not isinstance(items, list) or len(items) % 2:
        raise MalformedError(f"{where} is not an array of commands with their arguments")
    current = components[0]
    for command, argument in zip(items[::2], items[1::2], strict=True):
        if type(command) is not int:
            raise MalformedError(f"{where} has a command that is not a number")
        if command == Directive.SET_COMPONENT_INDEX:
            current = _component(argument, components, where)
        elif command == Directive.OVERRIDE_PARAMETERS:
            current.parameters.update(_parameters(argument, where))
        elif command in _ACTIONS:
            if type(argument) is not int or not 0 <= argument <= REPORT:
                raise MalformedError(f"{where}: the reporting policy of command {command} is not 0 to {REPORT}")
            current.done.append(command)
        else:
            raise RefusedError(Refusal.UNSUPPORTED, f"{where} has the command {command}")


_ACTIONS = {*Condition, Directive.WRITE, Directive.FETCH, Directive.INVOKE}


def _component(index: Any, components: Sequence[ComponentState], where: str) -> ComponentState:
    if type(index) is not int:
        raise RefusedError(Refusal.UNSUPPORTED, f"{where} sets a component index that is not a number")
    if not 0 <= index < len(components):
        raise MalformedError(f"{where} sets the component index {index} of {len(components)} components")
    return components[index]


def _parameters(argument: Any, where: str) -> dict[int, Any]:
    parameters = cbor.numbered(argument, f"{where}: argument of override-parameters")
    for key, value in parameters.items():
        if key not in _PARAMETER_TYPES:
            raise RefusedError(Refusal.UNSUPPORTED, f"{where} sets the parameter {key!r}")
        if type(value) is not _PARAMETER_TYPES[key]:
            raise MalformedError(f"{where}: parameter {key} is not of type {_PARAMETER_TYPES[key].__name__}")
    return parameters
