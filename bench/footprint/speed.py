"""Calls, messages and cold starts of guests, beside the same with plain wasmtime-py.

All are per second of the processor (of all threads of the process), so that other work on the machine does not count.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from wasmtime.component import Component as WasmComponent

from bench.footprint import guests
from bench.footprint.bare import HALF, ROUNDS, best
from bench.footprint.rig import hello
from bench.paths import ROOT
from edge_host.guest import Call, Guest
from edge_host.pool import Pool, PoolRules
from edge_host.runner import Part, run_workload
from tests.edge_host import components
from tests.edge_host.bench import Bench, Recorder
from wire.descriptor import Component, Grant, Limits
from wire.edge_options import EdgeOptions
from wire.interfaces import HANDLER, MESSAGING
from wire.triggers import AtStart, Every, MessageFilter

CALLS = 20_000
COLD_STARTS = 1_000
MESSAGE_SECONDS = 1.0
IN_FLIGHT = 4
AMPLE = Limits(
    fuel_per_call=1 << 40,
    fuel_per_second=1 << 50,
    memory=1 << 20,
    host_call_bytes=1 << 20,
    messages_per_second=1 << 30,
)
KEPT = EdgeOptions(pool_size=1)
"""One instance of a component stays; without that each call has a new one."""
RUN = Call(HANDLER.full_name, "run")


def measure() -> dict[str, float]:
    """All of it: calls and messages a second, cold starts in seconds."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder)
        try:
            found["calls"] = _calls(bench)
            found["peer-calls"] = asyncio.run(_peer_calls(bench, KEPT))
            found["peer-calls-new-instances"] = asyncio.run(_peer_calls(bench, EdgeOptions()))
            found["messages"], found["messages-by-the-clock"] = asyncio.run(_messages(bench, KEPT))
            found["messages-new-instances"], _ = asyncio.run(_messages(bench, EdgeOptions()))
            found |= _percentiles("cold-start", [_cold_starts(bench, folder) for _ in range(ROUNDS)])
            found |= _percentiles("new-instance", [_new_instances(bench) for _ in range(ROUNDS)])
        finally:
            bench.close()
        found |= _bare(folder)
    return found


def _calls(bench: Bench) -> float:
    guest = bench.guest(components.idle(), limits=AMPLE)
    return best(lambda: [guest.handle(RUN) for _ in range(CALLS)], CALLS)


async def _peer_calls(bench: Bench, edge: EdgeOptions) -> float:
    """One component calls another, which has the options `edge`, all in the way in which the agent runs workloads."""
    wasm = (guests.calling(CALLS), components.halving())
    described = (
        Component("caller", {HALF: Grant(("halver",))}, AMPLE, {}, (Every(1),), KEPT),
        Component("halver", {}, AMPLE, edge=edge),
    )
    ended: asyncio.Queue[float] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(_part: object, _error: str | None) -> None:
        loop.call_soon_threadsafe(ended.put_nowait, time.process_time())

    running = _run(bench, "pair", wasm, described, tell)
    try:
        times = [await _next(ended, running) for _ in range(ROUNDS + 1)]
    finally:
        await _end(running)
    return CALLS / min(after - before for before, after in pairwise(times))


async def _messages(bench: Bench, edge: EdgeOptions) -> tuple[float, float]:
    """Two components pass messages to each other; some are on their way at a time, as queues are short.

    Gives messages in a second of the processor, and of the clock.
    """
    grant = {MESSAGING.full_name: Grant(("bench.a", "bench.b"))}
    wasm = (guests.passing_on("bench.b"), guests.passing_on("bench.a"))
    starts = tuple(AtStart() for _ in range(IN_FLIGHT))
    described = (
        Component("a", grant, AMPLE, {}, (MessageFilter("bench.a"), *starts), edge),
        Component("b", grant, AMPLE, {}, (MessageFilter("bench.b"),), edge),
    )
    count = 0

    def called(_part: object, error: str | None) -> None:
        nonlocal count
        if error is not None:
            raise SystemExit(f"a message was refused: {error}")
        count += 1

    running = _run(bench, "messages", wasm, described, called)
    try:
        await asyncio.sleep(0.5)
        rounds = []
        for _ in range(ROUNDS):
            first, cpu, begun = count, time.process_time(), time.monotonic()
            await asyncio.sleep(MESSAGE_SECONDS)
            done = count - first
            rounds.append((done / (time.process_time() - cpu), done / (time.monotonic() - begun)))
        if running.done():
            running.result()
        by_effort, by_clock = zip(*rounds, strict=True)
        return max(by_effort), max(by_clock)
    finally:
        await _end(running)


def _run(
    bench: Bench,
    name: str,
    wasm: tuple[bytes, ...],
    described: tuple[Component, ...],
    called: Callable[[Part, str | None], None],
) -> asyncio.Task[None]:
    codes = [WasmComponent(bench.engine, one) for one in wasm]
    parts = [Part(code, one, Recorder()) for code, one in zip(codes, described, strict=True)]
    return asyncio.create_task(run_workload(bench.host, name, parts, called))


async def _next(ended: asyncio.Queue[float], running: asyncio.Task[None]) -> float:
    waiting = asyncio.ensure_future(ended.get())
    await asyncio.wait([waiting, running], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    return await waiting


async def _end(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.wait([running])


def _cold_starts(bench: Bench, folder: Path) -> list[float]:
    """From the compiled file to the end of the first call, with all that the agent gives a guest."""
    compiled = folder / "cached"
    compiled.write_bytes(WasmComponent(bench.engine, hello()).serialize())
    took = []
    for _ in range(COLD_STARTS):
        begun = time.thread_time()
        code = WasmComponent.deserialize_file(bench.engine, str(compiled))
        guest = Guest(bench.engine, bench.host.ticker, code, bench.context())
        guest.handle(RUN)
        took.append(time.thread_time() - begun)
        guest.close()
        code.close()
    return took


def _new_instances(bench: Bench) -> list[float]:
    """Calls as every component has them that asks for nothing else: linked before, instantiated for this one call."""
    code = WasmComponent(bench.engine, hello())
    pool = Pool(
        lambda: Guest(bench.engine, bench.host.ticker, code, bench.context(limits=AMPLE)),
        *(PoolRules.of(Component("guest")), AMPLE.fuel_per_second),
    )
    took = []
    for _ in range(COLD_STARTS):
        begun = time.thread_time()
        pool.handle(RUN)
        took.append(time.thread_time() - begun)
    pool.close()
    code.close()
    return took


def _percentiles(name: str, rounds: list[list[float]]) -> dict[str, float]:
    """Median and 99th percentile, each of its best round."""
    return {
        name: min(median(seconds) for seconds in rounds),
        f"{name}-p99": min(quantiles(seconds, n=100)[98] for seconds in rounds),
    }


def _bare(folder: Path) -> dict[str, float]:
    here, there = folder / "here.wasm", folder / "there.wasm"
    idle, caller, callee = folder / "idle.wasm", folder / "caller.wasm", folder / "callee.wasm"
    greeting, artifact = folder / "hello.wasm", folder / "hello.cwasm"
    for file, content in (
        (idle, components.idle()),
        (caller, guests.calling(CALLS)),
        (callee, components.halving()),
        (greeting, hello()),
        (here, guests.passing_on("bench.b")),
        (there, guests.passing_on("bench.a")),
    ):
        file.write_bytes(content)
    _script("compile", greeting, artifact)
    return {
        "bare-calls": _script("calls", idle, CALLS),
        "bare-peer-calls": _script("peers", caller, callee, CALLS),
        "bare-messages": _script("messages", here, there, CALLS),
        **_percentiles("bare-cold-start", [_script("cold", artifact, COLD_STARTS) for _ in range(ROUNDS)]),
    }


def _script(*arguments: object) -> Any:
    command = [sys.executable, "-m", "bench.footprint.bare", *map(str, arguments)]
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(said) if said else None
