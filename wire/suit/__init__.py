"""Bundles: SUIT envelopes (draft-ietf-suit-manifest-37) that carry a workload release (formats.md section 4).

`build` makes a signed bundle. To accept one: `Envelope.parse`, `Envelope.verify` (signature and digest first),
`check` (vendor, class, sequence number), then `Code.check` over each payload.
"""

from wire.suit.envelope import MAX_ENVELOPE, Envelope, assemble, build, manifest_digest
from wire.suit.manifest import CODE_ALIGNMENT, Code, Manifest, check, join

__all__ = [
    "CODE_ALIGNMENT",
    "MAX_ENVELOPE",
    "Code",
    "Envelope",
    "Manifest",
    "assemble",
    "build",
    "check",
    "join",
    "manifest_digest",
]
