"""What policies of every kind have in common, as objects and as what a Tool or a Run holds of them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kubectl_rapt.errors import Invalid
from kubectl_rapt.model.fields import Fields, Findings, refuse
from kubectl_rapt.model.kinds import Kind, Manifest, Ref

P = TypeVar("P")
Read = Callable[[Fields, str], P]
"""Reads what a policy of some name says, and notes what is wrong with it."""


def from_data(read: Read[P], data: Mapping[str, Any], source: str) -> P:
    """A policy that has its name in it.

    Raises:
        Invalid: ``bad-policy``: it is not one.
    """
    findings: Findings = []
    at = Fields(dict(data), "", findings)
    policy = read(at, at.text("name", required=True))
    at.done()
    refuse(findings, {}, source, "bad-policy")
    return policy


def from_manifest(read: Read[P], manifest: Manifest, kind: Kind) -> P:
    """A policy that is an object. Raises Invalid."""
    name, spec = manifest["metadata"]["name"], manifest.get("spec")
    source = f"{kind.name.lower()}/{name}"
    if not isinstance(spec, dict):
        raise Invalid("bad-policy", f"{source} says nothing", f"kubectl get {source} -o yaml")
    return from_data(read, {"name": name, **spec}, source)


def to_manifest(ref: Ref, spec: Mapping[str, Any]) -> Manifest:
    """The object of a policy."""
    return {
        "apiVersion": ref.kind.api_version,
        "kind": ref.kind.name,
        "metadata": {"name": ref.name, "namespace": ref.namespace},
        "spec": spec,
    }
