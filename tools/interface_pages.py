"""Makes the reference page of each interface, docs/reference/interfaces/NAME.md, from its conformance guest's source.

`python -m tools.interface_pages` writes them; `--check` fails when one is not as it would be written.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUESTS = ROOT / "examples" / "conformance"
PAGES = ROOT / "docs" / "reference" / "interfaces"
EDGE_ONLY = "on edge hosts only"
CHECK = re.compile(r"((?:^ {4}/// .*\n)+)^ {4}fn (\w+)\(\) -> bool \{$", re.MULTILINE)
ABOUT = re.compile(r"\A((?://!.*\n)+)")


@dataclass(frozen=True)
class Check:
    """A named check and what it makes sure of."""

    name: str
    promise: str


@dataclass(frozen=True)
class Page:
    """What a guest's source says about its interface."""

    name: str
    title: str
    about: str
    checks: tuple[Check, ...]

    @property
    def is_edge_only(self) -> bool:
        """Whether boards do not have the interface."""
        return EDGE_ONLY in f"{self.title} {self.about}".replace("\n", " ")

    def text(self) -> str:
        """The page in Markdown."""
        where = (
            ["keeps to on the edge host (`tests/examples`). Boards do not have the interface."]
            if self.is_edge_only
            else [
                "keeps to, unchanged on both emulated boards (`tests/conformance`) and on the edge host",
                "(`tests/examples`).",
            ]
        )
        return "\n".join(
            [
                f"# {self.title.replace('`', '')}",
                "",
                *([self.about, ""] if self.about else []),
                f"The guest [`{self.name}`](../../../examples/conformance/{self.name}/src/lib.rs) checks what a host",
                *where,
                "",
                "| Check | Makes sure of |",
                "|---|---|",
                *(f"| `{check.name}` | {check.promise} |" for check in self.checks),
                "",
            ]
        )


def pages() -> Iterator[Page]:
    """The pages of all conformance guests, by name."""
    for source in sorted(GUESTS.glob("*/src/lib.rs")):
        page = read(source.parents[1].name, source.read_text())
        if page.checks:
            yield page


def read(name: str, source: str) -> Page:
    """The page of one guest from its source: its first comment, and the comments of its checks."""
    comment = ABOUT.match(source)
    lines = [line[3:].strip() for line in comment[1].splitlines()] if comment else []
    title, _, about = "\n".join(lines).partition("\n\n")
    checks = tuple(
        Check(found[2], " ".join(line.strip().removeprefix("/// ") for line in found[1].splitlines()))
        for found in CHECK.finditer(source)
    )
    return Page(name, title.replace("\n", " ").removesuffix("."), about, checks)


def files() -> dict[str, str]:
    """Every page by the name of its file, and a list of them."""
    found = list(pages())
    rows = (
        f"| [{page.name}]({page.name}.md) | {page.title} | {'edge hosts' if page.is_edge_only else 'all'} "
        f"| {len(page.checks)} |"
        for page in found
    )
    index = [
        "# Interfaces",
        "",
        "What guests may import and export, with the checks that every host passes. Their types are in `wit/`.",
        "`wasi:io/poll`, `wasi:gpio/types` and `wasmcloud:messaging/types` reach nothing alone: no grant is needed.",
        "On edge hosts this is so, too, for what programs import whether or not they use it: `wasi:cli`, `wasi:io`,",
        "`wasi:filesystem` (a component sees the folders that it mounts), `wasi:random/insecure` and `insecure-seed`,",
        "`wasi:http/types`, and `wasi:sockets`, which is always `access-denied`. A component built against a later",
        "patch of a release (`wasi:cli@0.2.6`) is taken for the one listed here (`0.2.0`).",
        "",
        "| Page | Interface | Hosts | Checks |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    return {"README.md": "\n".join(index)} | {f"{page.name}.md": page.text() for page in found}


def stale() -> list[str]:
    """Names of pages that are not as they would be written, or should not be there."""
    wanted = files()
    there = {path.name: path.read_text() for path in PAGES.glob("*.md")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or check them with `--check`; the exit code."""
    if "--check" in arguments:
        for name in (names := stale()):
            print(f"{PAGES / name} is not what its guest says: run python -m tools.interface_pages", file=sys.stderr)
        return 1 if names else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (PAGES / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
