"""The pytest plugin, run by pytest in pytest, on a board that a small program stands in for."""

import pytest

CONFTEST = """
import pytest

class Images:
    def place(self, board, folder):
        folder.mkdir()
        (folder / "firmware.img").write_bytes(b"firmware")
        (folder / "data.img").write_bytes(b"")

@pytest.fixture(scope="session")
def board_images():
    return Images()
"""


@pytest.fixture
def inner(pytester, checkout):
    """A test suite of its own, that uses the plugin of this installation."""
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\naddopts = -p no:pytest_embedded --strict-markers\n")

    def run(body, *options):
        pytester.makepyfile(f"import pytest\n{body}")
        return pytester.runpytest_inprocess("-q", "-rs", *options)

    return run


USES_BOARD = """
@pytest.mark.board("{name}")
def test_board(board):
    {body}
"""


def test_board_is_running_and_answers(inner):
    body = "with board.client() as client: assert client.echo('hi') == 'hi'"
    inner(USES_BOARD.format(name="double", body=body)).assert_outcomes(passed=1)


def test_dut_of_pytest_embedded_reads_and_writes_the_line(inner):
    body = """
    from wire.smp import Group, Message, Op, Os, encode_frames
    assert board.dut.expect(r"boot (\\\\d+)", timeout=10)[1] == b"1"
    board.dut.write(encode_frames(Message(Op.WRITE, Group.OS, Os.ECHO, 200, {"d": "x"}).encode()))
    board.dut.expect_exact(b"\\\\x06\\\\x09", timeout=10)
    """.replace("\\\\", "\\")
    inner(USES_BOARD.format(name="double", body=body)).assert_outcomes(passed=1)


def test_pulled_plug_keeps_the_flash(inner):
    body = """
    board.dut.expect_exact("boot 1", timeout=10)
    board.restart()
    board.dut.expect_exact("boot 2", timeout=10)
    """
    inner(USES_BOARD.format(name="double", body=body)).assert_outcomes(passed=1)


def test_every_test_gets_a_fresh_board(inner):
    body = """
@pytest.mark.board("double")
@pytest.mark.parametrize("number", [1, 2])
def test_board(board, number):
    board.dut.expect_exact("boot 1", timeout=10)
    board.set_sensor("i2c-env", 31.5)
"""
    inner(body).assert_outcomes(passed=2)


def test_failure_shows_and_keeps_the_serial_log(inner, pytester):
    body = "board.dut.expect_exact('boot 1', timeout=10); assert False"
    result = inner(USES_BOARD.format(name="double", body=body))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*serial log, all of it in*"])
    result.stdout.fnmatch_lines_random(["*< boot 1", "*> smp write 0/0 *"])
    (kept,) = (pytester.path / ".cache" / "rig-logs").iterdir()
    assert "< boot 1" in kept.read_text()


def test_report_names_board_firmware_and_rig(inner, pytester):
    inner(USES_BOARD.format(name="double", body="pass"), "--junitxml", "report.xml").assert_outcomes(passed=1)
    report = (pytester.path / "report.xml").read_text()
    assert '<property name="board" value="double"' in report
    assert '<property name="rig" value="emulated"' in report
    assert '<property name="firmware" value="' in report


def test_missing_board_skips_with_a_reason_and_fails_when_strict(inner):
    test = USES_BOARD.format(name="esp32", body="pass")
    result = inner(test)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*rig emulated has no board 'esp32', only: double*"])
    strict = inner(test, "--rig-strict")
    strict.assert_outcomes(errors=1)
    strict.stdout.fnmatch_lines(["*rig emulated has no board 'esp32', only: double*"])


def test_wrong_rig_file_ends_the_run(inner, pytester):
    (pytester.path / "rig.toml").write_text("[boards.double]\nkind = 'wooden'\n")
    result = inner(USES_BOARD.format(name="double", body="pass"), "--rig", "rig.toml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["*'wooden' is not a kind of board*"])


def test_fixture_without_a_marker_says_what_it_needs(inner):
    result = inner("def test_board(board): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs one @pytest.mark.board*"])


def test_firmware_that_cannot_be_built_skips_with_the_reason(inner, pytester):
    pytester.makeconftest("")
    result = inner(USES_BOARD.format(name="double", body="pass"))
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*pio run -e double -t upload failed*"])
