"""Links within the documentation lead somewhere: to a file of the repository, and to a heading where they name one."""

import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
LINKS = {"a": "href", "img": "src"}


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


@cache
def tokens(page: Path) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    return [token for block in parsed for token in (block, *(block.children or ()))]


def links(page: Path) -> list[str]:
    given = (token.attrs.get(LINKS[token.tag]) for token in tokens(page) if token.tag in LINKS)
    return [str(link) for link in given if link is not None]


@cache
def anchors(page: Path) -> set[str]:
    """What may stand behind `#`: the headings as GitHub names them, those that occur again with a number."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    all_tokens = tokens(page)
    for place, token in enumerate(all_tokens):
        if token.type == "heading_open":
            text = "".join(part.content for part in all_tokens[place + 1].children or ())
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return found


def broken(page: Path, root: Path = ROOT) -> list[str]:
    wrong = []
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.is_relative_to(root) or not target.exists():
            wrong.append(f"{link}: there is no such file")
        elif parts.fragment and target.suffix == ".md" and parts.fragment not in anchors(target):
            wrong.append(f"{link}: there is no such heading")
    return wrong


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_wrong_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(
        "# Two words\n[a](#two-words) [b](#three) [c](gone.md) [d](../../x.md) ![e](https://x.example/#y)\n"
    )
    assert anchors(page) == {"two-words"}
    assert links(page) == ["#two-words", "#three", "gone.md", "../../x.md", "https://x.example/#y"]
    assert [reason.partition(":")[0] for reason in broken(page, tmp_path)] == ["#three", "gone.md", "../../x.md"]
