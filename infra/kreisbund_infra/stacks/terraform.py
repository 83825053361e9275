"""The one module that speaks with CDK Terrain: a stack of `kubernetes_manifest` for each site.

https://cdktn.io; its constructs run in Node, so that a `node` must be on the PATH.
"""

from pathlib import Path

from cdktn import App, TerraformStack
from cdktn_provider_kubernetes.manifest import Manifest
from cdktn_provider_kubernetes.provider import KubernetesProvider

from kreisbund_infra.stacks.manifests import Body, namespace
from kreisbund_infra.stacks.sites import Site

# what the cluster fills in itself; Terraform would take it for a deviation
COMPUTED = ["metadata.labels", "metadata.annotations"]
COMPUTED_OF = {"Job": ["spec.selector", "spec.template.metadata.labels"], "Cluster": ["spec.postgresql"]}


def synthesise(described: list[tuple[Site, list[Body]]], target: Path) -> None:
    """Writes `<target>/stacks/<site>/cdk.tf.json` for each site with its objects; asks no network."""
    app = App(outdir=str(target))
    for site, bodies in described:
        _stack(app, site, bodies)
    app.synth()


def _stack(app: App, site: Site, bodies: list[Body]) -> None:
    stack = TerraformStack(app, site.name)
    provider = KubernetesProvider(stack, "kubernetes", config_path="~/.kube/config", config_context=site.context)
    first = Manifest(stack, "namespace", manifest=namespace(), provider=provider)
    for body in bodies:
        kind, name = body["kind"], body["metadata"]["name"]
        computed = COMPUTED + COMPUTED_OF.get(kind, [])
        Manifest(
            stack, f"{kind}-{name}", manifest=body, provider=provider, computed_fields=computed, depends_on=[first]
        )
