"""Modules that load at their first use, not where they are imported. Nothing but the interpreter is loaded here."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


def postpone(name: str, **stand_ins: object) -> None:
    """Let the module `name`, which a library imports and hardly ever uses, load at its first use.

    `stand_ins` are attributes that libraries ask for without using the module; they are the module's once it loaded.
    """
    if name in sys.modules:
        return
    place = ModuleType(name)

    def load(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if sys.modules.get(name) is place:
            del sys.modules[name]
        module = import_module(name)
        vars(place).update({known: getattr(module, known) for known in stand_ins})
        return getattr(module, attribute)

    place.__dict__.update(stand_ins, __getattr__=load)
    sys.modules[name] = place
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(import_module(parent), child, place)


class _OfTlsError(Exception):
    """Raised by nobody: in the place of what TLS connections alone raise."""


class _OfTls:
    """What no object is: in the place of the sockets of TLS connections."""


def postpone_openssl() -> None:
    """Load OpenSSL at the first TLS connection, as 4.5 MiB of memory; to be called before asyncio is imported.

    asyncio and paho import `ssl` whether they need it or not, and ask wherever they connect and read whether a socket
    or an exception is one of its own.
    `hashlib` has functions of its own, which are slower for large files (250 MiB a second against 1,600 on a PC).
    """
    postpone("ssl", SSLSocket=_OfTls, SSLWantReadError=_OfTlsError, SSLWantWriteError=_OfTlsError)
    postpone("asyncio.sslproto")
    if "_hashlib" not in sys.modules:
        sys.modules["_hashlib"] = None  # type: ignore[assignment]
        import_module("hashlib")
        del sys.modules["_hashlib"]
