"""Turns what pydantic and tomllib say about a TOML file into lines that name the place and the likely cure."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\-\" ]+?)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(r"\s*([A-Za-z0-9_\-.\"]+)\s*=")


def syntax_error(error: Exception) -> tuple[str]:
    """What is wrong with a file that is no TOML; tomllib's text ends with line and column."""
    return (f"is not TOML: {error}",)


def nearest(word: str, known: Iterable[str]) -> str:
    """`, did you mean "x"?` for the known word most like this one, else nothing."""
    found = difflib.get_close_matches(word, list(known), 1)
    return f', did you mean "{found[0]}"?' if found else ""


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """Line (from 1) where the key at `path` is set, or its table begins; None if it is not in the file."""
    wanted = ".".join(str(part) for part in path if isinstance(part, str))
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            table = header[1].replace('"', "").replace(" ", "")
            if table == wanted:
                return number
        elif key := KEY.match(line):
            name = key[1].replace('"', "")
            if (f"{table}.{name}" if table else name) == wanted:
                return number
    return line_of(text, path[:-1]) if len(path) > 1 else None


def fields_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Names of the keys that the table at `path` may hold."""
    for part in path:
        field = model.model_fields.get(str(part))
        found = [kind for kind in _types(field.annotation) if issubclass(kind, BaseModel)] if field else []
        if not found:
            return []
        model = found[0]
    return list(model.model_fields)


def describe(error: ValidationError, text: str, model: type[BaseModel]) -> list[str]:
    """One line for each mistake: `line 7: flash.erase: ...`."""
    lines = []
    for item in error.errors():
        path = item["loc"]
        name = ".".join(str(part) for part in path)
        number = line_of(text, path)
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = f"unknown key{nearest(str(path[-1]), fields_at(model, path[:-1]))}"
        elif item["type"] == "missing":
            message = "is missing"
        place = f"line {number}: " if number else ""
        lines.append(f"{place}{name}: {message}" if name else f"{place}{message}")
    return lines


def _types(annotation: Any) -> list[type[Any]]:
    parts = getattr(annotation, "__args__", None)
    if parts is None:
        return [annotation] if isinstance(annotation, type) else []
    return [kind for part in parts for kind in _types(part)]
