"""Showing rows that the fleet stores (events, measurements): the newest, those after a row id, or all to come."""

import time
from collections.abc import Callable, Iterator

from provisioning.api import PAGE, Json
from provisioning.console import print_json, print_json_line, print_line, print_note
from provisioning.errors import FleetUnreachableError

POLL_SECONDS = 0.5

Read = Callable[[int | None, int], list[Json]]
"""Reads at most so many rows, oldest first: those with an id above the first number, or the newest when it is None."""


def stored(read: Read, after: int | None, limit: int) -> list[Json]:
    """The newest `limit` rows, or the first `limit` after row id `after`; oldest first."""
    if after is None and limit <= PAGE:
        return read(None, limit)
    rows: list[Json] = []
    after = after or 0
    while len(rows) < limit:
        size = min(PAGE, limit - len(rows))
        page = read(after, size)
        rows += page
        if len(page) < size:
            break
        after = page[-1]["id"]
    return rows


def follow(read: Read, after: int) -> Iterator[Json]:
    """Every row after `after` as it arrives, without end; says once each time that the fleet is away."""
    away = False
    while True:
        try:
            rows = read(after, PAGE)
            away = False
        except FleetUnreachableError as error:
            rows = []
            if not away:
                print_note(str(error))
            away = True
        yield from rows
        if rows:
            after = rows[-1]["id"]
        else:
            time.sleep(POLL_SECONDS)


def show(
    read: Read,
    line: Callable[[Json], str],
    *,
    after: int | None,
    limit: int,
    following: bool,
    as_json: bool,
    empty: str,
) -> None:
    """Print rows with `line`, or as JSON: one document, one line a row when `following`. `empty` says there is none."""
    rows = stored(read, after, limit)
    if as_json and not following:
        print_json(rows)
        return
    if not rows and not following:
        print_note(empty)

    def put(row: Json) -> None:
        if as_json:
            print_json_line(row)
        else:
            print_line(line(row).rstrip())

    for row in rows:
        put(row)
    if following:
        for row in follow(read, rows[-1]["id"] if rows else after or 0):
            put(row)
