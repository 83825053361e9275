"""Kubernetes objects as plain data: what `kubectl` would take, as dicts."""

from typing import Any

Body = dict[str, Any]
NAMESPACE = "kreisbund"
PART = "app.kubernetes.io/name"


def manifest(version: str, kind: str, name: str, *, labels: dict[str, str] | None = None, **rest: Any) -> Body:
    """An object of our namespace; `rest` are its further top-level keys (`spec`, `data`)."""
    metadata: Body = {"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/part-of": "kreisbund"}}
    metadata["labels"] |= labels or {}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def labelled(name: str) -> dict[str, str]:
    """The label by which a part of ours is selected."""
    return {PART: name}


def namespace() -> Body:
    """Pods in it must be without privileges; the cluster refuses others."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
