"""Every format that crosses a boundary of Petiole, once (docs/reference/formats.md).

Typed, frozen dataclasses to bytes and back: nothing here opens a port, keeps state or knows who calls.
Reading is strict; whatever bytes come in, the only exceptions that come out are those of `wire.errors`.
"""
