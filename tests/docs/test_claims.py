"""Each line of `docs/reference/*-claims.md` names what shows it: tests and commands that there are.

A row's last column has them in backticks: `tests/PATH.py::NAME` and `firmware/PATH.rs::NAME`, one test; a path, all of
its tests; `make TARGET` and `python -m MODULE`, what measures it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "reference").glob("*-claims.md"))
RULE = re.compile(r"\|[\s:|-]+\|")
SPAN = re.compile(r"`([^`]+)`")
RUST_TEST = re.compile(r"#\[[\w:]*test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)")
TARGET = re.compile(r"^([\w-]+):", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    place: str
    claim: str
    shown_by: tuple[str, ...]


def rows(page: Path) -> Iterator[Row]:
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        is_head = number < len(lines) and RULE.fullmatch(lines[number].strip()) is not None
        if not line.startswith("|") or RULE.fullmatch(line.strip()) or is_head:
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        yield Row(f"{page.name}:{number}", cells[0], tuple(SPAN.findall(cells[-1])))


@cache
def names_in(file: Path) -> frozenset[str]:
    text = file.read_text()
    if file.suffix == ".rs":
        return frozenset(RUST_TEST.findall(text))
    found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in found if node.name.startswith("test_"))


def missing(reference: str) -> str | None:
    """What is wrong with a reference, or None."""
    match reference.split():
        case ["make", target, *_]:
            targets = TARGET.findall((ROOT / "Makefile").read_text())
            return None if target in targets else f"the Makefile has no {target}"
        case ["python", "-m", module, *_]:
            place = ROOT.joinpath(*module.split("."))
            return None if place.with_suffix(".py").is_file() or (place / "__main__.py").is_file() else f"no {module}"
        case [_]:
            path, _, name = reference.partition("::")
            file = ROOT / path
            if not file.exists():
                return f"there is no {path}"
            if name and name.partition("[")[0].rpartition("::")[2] not in names_in(file):
                return f"{path} has no test {name}"
            return None if file.is_dir() or names_in(file) else f"{path} has no tests"
    return f"{reference} is neither a test nor a command"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_shows_each_claim_is_there(page: Path) -> None:
    found = list(rows(page))
    assert found
    problems = [f"{row.place}: nothing shows {row.claim!r}" for row in found if not row.shown_by]
    problems += [
        f"{row.place}: {problem}" for row in found for name in row.shown_by if (problem := missing(name)) is not None
    ]
    assert not problems, "\n".join(problems)


def test_a_claim_is_not_shown_by_what_is_not_there() -> None:
    assert missing("tests/docs/test_claims.py::test_what_shows_each_claim_is_there") is None
    assert missing("make test") is None
    assert missing("python -m bench.wear") is None
    for wrong in (
        "tests/docs/test_claims.py::test_nothing",
        "tests/nowhere.py",
        "make nothing",
        "python -m bench.none",
    ):
        assert missing(wrong), wrong
    assert missing("some words")
