"""Triggers, calendar expressions and subject filters: what is taken, what is refused, and what fits what."""

import json
from typing import Any

import pytest
from hypothesis import given

from tests.vectors.make import FOLDER
from tests.wire import strategies
from wire import cron, subjects, triggers
from wire.errors import MalformedError
from wire.triggers import Trigger

CRON = json.loads((FOLDER / "cron.json").read_text())


@given(strategies.triggers)
def test_what_is_written_is_read_again(trigger: Trigger) -> None:
    assert triggers.read(trigger.array(), "trigger") == trigger


@pytest.mark.parametrize(
    "array",
    [
        *([], [0], [0, 0], [0, 1, 2], [0, "1"], [True], [1, "*"], [1, "* * * * *", ""], [2, "A", 0], [2, "a", 3]),
        *([3, ""], [3, "a..b"], [4, 0], [5, None], [6], "0", None),
    ],
)
def test_other_arrays_are_refused(array: Any) -> None:
    with pytest.raises(MalformedError, match="trigger of x"):
        triggers.read(array, "trigger of x")


@pytest.mark.parametrize("due", CRON["due"], ids=lambda due: due["expression"])
def test_calendar_expressions(due: dict[str, Any]) -> None:
    assert cron.check(due["expression"]) == due["expression"]


@pytest.mark.parametrize("expression", CRON["refused"])
def test_no_calendar_expressions(expression: str) -> None:
    with pytest.raises(MalformedError):
        cron.check(expression)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a", False),
        ("a", "a.b", False),
        ("*", "a", True),
        ("*", "a.b", False),
        ("a.*.c", "a.b.c", True),
        ("a.*.c", "a.b.d", False),
        (">", "a", True),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("*.>", "a.b", True),
    ],
)
def test_filters(pattern: str, subject: str, expected: bool) -> None:
    assert subjects.fits(pattern, subject) is expected


@given(strategies.subjects)
def test_a_subject_fits_itself_and_the_widest_filter(subject: str) -> None:
    assert subjects.is_subject(subject)
    assert subjects.fits(subject, subject)
    assert subjects.fits(">", subject)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a b", "ä", "a*", "a" * 65])
def test_neither_subject_nor_filter(text: str) -> None:
    with pytest.raises(MalformedError):
        subjects.check_subject(text)
    with pytest.raises(MalformedError):
        subjects.check_filter(text)


@pytest.mark.parametrize("text", ["*", ">", "a.*", "a.>"])
def test_a_filter_is_no_subject(text: str) -> None:
    assert subjects.check_filter(text) == text
    with pytest.raises(MalformedError):
        subjects.check_subject(text)
