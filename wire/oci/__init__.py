"""Registries of the OCI distribution specification 1.1: references, artifacts, credentials, and the talk with one."""

from wire.oci.artifact import BUNDLE, COMPONENT, Artifact
from wire.oci.credentials import Login, find_login
from wire.oci.reference import Reference
from wire.oci.registry import Pulled, Registry

__all__ = ["BUNDLE", "COMPONENT", "Artifact", "Login", "Pulled", "Reference", "Registry", "find_login"]
