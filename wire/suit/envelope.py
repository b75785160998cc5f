"""The SUIT envelope: authentication, manifest and integrated payloads (draft-ietf-suit-manifest-37 section 8.2)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from wire import cbor, cose
from wire.descriptor import Descriptor
from wire.errors import MalformedError, RefusedError
from wire.profiles import class_id
from wire.refusals import Refusal
from wire.suit import manifest as manifests
from wire.suit.manifest import ALGORITHM_SHA256, Code, Manifest

TAG = 107
MAX_ENVELOPE = 4096
"""The most bytes of an envelope without its payloads."""

_AUTHENTICATION = 2
_MANIFEST = 3


@dataclass(frozen=True)
class Envelope:
    """An envelope taken apart; nothing in it is to be believed before `verify`.

    `digest_block` is what is signed, `signatures` are COSE_Sign1 blocks, `payloads` are the integrated ones by URI.
    """

    manifest_bytes: bytes
    digest_block: bytes
    signatures: tuple[bytes, ...]
    payloads: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take an envelope apart, without a look into its manifest."""
        value = cbor.decode_strict(data, "envelope")
        if not isinstance(value, cbor.Tag) or value.tag != TAG or not isinstance(value.value, dict):
            raise MalformedError(f"this is not a SUIT envelope: it is not a map with tag {TAG}")
        members = dict(value.value)
        manifest_bytes = members.pop(_MANIFEST, None)
        if not isinstance(manifest_bytes, bytes):
            raise MalformedError("envelope has no manifest (key 3) as a byte string")
        authentication = members.pop(_AUTHENTICATION, None)
        for key, payload in members.items():
            if not isinstance(key, str):
                raise RefusedError(Refusal.UNSUPPORTED, f"envelope has the member {key!r}")
            if not isinstance(payload, bytes):
                raise MalformedError(f"payload {key!r} is not a byte string")
        if authentication is None:
            raise RefusedError(Refusal.UNSIGNED, "the envelope has no authentication (key 2)")
        digest_block, signatures = _authentication(authentication)
        return cls(manifest_bytes, digest_block, signatures, members)

    @cached_property
    def manifest_digest(self) -> bytes:
        """SHA-256 over the manifest with its byte string header: what a release is named by."""
        return manifest_digest(self.manifest_bytes)

    @cached_property
    def manifest(self) -> Manifest:
        """What the manifest says, **unverified**: to show it."""
        return manifests.decode(self.manifest_bytes, self.manifest_digest)

    def verify(self, anchors: Mapping[bytes, bytes]) -> Manifest:
        """The manifest, once a trust anchor's signature over it is found good; else RefusedError or MalformedError."""
        if not self.signatures:
            raise RefusedError(Refusal.UNSIGNED, "the envelope carries no signature")
        if len(self.signatures) > 1:
            raise RefusedError(Refusal.UNSUPPORTED, f"the envelope carries {len(self.signatures)} signatures, not one")
        cose.verify1(self.signatures[0], self.digest_block, anchors)
        match cbor.decode_strict(self.digest_block, "manifest digest"):
            case [int(algorithm), bytes(digest)] if algorithm == ALGORITHM_SHA256:
                if digest != self.manifest_digest:
                    raise RefusedError(Refusal.DIGEST_MISMATCH, "the manifest is not the one that was signed")
            case _:
                raise RefusedError(Refusal.UNSUPPORTED, "the manifest's digest is not SHA-256 (-16)")
        if (size := len(self.sever())) > MAX_ENVELOPE:
            raise RefusedError(
                Refusal.OVER_LIMIT, f"the envelope has {size} bytes without payload; allowed are {MAX_ENVELOPE}"
            )
        return self.manifest

    def sever(self) -> bytes:
        """The envelope without its payloads, as it travels in `desired`."""
        return self._encode({})

    def encode(self) -> bytes:
        """The envelope with its payloads."""
        return self._encode(self.payloads)

    def _encode(self, payloads: Mapping[str, bytes]) -> bytes:
        return assemble(self.manifest_bytes, self.digest_block, self.signatures, payloads)


def manifest_digest(manifest_bytes: bytes) -> bytes:
    """SHA-256 over a manifest, given without the byte string header that is part of what is digested."""
    return hashlib.sha256(cbor.encode(manifest_bytes)).digest()


def assemble(
    manifest_bytes: bytes, digest_block: bytes, signatures: Iterable[bytes], payloads: Mapping[str, bytes]
) -> bytes:
    """An envelope of the given parts, which need not fit together."""
    members: dict[Any, Any] = {_AUTHENTICATION: cbor.encode([digest_block, *signatures]), _MANIFEST: manifest_bytes}
    return cbor.encode(cbor.Tag(TAG, members | dict(payloads)))


def build(descriptor: Descriptor, sequence: int, profile: str, payloads: Sequence[bytes], seed: bytes) -> bytes:
    """A bundle for hosts of `profile`, signed with the Ed25519 key of `seed`; one payload for each component."""
    codes = [
        Code(manifests.code_uri(at), hashlib.sha256(payload).digest(), len(payload))
        for at, payload in enumerate(payloads)
    ]
    manifest_bytes = manifests.encode(descriptor, sequence, class_id(profile), codes)
    digest_block = cbor.encode([ALGORITHM_SHA256, manifest_digest(manifest_bytes)])
    signature = cose.sign1(digest_block, seed)
    severed = assemble(manifest_bytes, digest_block, [signature], {})
    if len(severed) > MAX_ENVELOPE:
        raise MalformedError(
            f"workload {descriptor.name} makes an envelope of {len(severed)} bytes without payload; "
            f"allowed are {MAX_ENVELOPE}: shorten its configuration"
        )
    by_uri = {code.uri: payload for code, payload in zip(codes, payloads, strict=True)}
    return assemble(manifest_bytes, digest_block, [signature], by_uri)


def _authentication(data: Any) -> tuple[bytes, tuple[bytes, ...]]:
    if not isinstance(data, bytes):
        raise MalformedError("envelope authentication (key 2) is not a byte string")
    blocks = cbor.decode_strict(data, "envelope authentication")
    if not isinstance(blocks, list) or not blocks or not all(isinstance(block, bytes) for block in blocks):
        raise MalformedError("envelope authentication is not an array of byte strings")
    digest_block, *signatures = blocks
    return digest_block, tuple(signatures)
