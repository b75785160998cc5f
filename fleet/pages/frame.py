"""What all pages share: header, navigation, dark mode, styles; and the clock that keeps a page up to date."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import Request
from nicegui import app, ui

STATIC_FOLDER = Path(__file__).parent / "static"
STATIC = "/petiole-static"
DARK_COOKIE = "petiole-dark"
UPDATE_S = 1.0

LEAF = (
    '<svg viewBox="0 0 24 24" width="26" height="26" fill="none" stroke="currentColor" stroke-width="1.8" '
    'stroke-linecap="round" stroke-linejoin="round"><path d="M12 22v-8"/>'
    '<path d="M12 14c-5 0-7.5-3.2-7.5-9 6 0 9 2.6 9 7"/><path d="M12 14c0-3.4 2.6-6 7.5-6 0 4.6-2.6 6.6-7.5 6"/></svg>'
)
FAVICON = LEAF.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace("currentColor", "#2f7d4f")
TABS = (("Devices", "/"), ("Releases", "/releases"))


def add_static_files() -> None:
    """Serves styles and scripts of the dashboard from this package."""
    app.add_static_files(STATIC, STATIC_FOLDER)


@contextmanager
def frame(request: Request, title: str, here: str) -> Iterator[None]:
    """A page with the header; `here` is the tab that it belongs to."""
    ui.page_title(f"{title} · Petiole")
    version = int(max(file.stat().st_mtime for file in STATIC_FOLDER.iterdir()))
    ui.add_head_html(
        f'<link rel="stylesheet" href="{STATIC}/petiole.css?{version}">'
        f'<script src="{STATIC}/petiole.js?{version}"></script>'
    )
    ui.colors(primary="#2f7d4f")
    dark = ui.dark_mode({"true": True, "false": False}.get(request.cookies.get(DARK_COOKIE, "")))
    with ui.header(elevated=False).classes("top items-center gap-6 px-6 py-2"):
        with ui.link(target="/").classes("brand flex items-center gap-2"):
            ui.html(LEAF, sanitize=False)
            ui.label("Petiole")
        with ui.row().classes("gap-1 items-center"):
            for name, target in TABS:
                ui.link(name, target).classes("tab here" if name == here else "tab")
        ui.space()
        _dark_button(dark)
    yield


def _dark_button(dark: ui.dark_mode) -> None:
    def switch() -> None:
        dark.set_value(not dark.value)
        ui.run_javascript(f"petiole.setDark({str(bool(dark.value)).lower()})")

    with ui.button(icon="contrast", on_click=switch).props("flat round dense color=grey-7 aria-label='Dark mode'"):
        ui.tooltip("Light or dark")


def chip(text: str, tone: str) -> ui.label:
    """A coloured chip; the tones are those of petiole.css."""
    return ui.label(text).classes(f"chip {tone}")


def moment(unix_ms: int | None) -> ui.element:
    """A time that the browser shows as relative, with the full time on hover."""
    return ui.element("time").props(f"data-ms={unix_ms or ''}")


def keep_up(update: Callable[[], Awaitable[None]]) -> None:
    """Calls `update` every second while the page is open."""
    ui.timer(UPDATE_S, update)
