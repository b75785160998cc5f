"""Reads the WIT of this repository for the types of its functions, apart from the code under test.

`python -m tests.edge_host.wit_shapes` writes them to `edge_host/interfaces/shapes.txt`.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHAPES = ROOT / "edge_host/interfaces/shapes.txt"
_TOKEN = re.compile(r"%?[A-Za-z][A-Za-z0-9-]*|->|[{}()<>:;,=._]|\d+\.\d+\.\d+(?:-[a-z0-9]+(?:\.[a-z0-9]+)*)?|[@/]")


class _Reader:
    """One WIT file; the types of others that it uses are looked up in `known`."""

    def __init__(self, text: str, known: dict[str, dict[str, str]]) -> None:
        self._tokens: list[str] = _TOKEN.findall(re.sub(r"//[^\n]*", "", text))
        self._known = known
        self.shapes: dict[str, dict[str, str]] = {}

    def _take(self, expected: str | None = None) -> str:
        token = self._tokens.pop(0).removeprefix("%")
        assert expected in (None, token), (expected, token, self._tokens[:8])
        return token

    def _name(self, ends: tuple[str, ...]) -> str:
        name = ""
        while self._tokens[0] not in ends:
            name += self._take()
        return name

    def read(self) -> None:
        self._take("package")
        package, _, version = self._name((";",)).partition("@")
        self._take(";")
        while self._tokens:
            self._take("interface")
            name = self._take()
            self._interface(package, f"{package}/{name}@{version}", version)

    def _interface(self, package: str, full: str, version: str) -> None:
        types = self._types = self._known.setdefault(full, {})
        shapes = self.shapes[full] = {}
        self._take("{")
        while self._tokens[0] != "}":
            word = self._take()
            if word == "use":
                source, _, used = self._name((".",)).partition("@")
                source = source if "/" in source else f"{package}/{source}"
                self._take(".")
                self._take("{")
                self._used(types, shapes, f"{source}@{used or version}")
                self._take(";")
            elif word == "type":
                name = self._take()
                self._take("=")
                types[name] = self._type()
                if shapes.get(types[name]) == "resource":
                    shapes[name] = "resource"
                self._take(";")
            elif word in ("record", "variant", "enum", "flags"):
                name = self._take()
                types[name] = self._members(word)
            elif word == "resource":
                name = self._take()
                types[name] = name
                shapes[name] = "resource"
                if self._take() == "{":
                    self._resource(name, shapes)
            else:
                self._take(":")
                shapes[word] = self._function("")
        self._take("}")

    def _used(self, types: dict[str, str], shapes: dict[str, str], source: str) -> None:
        """The names between the braces of a `use`."""
        while self._tokens[0] != "}":
            item = self._take()
            name = self._take() if self._tokens[0] == "as" and self._take() else item
            of = self._known.get(source, {}).get(item, item)
            types[name] = name if of == item else of
            if of == item:
                shapes[name] = "resource"
            if self._tokens[0] == ",":
                self._take()
        self._take("}")

    def _resource(self, name: str, shapes: dict[str, str]) -> None:
        while self._tokens[0] != "}":
            method = self._take()
            if method == "constructor":
                shapes[f"[constructor]{name}"] = self._parameters([]) + f" -> {name}"
                self._take(";")
                continue
            self._take(":")
            if self._tokens[0] == "static":
                self._take()
                shapes[f"[static]{name}.{method}"] = self._function("")
            else:
                shapes[f"[method]{name}.{method}"] = self._function(f"self: borrow<{name}>")
        self._take("}")

    def _function(self, first: str) -> str:
        self._take("func")
        shape = self._parameters([first] if first else [])
        if self._tokens[0] == "->":
            self._take()
            shape += f" -> {self._type()}"
        self._take(";")
        return shape

    def _parameters(self, parameters: list[str]) -> str:
        self._take("(")
        while self._tokens[0] != ")":
            name = self._take()
            self._take(":")
            parameters.append(f"{name}: {self._type()}")
            if self._tokens[0] == ",":
                self._take()
        self._take(")")
        return f"func({', '.join(parameters)})"

    def _type(self) -> str:
        word = self._take()
        if self._tokens[0] == "<":
            self._take()
            parts = [self._type()]
            while self._take() == ",":
                parts.append(self._type())
            if word == "result" and len(parts) == 1:
                parts.append("_")
            return f"{word}<{', '.join(parts)}>"
        return "result<_, _>" if word == "result" else self._types.get(word, word)

    def _members(self, kind: str) -> str:
        self._take("{")
        members = []
        while self._tokens[0] != "}":
            member = self._take()
            if self._tokens[0] == ":":
                self._take()
                member += f": {self._type()}"
            elif self._tokens[0] == "(":
                self._take()
                member += f"({self._type()})"
                self._take(")")
            members.append(member)
            if self._tokens[0] == ",":
                self._take()
        self._take("}")
        return f"{kind} {{ {', '.join(members)} }}"


def shapes() -> str:
    """One line for each function of `wit/deps`."""
    known: dict[str, dict[str, str]] = {}
    found: dict[str, dict[str, str]] = {}
    folders = sorted((ROOT / "wit/deps").glob("*/*.wit"), key=lambda file: (file.parent.name != "io", file))
    for file in folders:
        for _ in range(2):  # a type may stand after its use
            reader = _Reader(file.read_text(encoding="utf-8"), known)
            reader.read()
        found |= reader.shapes
    lines = [f"{interface} {name} {shape}" for interface in sorted(found) for name, shape in found[interface].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    SHAPES.write_text(shapes(), encoding="utf-8")
