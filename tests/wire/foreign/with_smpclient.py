"""SMP by smpclient (github.com/intercreate/smpclient); runs in an environment of its own, see `tests.wire.foreign`."""

# mypy: ignore-errors
# (the libraries are not in the environment that mypy looks at)

import asyncio
import json
import sys
from importlib import import_module

from smpclient import SMPClient
from smpclient.generics import success
from smpclient.transport.serial import SMPSerialTransport


def ask(port, requests):
    """Answers to requests `[module of smpclient.requests, class, fields]`; byte strings are texts here and there."""
    return asyncio.run(_ask(port, requests))


async def _ask(port, requests):
    async with SMPClient(SMPSerialTransport(), port, 5.0) as client:
        return [await _exchange(client, *request) for request in requests]


async def _exchange(client, module, name, fields):
    kind = getattr(import_module(f"smpclient.requests.{module}"), name)
    fields = {key: value.encode() if key == "val" else value for key, value in fields.items()}
    answer = await client.request(kind(**fields))
    body = answer.model_dump(exclude={"header", "version", "sequence", "smp_data"}, exclude_none=True)
    return {"ok": success(answer), **body}


function, arguments = json.load(sys.stdin)
json.dump(globals()[function](**arguments), sys.stdout, default=lambda value: value.decode())
