"""The component files of a workload file: those that lie elsewhere are fetched once and kept by digest."""

import hashlib
from pathlib import Path

from provisioning import checkout, web
from provisioning.console import print_note
from provisioning.errors import InputError, ProvisioningError
from wire import digests, fetching
from wire.errors import MalformedError, SourceError
from wire.images import Remote, WebFile
from wire.manifest import Workload
from wire.oci import COMPONENT, Reference


def files(workload: Workload) -> tuple[Path, ...]:
    """The component files, in the order of the workload's components.

    Raises InputError when one is not there, ProvisioningError when one cannot be fetched or has another digest.
    """
    return tuple(
        _there(workload, image) if isinstance(image, Path) else _fetched(workload, image) for image in workload.images
    )


def _there(workload: Workload, image: Path) -> Path:
    if not image.is_file():
        raise InputError(
            f"component file {image.name} is not there",
            where=str(workload.path),
            next_step=f"build it with: petiole component build {workload.path}",
        )
    return image


def _fetched(workload: Workload, image: Remote) -> Path:
    if image.digest is not None and (file := _kept(image.digest)).is_file():
        return file
    try:
        return _fetch_file(image) if isinstance(image, WebFile) else _pull(image)
    except (SourceError, MalformedError) as error:
        raise ProvisioningError(str(error), where=str(workload.path)) from error


def _fetch_file(image: WebFile) -> Path:
    content = fetching.get(web.send, image.url)
    found = hashlib.sha256(content).digest()
    if found != image.digest:
        raise SourceError(f"{image.url} has the digest {digests.show(found)}, not {digests.show(image.digest)}")
    return _keep(image.digest, content)


def _pull(image: Reference) -> Path:
    pulled = web.registry().pull(image, COMPONENT)
    if image.digest is None:
        print_note(
            f"{image} is {digests.show(pulled.digest)}; write @{digests.show(pulled.digest)} behind it to pin it"
        )
    return _keep(pulled.digest, pulled.content)


def _kept(digest: bytes) -> Path:
    """Where what a digest stands for is kept: a file's own, or that of a registry's manifest."""
    return checkout.cache() / "images" / f"{digest.hex()}.wasm"


def _keep(digest: bytes, content: bytes) -> Path:
    file = _kept(digest)
    file.parent.mkdir(exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(file)
    return file
