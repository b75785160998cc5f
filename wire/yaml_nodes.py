"""YAML read with places: every error names file and line, unknown fields come with a suggestion.

Only `wire.manifest` uses this; nothing that the agent imports does.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NoReturn, TypeVar

import yaml

from wire.errors import MalformedError

MAX_BYTES = 262_144

Given = TypeVar("Given")
Made = TypeVar("Made")


class Node:
    """One value in a YAML file, with its line, and `where` it is, for example `spec.template`."""

    def __init__(self, file: Path, node: yaml.Node, where: str) -> None:
        self._file = file
        self._node = node
        self.where = where

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self._file}:{self._node.start_mark.line + 1}"

    def fail(self, message: str) -> NoReturn:
        """Raise MalformedError with file and line before `message`."""
        raise MalformedError(f"{self.place}: {message}")

    def checked(self, make: Callable[[Given], Made], value: Given) -> Made:
        """What `make` makes of `value`; its MalformedError gets file and line."""
        try:
            return make(value)
        except MalformedError as error:
            self.fail(str(error))

    def text(self) -> str:
        """The value, which is text."""
        if not isinstance(self._node, yaml.ScalarNode):
            self.fail(f"{self.where} is not text")
        if self._node.tag != "tag:yaml.org,2002:str":
            self.fail(f'{self.where} is not text: write it in quotes, "{self._node.value}"')
        return str(self._node.value)

    def number(self) -> int:
        """The value, which is a whole number from 0, without quotes."""
        value = self._node.value if isinstance(self._node, yaml.ScalarNode) else ""
        if self._node.tag != "tag:yaml.org,2002:int" or not re.fullmatch(r"0|[1-9][0-9]{0,8}", value):
            self.fail(f"{self.where} is not a whole number from 0 to 999999999, without quotes")
        return int(value)

    def flag(self) -> bool:
        """The value, which is true or false, without quotes."""
        value = self._node.value if isinstance(self._node, yaml.ScalarNode) else ""
        if self._node.tag != "tag:yaml.org,2002:bool" or value not in ("true", "false"):
            self.fail(f"{self.where} is neither true nor false, without quotes")
        return value == "true"

    def items(self) -> "list[Node]":
        """The items of the list."""
        if not isinstance(self._node, yaml.SequenceNode):
            self.fail(f"{self.where} is not a list")
        return [Node(self._file, node, f"{self.where}[{at}]") for at, node in enumerate(self._node.value)]

    def mapping(self) -> "dict[str, Node]":
        """The values by key, in the order of the file."""
        if not isinstance(self._node, yaml.MappingNode):
            self.fail(f"{self.where or 'the file'} is not a map of fields")
        result: dict[str, Node] = {}
        for key_node, value_node in self._node.value:
            at_key = Node(self._file, key_node, "a key of " + (self.where or "the file"))
            key = at_key.text()
            if key in result:
                at_key.fail(f"{key!r} is there twice")
            result[key] = Node(self._file, value_node, f"{self.where}.{key}".removeprefix("."))
        return result

    def texts(self) -> dict[str, str]:
        """The texts of the map."""
        return {key: value.text() for key, value in self.mapping().items()}

    def fields(
        self, required: Collection[str], optional: Collection[str] = (), unsupported: Mapping[str, str] | None = None
    ) -> "dict[str, Node]":
        """The values of a map with known keys.

        `unsupported` ones are fields of wasmCloud with what to do instead: their error says so.
        """
        unsupported = unsupported or {}
        result = self.mapping()
        known = [*required, *optional]
        for key, value in result.items():
            if key in unsupported:
                value.fail(f"{value.where} is a field of wasmCloud that Petiole does not support: {unsupported[key]}")
            if key not in known:
                value.fail(f"unknown field {value.where}{suggestion(key, known)}")
        for key in required:
            if key not in result:
                self.fail(f"{f'{self.where}.{key}'.removeprefix('.')} is missing")
        return result

    @staticmethod
    def only(values: "Mapping[str, Node]", known: Iterable[str]) -> None:
        """Fail at the first of `values` that is not `known`."""
        for key, node in values.items():
            if key not in known:
                node.fail(f"unknown field {node.where}{suggestion(key, list(known))}")


def words(text: str) -> tuple[str, ...]:
    """The words of a comma separated list."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def suggestion(word: str, known: Collection[str]) -> str:
    """A half sentence with what was probably meant, or with all that is known."""
    if close := difflib.get_close_matches(word, known, n=1):
        return f": did you mean {close[0]!r}?"
    return f": known here are {', '.join(sorted(known))}" if known else ""


def load(path: Path) -> Node:
    """The root of a YAML file; MalformedError when it cannot be read or is no YAML."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MalformedError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise MalformedError(f"{path} has {len(data)} bytes; a workload file has at most {MAX_BYTES}")
    try:
        node = yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MalformedError(f"{path}:{line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise MalformedError(f"{path} is not YAML: {error}") from error
    if node is None:
        raise MalformedError(f"{path} is empty")
    return Node(path, node, "")
