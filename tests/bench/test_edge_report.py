"""The page of the edge host's measurements: fresh, complete, and honest about aims that are missed."""

from bench.footprint import report


def test_the_page_is_made_of_the_tracked_numbers() -> None:
    assert report.PAGE.read_text() == report.tracked(), "stale: run `python -m bench.footprint --tables`"


def test_nothing_is_left_unmeasured() -> None:
    assert "not measured" not in report.tracked()


def test_what_was_not_measured_is_said() -> None:
    assert report.page({}, "").count("| not measured |") >= len(list(report.rows({})))


def test_memory_is_compared_with_the_bare_script() -> None:
    found = {"pss": 40.0 * (1 << 20), "bare-pss": 21.0 * (1 << 20)}
    rows = {row.name: row for row in report.rows(found)}
    assert (rows["memory (PSS)"].value, rows["memory (PSS)"].met) == (40.0, "yes")
    over = rows["memory (PSS) over the bare script"]
    assert (over.value, over.met) == (19.0, "no")
