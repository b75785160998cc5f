"""Writes the keys of the agent's configuration into docs/reference/agent.md, from `edge_host.config_sections`.

`python -m tools.agent_page` writes them; `--check` fails when the page is not as it would be written.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_host.config_sections import SECTIONS
from edge_host.settings import Key, Section, Tables

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "agent.md"
BEGIN = "<!-- keys: written by `python -m tools.agent_page` -->"
END = "<!-- end of keys -->"


def keys(sections: Iterable[Section] = SECTIONS) -> str:
    """The part of the page between the two marks."""
    return "\n".join(line for section in sections for line in _section(section))


def page(text: str, sections: Iterable[Section] = SECTIONS) -> str:
    """The page with its keys as they are now; raises ValueError when a mark is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{keys(sections)}\n{END}{after}"


def _section(section: Section) -> Iterator[str]:
    yield f"### `{section.heading}`" + (f" of {section.when}" if section.when else "")
    yield section.about
    yield ""
    yield "| Key | Meaning | Default |"
    yield "|---|---|---|"
    for key in section.keys:
        yield f"| `{key.name}` | {_meaning(key)} | {_default(key)} |"
    yield ""


def _meaning(key: Key[Any]) -> str:
    values = f" ({key.range()})" if key.range() else ""
    return (key.doc + values).replace("|", "\\|")


def _default(key: Key[Any]) -> str:
    if key.shown:
        return key.shown
    if key.default is None:
        return "" if key.optional or isinstance(key, Tables) else "required"
    if isinstance(key.default, bool):
        return f"`{str(key.default).lower()}`"
    if key.default == ():
        return "none"
    return f"`{key.default}`"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or compare it with `--check`."""
    old = PAGE.read_text(encoding="utf-8")
    new = page(old)
    if "--check" in arguments:
        if old != new:
            print(f"{PAGE.name} is out of date: run python -m tools.agent_page", file=sys.stderr)
        return int(old != new)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
