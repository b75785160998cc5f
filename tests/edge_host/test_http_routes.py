"""HTTP requests on their way from the table of routes to a guest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import wasmtime

from edge_host.errors import OverloadError, StopError
from edge_host.interfaces.adapter import ResourceNumber, new_handle
from edge_host.interfaces.context import GuestContext
from edge_host.isolation import MOST_STOPS
from edge_host.routes import Handler
from tests.edge_host.bench import Bench
from tests.edge_host.test_pool import UNLIMITED, Running, run
from wire.descriptor import Limits
from wire.edge_options import EdgeOptions
from wire.triggers import HttpRoute

ROUTE = HttpRoute("green.house", "/x")


def answering(body: str) -> bytes:
    """Gets a request, drops it and its answer, and does `body`."""
    return bytes(
        wasmtime.wat2wasm(f"""(component
      (import "wasi:http/types@0.2.0" (instance $types
        (export "incoming-request" (type (sub resource)))
        (export "response-outparam" (type (sub resource)))))
      (alias export $types "incoming-request" (type $request))
      (alias export $types "response-outparam" (type $out))
      (core func $drop-request (canon resource.drop $request))
      (core func $drop-out (canon resource.drop $out))
      (core module $guest
        (import "host" "request" (func $request (param i32))) (import "host" "out" (func $out (param i32)))
        (func (export "handle") (param i32 i32)
          (call $request (local.get 0)) (call $out (local.get 1)) {body}))
      (core instance $guest (instantiate $guest (with "host" (instance
        (export "request" (func $drop-request)) (export "out" (func $drop-out))))))
      (func $handle (param "request" (own $request)) (param "response-out" (own $out))
        (canon lift (core func $guest "handle")))
      (instance $handler (export "incoming-request" (type $request)) (export "response-outparam" (type $out))
        (export "handle" (func $handle)))
      (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))""")
    )


class Asking:
    """Makes the arguments of requests, and remembers what the guest let go of."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def __call__(self, context: GuestContext) -> tuple[Any, ...]:
        request, out = Closing("request", self.closed), Closing("out", self.closed)
        return (
            new_handle(context, ResourceNumber.INCOMING_REQUEST, request),
            new_handle(context, ResourceNumber.RESPONSE_OUT, out),
        )


class Closing:
    def __init__(self, name: str, closed: list[str]) -> None:
        self.name = name
        self.closed = closed

    def close(self) -> None:
        self.closed.append(self.name)


async def routed(guest: Running) -> Handler:
    """The handler of the route, once the guest is loaded."""
    await guest.until(lambda: len(guest.host.routes) > 0)
    handler = guest.host.routes.find("green.house", "/x/y")
    assert handler is not None
    return handler


def serve(
    test: Callable[[Running, Handler], Any], bench: Bench, body: str = "", edge: EdgeOptions | None = None
) -> None:
    async def check() -> None:
        guest = Running(bench, answering(body), ROUTE, edge=edge, limits=UNLIMITED)
        await test(guest, await routed(guest))
        await guest.stop()
        assert guest.host.routes.find("green.house", "/x") is None

    run(check)


def test_a_request_reaches_the_guest_with_what_was_prepared_for_it(bench: Bench) -> None:
    async def ask(guest: Running, handler: Handler) -> None:
        asking = Asking()
        await asyncio.gather(*(handler(asking) for _ in range(5)))
        assert sorted(asking.closed) == ["out"] * 5 + ["request"] * 5
        assert guest.good == 5

    serve(ask, bench)


def test_a_stop_is_told_to_the_one_who_asked(bench: Bench) -> None:
    async def ask(guest: Running, handler: Handler) -> None:
        with pytest.raises(StopError, match=r"^trap: unreachable$"):
            await handler(Asking())
        with pytest.raises(StopError, match=r"^trap: unreachable$"):
            await guest.task

    serve(ask, bench, "unreachable")


def test_requests_that_trap_end_alone_however_many(bench: Bench) -> None:
    async def check() -> None:
        told: list[StopError] = []

        def spares(stop: StopError) -> bool:
            told.append(stop)
            return True

        guest = Running(bench, answering("unreachable"), ROUTE, spares=spares)
        handler = await routed(guest)
        for _ in range(3 * MOST_STOPS):
            with pytest.raises(StopError, match=r"^trap: unreachable$"):
                await handler(Asking())
        await guest.until(lambda: len(told) == 3 * MOST_STOPS)
        assert {stop.component for stop in told} == {"guest"}
        await guest.stop()

    run(check)


def test_requests_that_find_no_room_are_told(bench: Bench) -> None:
    async def ask(guest: Running, handler: Handler) -> None:
        asked = [asyncio.ensure_future(handler(Asking())) for _ in range(20)]
        done, waiting = await asyncio.wait(asked, timeout=0.5)
        assert done
        assert all(isinstance(task.exception(), OverloadError) for task in done)
        await guest.stop()
        await asyncio.wait(waiting)
        assert all(isinstance(task.exception(), StopError) for task in waiting)

    serve(ask, bench, "(loop $again (br $again))", EdgeOptions(max_concurrency=2))


def test_a_request_that_nobody_waits_for_any_more_is_stopped(bench: Bench) -> None:
    async def ask(guest: Running, handler: Handler) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(handler(Asking()), 0.2)
        assert not guest.task.done()

    serve(ask, bench, "(loop $again (br $again))", EdgeOptions(max_concurrency=1))


def test_a_limit_that_a_preparation_meets_keeps_its_name(bench: Bench) -> None:
    async def ask(guest: Running, handler: Handler) -> None:
        with pytest.raises(StopError, match=r"^handles: more than 8 open$"):
            await handler(lambda context: tuple(new_handle(context, ResourceNumber.RESPONSE_OUT, 0) for _ in range(9)))

    assert Limits().handles == 8
    serve(ask, bench)
