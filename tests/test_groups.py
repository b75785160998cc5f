"""That tests which share something stay in one process, on which every test of a board relies."""

import pytest


def test_a_group_stays_in_one_process(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pathlib
        import pytest

        pytestmark = pytest.mark.xdist_group("shared thing")

        @pytest.fixture(scope="module")
        def shared(worker_id):
            with pathlib.Path("made").open("a") as made:
                print(worker_id, file=made)

        @pytest.mark.parametrize("number", range(8))
        def test_with_it(shared, number):
            pass
    """)
    result = pytester.runpytest_subprocess("-n", "2", "--dist", "loadgroup", "-p", "no:pytest_embedded")
    result.assert_outcomes(passed=8)
    assert len((pytester.path / "made").read_text().split()) == 1
