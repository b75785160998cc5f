"""The dashboard of a real `petiole fleet serve` process in a real browser."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from fleet.services.clock import unix_ms
from tests.fleet.helpers import EPOCH, PUBLIC_KEY, SITE, Device, bundle, free_port, reported, wait_until
from wire.messages import Event

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BOARDS = ("an505-1", "an505-2", "riscv32-1")
LATE_CHART = """async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const drawn = [];
  const original = window.getElement;
  const chart = { setOption: (option) => drawn.push(option.series[0].data) };
  let shown = {};
  window.getElement = () => shown;
  petiole.append(-1, [[1, 20]], 1000);
  await wait(25);
  petiole.append(-1, [[2, 21]], 1000);
  await wait(35);
  shown = { chart };
  await wait(250);
  window.getElement = original;
  return drawn.at(-1).map(([, value]) => value);
}"""
"""Two points come before the chart that shows them."""

POINTS = """() => {
  const element = document.querySelector('.nicegui-echart');
  const data = element && getElement(Number(element.id.slice(1)))?.chart?.getOption()?.series?.[0]?.data;
  return (data || []).filter(([, value]) => value !== null);
}"""


class Server:
    """A fleet in its own process."""

    def __init__(self, state: Path) -> None:
        self.port, self.mqtt_port = free_port(), free_port()
        command = [sys.executable, "-c", "from fleet.commands import app; app()", "serve", "--state", str(state)]
        options = ["--port", str(self.port), "--embedded-broker", str(self.mqtt_port)]
        self.process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1/", timeout=10)
        wait_until(lambda: self._is_up() or None, "the fleet to be up")

    def enroll(self, name: str) -> None:
        token = self.api.post("tokens", json={"site": SITE}).json()["token"]
        body = {"token": token, "device": name, "kind": "board", "public_key": "ab" * 32}
        assert self.api.post("enroll", json=body).status_code == 200

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[1]
        try:
            return bool(self.api.get("health").json()["broker"])
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("fleet"))
    made.api.post("sites", json={"name": SITE})
    for name in BOARDS:
        made.enroll(name)
    yield made
    made.process.send_signal(signal.SIGTERM)
    _, log = made.process.communicate(timeout=20)
    assert made.process.returncode == 0, log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def context(server: Server, browser: Browser) -> Iterator[BrowserContext]:
    """One browser profile for all tests, so that scripts come from its cache as they do for people."""
    opened = browser.new_context(base_url=f"http://127.0.0.1:{server.port}", viewport={"width": 1300, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(server: Server, context: BrowserContext) -> Iterator[Page]:
    """A page that must stay free of errors and must not ask any other host."""
    opened = context.new_page()
    hosts, faults = set[str](), list[str]()
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    opened.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).netloc))
    opened.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    opened.close()
    assert hosts <= {f"127.0.0.1:{server.port}", ""}
    assert faults == []


@pytest.fixture
def board(server: Server) -> Iterator[Device]:
    with Device("an505-1", server.mqtt_port) as device:
        yield device


def row(device: str) -> str:
    return f".ag-row[row-id='{device}']"


def test_the_table_follows_the_devices(page: Page, server: Server, board: Device) -> None:
    page.goto("/")
    expect(page.locator(".ag-center-cols-container .ag-row")).to_have_count(len(BOARDS))
    expect(page.locator(row("an505-2"))).to_contain_text("pending")
    board.report(0, reported("2.0.0"), queued=12)
    found = page.locator(row("an505-1"))
    expect(found).to_contain_text("online")
    expect(found).to_contain_text("thermometer 2.0.0")
    expect(found).to_contain_text("confirmed")
    expect(found).to_contain_text("12")
    expect(page.locator("[data-tile=online] .count")).to_have_text("1")
    expect(found.locator("time")).to_have_attribute("title", re.compile(r"\d"))
    server.enroll("late-1")
    expect(page.locator(row("late-1"))).to_contain_text("never")
    server.api.delete("devices/late-1")
    expect(page.locator(row("late-1"))).to_have_count(0)


def test_filters_live_in_the_address(page: Page, board: Device) -> None:
    board.report(0, reported("3.0.0", "rolled-back", reason="trap: unreachable", previous="2.0.0"))
    page.goto("/?q=505")
    rows = page.locator(".ag-center-cols-container .ag-row")
    expect(rows).to_have_count(2)
    page.get_by_placeholder("Search device").fill("riscv")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=riscv$"))
    page.get_by_placeholder("Search device").fill("")
    page.locator("[data-tile=attention]").click()
    expect(page).to_have_url(re.compile(r"\?status=attention$"))
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("rolled-back")
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.locator("[data-tile=attention]")).to_have_class(re.compile("chosen"))


def test_a_live_value_arrives_and_an_outage_is_filled_in_order(page: Page, board: Device) -> None:
    now = unix_ms() / 1000 - 100
    page.goto("/devices/an505-1")
    expect(page.get_by_text("Nothing was measured in this time.")).to_be_visible()
    board.telemetry(1, 20.0, 21.0, time_s=now)
    reading = page.locator("[data-series=temperature]")
    expect(reading).to_have_text("21 °C")
    board.telemetry(5, 25.5, time_s=now)
    expect(reading).to_have_text("25.5 °C")
    board.telemetry(3, 22.0, 23.0, time_s=now)
    page.wait_for_function(f"() => ({POINTS})().length === 5")
    points = page.evaluate(POINTS)
    assert [value for _, value in points] == [20.0, 21.0, 22.0, 23.0, 25.5]
    assert points == sorted(points)
    expect(reading).to_have_text("25.5 °C")


def test_a_chart_that_comes_late_shows_all_points(page: Page) -> None:
    page.goto("/releases")
    page.wait_for_function("() => window.petiole && window.getElement")
    assert page.evaluate(LATE_CHART) == [20, 21]


def test_the_device_page_says_why_a_release_took_itself_back(page: Page, board: Device) -> None:
    page.goto("/devices/an505-1")
    board.report(0, reported("3.0.0", "rolled-back", reason="trap: <b>unreachable</b>", previous="2.0.0"))
    workload = page.locator("[data-workload=thermometer]")
    expect(workload).to_contain_text("2.0.0 runs")
    expect(workload.locator(".reason")).to_contain_text("Rolled back")
    expect(workload.locator(".reason")).to_contain_text("trap: <b>unreachable</b>")
    expect(page.locator(".history")).to_contain_text("rolled-back")


def test_events_are_tailed_and_filtered_by_level(page: Page, board: Device) -> None:
    page.goto("/devices/an505-1")
    log = [
        Event(unix_ms(), "log", "thermometer", "1.0.0", level, "sensor", f"a line of {level}")
        for level in ("debug", "info", "error")
    ]
    board.events(1, *log, epoch=EPOCH)
    for level in ("debug", "info", "error"):
        expect(page.get_by_text(f"a line of {level}")).to_be_visible()
    page.goto("/devices/an505-1?level=error")
    expect(page.get_by_text("a line of error")).to_be_visible()
    expect(page.get_by_text("a line of info")).to_have_count(0)


def test_a_silent_device_is_told_apart(page: Page) -> None:
    page.goto("/devices/an505-2")
    expect(page.get_by_text("pending")).to_be_visible()
    page.goto("/devices/nobody")
    expect(page.get_by_text("there is no device 'nobody'")).to_be_visible()


def test_dark_mode_is_kept(page: Page) -> None:
    page.goto("/releases")
    expect(page.locator("body")).to_have_class(re.compile("body--light"))
    page.get_by_label("Dark mode").click()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    page.reload()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))


def test_a_release_is_deployed_from_the_page(page: Page, server: Server, board: Device) -> None:
    server.api.post("anchors", json={"public_key": PUBLIC_KEY, "name": "release"})
    release = server.api.post("releases", content=bundle("4.0.0", sequence=4)).json()["release"]
    board.report(0)
    wait_until(lambda: server.api.get("devices/an505-1").json()["class_id"], "the board's class")
    page.goto("/devices/an505-1")
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("thermometer 4.0.0 (release 4)")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Deploy").click()
    assert board.desired().workloads[0].release.hex() == release
    expect(page.get_by_text("waiting for the device")).to_be_visible()
    page.goto("/releases")
    expect(page.locator(row(release))).to_contain_text("qemu-an505")
