"""Takes the pictures of the dashboard for the README, from a fleet that runs: `make demo KEEP=1` leaves one.

`make screenshot FLEET=http://127.0.0.1:PORT`. Needs Debian's `chromium` and playwright from PyPI.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = (
    ("dashboard-devices", "/", "text=an505-1"),
    ("dashboard-device", "/devices/an505-1", "[data-series=temperature]"),
)
SETTLING_MS = 4_000


def shoot(browser: Browser, fleet: str, name: str, path: str, ready: str) -> Path:
    """Takes one picture of a page once `ready` is seen and its chart has got some points."""
    page = browser.new_page(viewport={"width": 1360, "height": 860})
    page.goto(fleet.rstrip("/") + path)
    page.wait_for_selector(ready)
    page.wait_for_timeout(SETTLING_MS)
    picture = IMAGES / f"{name}.png"
    page.screenshot(path=picture)
    page.close()
    return picture


def main() -> None:
    """Writes the pictures and prints where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fleet", required=True, help="address of the fleet, as `make demo KEEP=1` prints it")
    fleet = parser.parse_args().fleet
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, path, ready in PAGES:
            print(shoot(browser, fleet, name, path, ready))
        browser.close()


if __name__ == "__main__":
    main()
