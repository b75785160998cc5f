"""Where a workload file's components come from: `image` of wasmCloud's `WorkloadDeployment`.

`file:NAME.wasm` lies relative to the workload file. `oci://REGISTRY/REPOSITORY:TAG@sha256:...`, or without `oci://` as
container tools write it, is an artifact in a registry. `https://HOST/PATH@sha256:...` (`http://` on loopback) is a file
on a web server, whose digest may also stand in the annotation `petiole.build/digest`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from wire import digests
from wire.errors import MalformedError, SourceError
from wire.fetching import check_url
from wire.oci.reference import Reference, is_reference


@dataclass(frozen=True)
class WebFile:
    """A file on a web server, and the SHA-256 that it has."""

    url: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.url}@{digests.show(self.digest)}"


Remote: TypeAlias = Reference | WebFile
Image: TypeAlias = Path | Remote


def parse(text: str, folder: Path, digest: bytes | None = None) -> Image:
    """The image written as `text` in a file in `folder`; `digest` is what an annotation says of a web server's file.

    Raises MalformedError.
    """
    scheme, colon, rest = text.partition(":")
    if colon and scheme in ("http", "https"):
        return _web_file(text, digest)
    if digest is not None:
        raise MalformedError(f"image {text!r} needs no annotation with a digest: it is for http and https")
    if scheme != "file" and is_reference(text):
        return Reference.parse(text)
    if not colon or scheme != "file":
        raise MalformedError(
            f"image {text!r} is none of file:NAME.wasm, oci://REGISTRY/REPOSITORY:TAG, https://HOST/PATH@sha256:..."
        )
    if not rest or rest.startswith("//"):
        raise MalformedError(f"image {text!r} names no file: write file:NAME.wasm, relative to this file")
    return folder / rest


def _web_file(text: str, digest: bytes | None) -> WebFile:
    url, at, written = text.rpartition("@sha256:")
    if at and digest is not None:
        raise MalformedError(f"image {text!r} has a digest already: remove the annotation")
    if at:
        digest = digests.parse(f"sha256:{written}")
    if digest is None:
        raise MalformedError(f"image {text!r} has no digest: write @sha256: and its 64 hexadecimal digits behind it")
    try:
        return WebFile(check_url(url if at else text), digest)
    except SourceError as error:
        raise MalformedError(str(error)) from None
