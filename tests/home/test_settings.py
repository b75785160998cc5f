"""Settings are data: what is read is documented, what is documented is on the page."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import edge_host
from edge_host.config_sections import SECTIONS
from edge_host.errors import ConfigError
from edge_host.settings import Choice, Flag, Integer, Number, Section, Tables, Text, Texts, TextTable
from edge_host.toml_table import Table
from tools import agent_page

LIMIT = Integer("limit", "how many", 5, least=1, most=9)
SHARE = Number("share", "which part", optional=True, most=1.0)
WORD = Text("word", "what")
KIND = Choice("kind", "which", "a", choices=("a", "b"))
ON = Flag("on", "whether")
LIST = Texts("list", "several", ())
MAP = TextTable("map", "several", optional=True)
INNER = Section("thing.inner", "inside", (WORD,), array=True)
MANY = Tables("inner", "inside", optional=True, section=INNER)
THING = Section("thing", "a thing", (LIMIT, SHARE, WORD, KIND, ON, LIST, MAP, MANY))


def table(**values: object) -> Table:
    return Table(Path("agent.toml"), "", {"thing": values}).section(THING)


def test_the_page_shows_every_key_of_the_code_as_it_is() -> None:
    assert agent_page.main(["--check"]) == 0, "run python -m tools.agent_page"


def test_every_section_of_the_code_is_on_the_page() -> None:
    assert _sections_of_code(Path(edge_host.__file__).parent) == set(SECTIONS), "add it to edge_host/config_sections.py"


def _sections_of_code(root: Path) -> set[Section]:
    found: set[Section] = set()
    for file in root.rglob("*.py"):
        if re.search(r"^[A-Z_0-9]+ = Section\(", file.read_text(), re.M):
            module = importlib.import_module(".".join(("edge_host", *file.relative_to(root).with_suffix("").parts)))
            found |= {value for value in vars(module).values() if isinstance(value, Section)}
    return found


def test_values_come_in_their_types_with_their_defaults() -> None:
    things = table(word="x", share=0.5, list=["y"], map={"a": "b"}, inner=[{"word": "z"}])
    assert (things.get(LIMIT), things.find(SHARE), things.get(WORD), things.get(KIND)) == (5, 0.5, "x", "a")
    assert (things.get(ON), things.get(LIST), things.find(MAP)) == (False, ("y",), {"a": "b"})
    assert [entry.get(WORD) for entry in things.sections(MANY)] == ["z"]
    things.close()
    assert table().find(SHARE) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "thing.word: missing"),
        ({"word": ""}, "thing.word: must be a non-empty text"),
        ({"word": "x", "limit": 10}, "thing.limit: must be a whole number from 1 to 9"),
        ({"word": "x", "limit": True}, "thing.limit: must be a whole number"),
        ({"word": "x", "share": 2}, "thing.share: must be a number from 0 to 1"),
        ({"word": "x", "kind": "c"}, "thing.kind: 'c' is not one of a, b"),
        ({"word": "x", "on": 1}, "thing.on: must be true or false"),
        ({"word": "x", "list": "y"}, "thing.list: must be a list"),
        ({"word": "x", "map": {"a": 1}}, "thing.map: must be a table of texts"),
        ({"word": "x", "inner": {}}, "thing.inner: must be an array of tables"),
        ({"word": "x", "lmit": 1}, "thing.lmit: unknown key, did you mean 'limit'?"),
    ],
)
def test_mistakes_are_named(values: dict[str, object], said: str) -> None:
    things = table(**values)
    with pytest.raises(ConfigError, match=re.escape(said)):
        _read_all(things)


def _read_all(things: Table) -> None:
    _ = (things.get(WORD), things.get(LIMIT), things.find(SHARE), things.get(KIND))
    _ = (things.get(ON), things.get(LIST), things.find(MAP))
    things.sections(MANY)
    things.close()


def test_a_key_that_no_section_documents_cannot_be_read() -> None:
    with pytest.raises(LookupError, match="add it to its section"):
        table(word="x").get(Text("other", "what"))
