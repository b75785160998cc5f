"""The page of measurements: fresh, complete, and honest about aims that are missed."""

from bench import report
from bench.paths import BOARDS, PAGE


def test_the_page_is_made_of_the_tracked_numbers() -> None:
    assert PAGE.read_text() == report.tracked(), "stale: run `python -m bench --tables`"


def test_every_board_has_all_aims_and_all_engines() -> None:
    for board in BOARDS:
        section = report.tracked().partition(f"## {board}\n")[2].partition("\n## ")[0]
        assert section.count("\n| ") == len(("header", *range(7))) + len(("header", "pulley", "wasmi", "wasm3"))


def test_an_aim_is_met_on_its_own_side() -> None:
    assert report.Row("flash", 100, "B", aim=100).met == "yes"
    assert report.Row("flash", 101, "B", aim=100).met == "no"
    assert report.Row("CoreMark", 0.79, "times", aim=0.8, least=True).met == "no"
    assert report.Row("CoreMark", 0.8, "times", aim=0.8, least=True).met == "yes"
    assert report.Row("call", 5, "instructions").met == ""
    assert report.Row("cold start", None, "instructions", aim=350_000).met == ""


def test_coremark_is_iterations_in_a_billion_instructions() -> None:
    assert report.coremark({"coremark": 100_000_000}) == 100
