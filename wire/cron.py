"""Calendar expressions as the descriptor carries them (formats.md section 5), and the spellings people use for them.

Five fields (minute, hour, day of month, month, day of week), or six with seconds first. A field is a list, parted by
commas, of `*`, a number or a range `a-b`, each with an optional step `/n`. Sunday is 0 or 7. When both days are
narrowed, either has to fit, as in every cron. Names (`MON`, `jan`) and `@hourly`, `@daily`, `@weekly`, `@monthly`,
`@yearly` are turned into numbers by `normalised`, so that a host parses digits alone.
"""

import re

from wire.errors import MalformedError

MAX_LENGTH = 64

_RANGES = (
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
_ITEM = re.compile(r"(\*|\d{1,2}(-\d{1,2})?)(/\d{1,2})?", re.ASCII)
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = {
    name: at
    for at, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_DAYS = {name: at for at, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}


def normalised(text: str) -> str:
    """What a person wrote, with numbers for names and macros; MalformedError when it is no calendar expression."""
    fields = _MACROS.get(text.strip().lower(), text).split()
    if len(fields) in (5, 6):
        fields[-2] = _numbers(fields[-2], _MONTHS)
        fields[-1] = _numbers(fields[-1], _DAYS)
    return check(" ".join(fields))


def check(text: str) -> str:
    """Return `text`, or raise MalformedError unless it is a calendar expression of digits."""
    fields = text.split(" ")
    if len(fields) not in (5, 6) or len(text) > MAX_LENGTH:
        raise MalformedError(
            f"{text!r} is not a calendar expression: it has five fields (minute, hour, day of month, month, "
            "day of week), or six with seconds first, for example '*/5 * * * *'"
        )
    for field, (name, least, most) in zip(fields, _RANGES[-len(fields) :], strict=True):
        for item in field.split(","):
            if not _is_item(item, least, most):
                raise MalformedError(
                    f"{item!r} is not a {name} of a calendar expression: write *, a number from {least} to {most} or "
                    "a range a-b, each with a step /n if wanted"
                )
    return text


def _is_item(item: str, least: int, most: int) -> bool:
    if not _ITEM.fullmatch(item):
        return False
    span, _, step = item.partition("/")
    numbers = [least, most] if span == "*" else [int(number) for number in span.split("-")]
    return (
        (not step or 0 < int(step) <= most) and all(least <= n <= most for n in numbers) and numbers[0] <= numbers[-1]
    )


def _numbers(field: str, names: dict[str, int]) -> str:
    return re.sub(r"[A-Za-z]+", lambda match: str(names.get(match[0].lower(), match[0])), field)
