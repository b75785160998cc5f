"""The reference pages of the interfaces are what the guests check."""

from tests.conformance.guests import GUESTS
from tools import interface_pages
from wire import interfaces


def test_pages_are_made_from_the_guests() -> None:
    assert interface_pages.stale() == []


def test_every_interface_has_a_guest() -> None:
    about = " ".join(guest.page.title + guest.page.about for guest in GUESTS)
    for interface in (*interfaces.IMPORTS, *interfaces.EXPORTS):
        if not interface.free:
            assert interface.package in about, f"no guest checks {interface.full_name}"


def test_a_guests_source_is_read() -> None:
    source = (
        "//! `a:b/c`: something.\n//!\n//! More of it.\n#![no_std]\nchecks! {\n    /// It is\n    /// so.\n"
        "    fn it_is() -> bool {\n        true\n    }\n}\n"
    )
    page = interface_pages.read("c", source)
    assert (page.title, page.about) == ("`a:b/c`: something", "More of it.")
    assert [(check.name, check.promise) for check in page.checks] == [("it_is", "It is so.")]


def test_names_are_names_of_measurements() -> None:
    for guest in GUESTS:
        names = [check.name for check in guest.page.checks]
        assert len(set(names)) == len(names)
        assert all(len(name) <= 32 for name in names), guest.name
