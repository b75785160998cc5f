"""The SUIT manifest of a workload release: one code component for each component, and its deployment descriptor."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from wire import cbor, descriptor
from wire.descriptor import Descriptor
from wire.errors import MalformedError, RefusedError
from wire.profiles import VENDOR_ID
from wire.refusals import Refusal
from wire.suit.commands import REPORT, ComponentState, Condition, Directive, Parameter, run

VERSION = 1
ALGORITHM_SHA256 = -16
COMPONENT_PREFIX = b"wl"
CODE = b"code"
DESCRIPTOR = b"descriptor"

_VERSION, _SEQUENCE, _COMMON, _VALIDATE, _INVOKE, _INSTALL = 1, 2, 3, 7, 9, 20
_COMPONENTS, _SHARED = 2, 4

_CODE_COMMANDS = {*Condition, Directive.FETCH, Directive.INVOKE}
_DESCRIPTOR_COMMANDS = {Condition.VENDOR, Condition.CLASS, Directive.WRITE}


@dataclass(frozen=True)
class Code:
    """One component's code: where it lies in the envelope (`uri`, for example "#code"), SHA-256 and size in bytes."""

    uri: str
    digest: bytes
    size: int

    def check(self, payload: bytes) -> None:
        """Raise RefusedError (digest-mismatch) unless `payload` is this code."""
        if len(payload) != self.size:
            raise RefusedError(Refusal.DIGEST_MISMATCH, f"{self.uri} has {len(payload)} bytes instead of {self.size}")
        if hashlib.sha256(payload).digest() != self.digest:
            raise RefusedError(Refusal.DIGEST_MISMATCH, f"{self.uri} has another SHA-256 than the manifest says")


CODE_ALIGNMENT = 16
"""Where the codes of a release travel one after the other, each begins at a multiple of this many bytes."""


def join(codes: Iterable[bytes]) -> bytes:
    """The codes of a release as they travel and as they lie in a board's slot; a single one is what it is."""
    joined = bytearray()
    for code in codes:
        joined += bytes(-len(joined) % CODE_ALIGNMENT) + code
    return bytes(joined)


@dataclass(frozen=True)
class Manifest:
    """What a manifest says; `digest` is its SHA-256 and names the release."""

    sequence: int
    vendor_id: uuid.UUID
    class_id: uuid.UUID
    codes: tuple[Code, ...]
    descriptor: Descriptor
    digest: bytes

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.descriptor.name

    @property
    def size(self) -> int:
        """Bytes of all codes as they travel."""
        size = 0
        for code in self.codes:
            size += -size % CODE_ALIGNMENT + code.size
        return size

    def split(self, joined: bytes) -> tuple[bytes, ...]:
        """The codes out of what `join` made of them; RefusedError (digest-mismatch) when one is not in its place."""
        codes, at = [], 0
        for code in self.codes:
            at += -at % CODE_ALIGNMENT
            codes.append(joined[at : at + code.size])
            code.check(codes[-1])
            at += code.size
        if at != len(joined):
            raise RefusedError(Refusal.DIGEST_MISMATCH, f"the codes have {at} bytes together, not {len(joined)}")
        return tuple(codes)

    @property
    def version(self) -> str:
        """The release version for people."""
        return self.descriptor.version


def check(
    manifest: Manifest, class_id: uuid.UUID, last_sequence: int = 0, last_manifest_digest: bytes | None = None
) -> None:
    """Raise RefusedError unless a host of `class_id` may take the manifest after `last_sequence` of the same workload.

    An equal number is taken for the very manifest that had it, so that an installation can go on.
    """
    if manifest.vendor_id != VENDOR_ID:
        raise RefusedError(Refusal.WRONG_VENDOR, f"the bundle is for vendor {manifest.vendor_id}, not {VENDOR_ID}")
    if manifest.class_id != class_id:
        raise RefusedError(Refusal.WRONG_CLASS, f"the bundle is for class {manifest.class_id}, this host is {class_id}")
    same = manifest.sequence == last_sequence and manifest.digest == last_manifest_digest
    if manifest.sequence <= last_sequence and not same:
        raise RefusedError(
            Refusal.OLD_SEQUENCE,
            f"sequence number {manifest.sequence} of {manifest.name} is not greater than the accepted {last_sequence}",
        )


def encode(
    release: Descriptor, sequence: int, class_id: uuid.UUID, codes: Sequence[Code], vendor_id: uuid.UUID = VENDOR_ID
) -> bytes:
    """The manifest's CBOR, without the byte string around it."""
    name, last = release.name.encode(), len(codes)
    ids = [[COMPONENT_PREFIX, name, code.uri.removeprefix("#").encode()] for code in codes]
    target = {Parameter.VENDOR: vendor_id.bytes, Parameter.CLASS: class_id.bytes}
    target_conditions = [Condition.VENDOR, REPORT, Condition.CLASS, REPORT]
    shared: list[Any] = []
    validate: list[Any] = []
    invoke: list[Any] = []
    install: list[Any] = []
    for index, code in enumerate(codes):
        select = [Directive.SET_COMPONENT_INDEX, index]
        image = {Parameter.IMAGE_DIGEST: cbor.encode([ALGORITHM_SHA256, code.digest]), Parameter.IMAGE_SIZE: code.size}
        shared += [*select, Directive.OVERRIDE_PARAMETERS, target | image, *target_conditions]
        validate += [*select, Condition.IMAGE_MATCH, REPORT]
        invoke += [*select, Directive.INVOKE, REPORT]
        install += [*select, Directive.OVERRIDE_PARAMETERS, {Parameter.URI: code.uri}]
        install += [Directive.FETCH, REPORT, Condition.IMAGE_MATCH, REPORT]
    select = [Directive.SET_COMPONENT_INDEX, last]
    content = {Parameter.CONTENT: release.encode()}
    shared += [*select, Directive.OVERRIDE_PARAMETERS, target | content, *target_conditions]
    install += [*select, Directive.WRITE, REPORT]
    common = {_COMPONENTS: [*ids, [COMPONENT_PREFIX, name, DESCRIPTOR]], _SHARED: _sequence(shared)}
    return cbor.encode(
        {
            _VERSION: VERSION,
            _SEQUENCE: sequence,
            _COMMON: cbor.encode(common),
            _VALIDATE: _sequence(validate),
            _INVOKE: _sequence(invoke),
            _INSTALL: _sequence(install),
        }
    )


def decode(data: bytes, digest: bytes) -> Manifest:
    """The manifest in its CBOR; `digest` is what names it. MalformedError, or RefusedError (unsupported)."""
    members = cbor.numbered(cbor.decode_strict(data, "manifest"), "manifest")
    if type(version := members.get(_VERSION)) is not int:
        raise MalformedError("manifest has no version number")
    if version != VERSION:
        raise RefusedError(Refusal.UNSUPPORTED, f"manifest has version {version}; this host understands {VERSION}")
    known = {_VERSION, _SEQUENCE, _COMMON, _VALIDATE, _INVOKE, _INSTALL}
    if unknown := members.keys() - known:
        raise RefusedError(Refusal.UNSUPPORTED, f"manifest has the member {min(unknown)}")
    sequence = members.get(_SEQUENCE)
    if type(sequence) is not int or not 0 <= sequence <= cbor.MAX_UINT:
        raise MalformedError("manifest has no sequence number up to 2**63 - 1")
    common = cbor.numbered(cbor.decode_strict(_member(members, _COMMON, "common"), "common"), "common")
    if unknown := common.keys() - {_COMPONENTS, _SHARED}:
        raise RefusedError(Refusal.UNSUPPORTED, f"common has the member {min(unknown)}")
    name, files = _component_ids(common.get(_COMPONENTS))
    states = [ComponentState() for _ in files]
    run(_member(common, _SHARED, "shared sequence"), states, "shared sequence")
    targets = {_target(state, name) for state, name in zip(states, files, strict=True)}
    if len(targets) != 1:
        raise RefusedError(Refusal.UNSUPPORTED, "the components are made for different vendors or classes")
    vendor_id, class_id = targets.pop()
    for key, label in ((_INSTALL, "install"), (_VALIDATE, "validate"), (_INVOKE, "invoke")):
        run(_member(members, key, label), states, label)
    for state, file in zip(states, files, strict=True):
        allowed = _DESCRIPTOR_COMMANDS if file == files[-1] else _CODE_COMMANDS
        if unexpected := set(state.done) - allowed:
            raise RefusedError(Refusal.UNSUPPORTED, f"manifest has the command {min(unexpected)} for {file}")
    codes = tuple(_code(state, file) for state, file in zip(states[:-1], files, strict=False))
    content = states[-1].parameters.get(Parameter.CONTENT)
    if content is None or Directive.WRITE not in states[-1].done:
        raise MalformedError("manifest does not write the descriptor")
    release = descriptor.decode(content)
    if release.name != name:
        raise MalformedError(f"descriptor is of workload {release.name!r}, the component ids are of {name!r}")
    if len(release.components) != len(codes):
        raise MalformedError(f"descriptor has {len(release.components)} components for {len(codes)} of code")
    return Manifest(sequence, vendor_id, class_id, codes, release, digest)


def code_uri(index: int) -> str:
    """The envelope key of the payload of component `index`: "#code", "#code1", "#code2", ..."""
    return f"#{CODE.decode()}{index or ''}"


def _sequence(items: list[Any]) -> bytes:
    plain = [{int(key): value for key, value in item.items()} if isinstance(item, dict) else item for item in items]
    return cbor.encode([int(item) if isinstance(item, int) else item for item in plain])


def _member(members: dict[Any, Any], key: int, what: str) -> bytes:
    value = members.get(key)
    if not isinstance(value, bytes):
        raise MalformedError(f"manifest has no {what} (key {key}) as a byte string")
    return value


def _component_ids(value: Any) -> tuple[str, list[str]]:
    """The workload's name, and the last part of each component id: "code", "code1", ..., "descriptor"."""
    if not isinstance(value, list):
        raise MalformedError("the component ids are not an array")
    if len(value) < 2:
        raise RefusedError(Refusal.UNSUPPORTED, "manifest has fewer than two components: code and descriptor")
    names, files = set(), []
    for at, component in enumerate(value):
        match component:
            case [bytes(prefix), bytes(name), bytes(file)] if prefix == COMPONENT_PREFIX:
                names.add(name)
            case _:
                raise RefusedError(Refusal.UNSUPPORTED, f"component id {at} is not of a workload")
        expected = DESCRIPTOR if at == len(value) - 1 else code_uri(at)[1:].encode()
        if file != expected:
            raise MalformedError(f"component id {at} ends with {file!r} instead of {expected!r}")
        files.append(expected.decode())
    if len(names) != 1:
        raise MalformedError("the component ids are of different workloads")
    try:
        return names.pop().decode("ascii"), files
    except UnicodeDecodeError:
        raise MalformedError("the workload name in the component ids is not text") from None


def _target(state: ComponentState, file: str) -> tuple[uuid.UUID, uuid.UUID]:
    if not {Condition.VENDOR, Condition.CLASS} <= set(state.done):
        raise MalformedError(f"the shared sequence does not check vendor and class of {file}")
    try:
        vendor, class_id = (uuid.UUID(bytes=state.parameters[key]) for key in (Parameter.VENDOR, Parameter.CLASS))
    except (KeyError, ValueError):
        raise MalformedError(f"vendor and class of {file} are not set as 16 bytes each") from None
    return vendor, class_id


def _code(state: ComponentState, file: str) -> Code:
    digest, size, uri = (
        state.parameters.get(key) for key in (Parameter.IMAGE_DIGEST, Parameter.IMAGE_SIZE, Parameter.URI)
    )
    if digest is None or size is None or uri is None:
        raise MalformedError(f"digest, size and place of {file} are not all set")
    if not {Directive.FETCH, Condition.IMAGE_MATCH, Directive.INVOKE} <= set(state.done):
        raise MalformedError(f"manifest does not fetch, compare and invoke {file}")
    if uri != f"#{file}":
        raise RefusedError(Refusal.UNSUPPORTED, f"{file} is to be fetched from {uri!r} instead of from the envelope")
    if not 0 < size <= cbor.MAX_UINT:
        raise MalformedError(f"size of {file} is {size}")
    match cbor.decode_strict(digest, f"digest of {file}"):
        case [int(algorithm), bytes(sha256)] if algorithm == ALGORITHM_SHA256 and len(sha256) == 32:
            return Code(uri, sha256, size)
    raise RefusedError(Refusal.UNSUPPORTED, f"digest of {file} is not SHA-256 (-16)")
