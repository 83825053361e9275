"""Who may speak with whom at a site: nobody, but for the ways listed here; and how much the namespace may take."""

from kreisbund_infra.stacks.databases import COUNTIES, IDENTITY
from kreisbund_infra.stacks.manifests import PART, Body, labelled, manifest
from kreisbund_infra.stacks.sites import Site
from kreisbund_infra.stacks.workloads import TLS_PORT

OURS = ("api", "worker", "setup", "export")
POSTGRES, POSTGRES_STATUS, KEYCLOAK_MANAGEMENT = 5432, 8000, 9000
KEYCLOAK_CLUSTER = (7800, 57800)


def policies(site: Site) -> list[Body]:
    """Default deny, the allowed ways, quota and default limits."""
    postgres = [_cluster(COUNTIES), _cluster(IDENTITY)]
    keycloak = {"matchLabels": {"app": "keycloak"}}
    operator = {"matchLabels": labelled("keycloak-operator")}
    ours = {"matchExpressions": [{"key": PART, "operator": "In", "values": list(OURS)}]}
    outside = [{"ipBlock": {"cidr": each}} for each in site.outside]
    ingress = _of_namespace(site.ingress_namespace)
    return [
        manifest(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "default-deny",
            spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        ),
        _way("names", {}, to=[_of_namespace("kube-system")], ports=(53,), protocols=("UDP", "TCP")),
        _way("api-from-ingress", {"matchLabels": labelled("api")}, source=[ingress], ports=(TLS_PORT,)),
        _way("ours-to-outside", ours, to=outside, ports=(443,)),
        *_between("ours-to-counties", ours, postgres[0], POSTGRES),
        *_between("ours-to-keycloak", ours, keycloak, TLS_PORT),
        *_between("keycloak-to-its-database", keycloak, postgres[1], POSTGRES),
        _way("keycloak-from-ingress", keycloak, source=[ingress], ports=(TLS_PORT,)),
        _way("keycloak-to-outside", keycloak, to=outside, ports=(443,)),
        *(way for port in KEYCLOAK_CLUSTER for way in _between(f"keycloak-to-itself-{port}", keycloak, keycloak, port)),
        *_between("operator-to-keycloak", operator, keycloak, KEYCLOAK_MANAGEMENT),
        _way("operator-to-kubernetes", operator, to=[{"ipBlock": {"cidr": site.kubernetes_api}}], ports=(443, 6443)),
        *(
            way
            for cluster, name in zip(postgres, (COUNTIES, IDENTITY), strict=True)
            for way in _postgres(site, cluster, name)
        ),
        _quota(site),
        _limits(),
    ]


def _postgres(site: Site, cluster: Body, name: str) -> list[Body]:
    """Copies among each other, the operator, its API server, and the store of backups."""
    operator = [_of_namespace("cnpg-system")]
    return [
        *_between(f"{name}-to-itself", cluster, cluster, POSTGRES),
        *_between(f"{name}-status-to-itself", cluster, cluster, POSTGRES_STATUS),
        _way(f"{name}-from-operator", cluster, source=operator, ports=(POSTGRES, POSTGRES_STATUS)),
        _way(f"{name}-to-kubernetes", cluster, to=[{"ipBlock": {"cidr": site.kubernetes_api}}], ports=(443, 6443)),
        _way(f"{name}-to-backups", cluster, to=[{"ipBlock": {"cidr": each}} for each in site.outside], ports=(443,)),
    ]


def _between(name: str, source: Body, target: Body, port: int) -> list[Body]:
    """Both ends must allow it."""
    return [
        _way(f"{name}-out", source, to=[{"podSelector": target}], ports=(port,)),
        _way(f"{name}-in", target, source=[{"podSelector": source}], ports=(port,)),
    ]


def _way(
    name: str,
    pods: Body,
    *,
    ports: tuple[int, ...],
    to: list[Body] | None = None,
    source: list[Body] | None = None,
    protocols: tuple[str, ...] = ("TCP",),
) -> Body:
    """One way out of (`to`) or into (`source`) these pods; never one without peers or ports, which would mean all."""
    peers = to or source
    if not peers or not ports:
        raise ValueError(f"{name} would allow everybody")
    listed = [{"port": port, "protocol": protocol} for port in ports for protocol in protocols]
    direction, word = ("egress", "to") if to else ("ingress", "from")
    spec = {
        "podSelector": pods,
        "policyTypes": [direction.capitalize()],
        direction: [{word: peers, "ports": listed}],
    }
    return manifest("networking.k8s.io/v1", "NetworkPolicy", name, spec=spec)


def _cluster(name: str) -> Body:
    return {"matchLabels": {"cnpg.io/cluster": name}}


def _of_namespace(name: str) -> Body:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _quota(site: Site) -> Body:
    """Room for all that is described here, twice while a version replaces another, and for no load balancer."""
    pods = 2 * (site.api_replicas + site.worker_replicas + 2 * site.database_instances + 2) + 8
    hard = {
        "pods": str(pods),
        "requests.cpu": str(pods),
        "limits.memory": f"{8 * pods}Gi",
        "persistentvolumeclaims": str(4 * site.database_instances + 4),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    return manifest("v1", "ResourceQuota", "kreisbund", spec={"hard": hard})


def _limits() -> Body:
    """For pods that operators make without saying their need: the quota would refuse them."""
    default = {
        "type": "Container",
        "default": {"memory": "512Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
    }
    return manifest("v1", "LimitRange", "kreisbund", spec={"limits": [default]})
