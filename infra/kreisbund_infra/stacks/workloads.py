"""What of ours runs at a site: API, worker, set-up, and each county's nightly export.

Every container of our image is started with a verb of `./kreisbund`. Beside API and worker stands clamd, beside the
API the proxy that ends TLS; both are reached on loopback (decision 0032).
"""

from pathlib import Path

from kreisbund_infra.stacks.manifests import Body, labelled, manifest
from kreisbund_infra.stacks.sites import Site

SETTINGS = Path(__file__).resolve().parents[2] / "settings"
HOME = "/kreisbund/home"
SECRETS = "/run/kreisbund"
USER = 10001
PROXY, CLAMAV = "nginxinc/nginx-unprivileged:1.29.1-alpine", "clamav/clamav:1.4.3"
OWNER = "kreisbund_owner"
API_PORT, TLS_PORT = 8420, 8443
ASIDE = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
# each container has its own; what lies there goes with the pod
SCRATCH = {"tmp": "2Gi", "proxy-tmp": "2Gi", "clamav-tmp": "2Gi", "clamav-log": "100Mi", "signatures": "2Gi"}
DATABASE = "counties-rw:5432/kreisbund?sslmode=verify-full&sslrootcert=/run/database/ca.crt"


def workloads(site: Site, counties: list[str]) -> list[Body]:
    """Everything of ours; `counties` are those of this site."""
    return [
        _settings(),
        _volume("files", site, site.files_size),
        _volume("exports", site, site.files_size),
        _service(),
        _served(site, "api", site.api_replicas, _beside_api()),
        _served(site, "worker", site.worker_replicas, []),
        _keeps_one("api"),
        _set_up(site, counties),
        *(_export(site, county, number) for number, county in enumerate(counties)),
    ]


def _settings() -> Body:
    files = {name: (SETTINGS / name).read_text("utf-8") for name in ("proxy.conf", "clamd.conf")}
    return manifest("v1", "ConfigMap", "settings", data=files)


def _volume(name: str, site: Site, size: str) -> Body:
    """Written by several pods: files lie beside the database, not in it."""
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": site.shared_storage_class,
        "resources": {"requests": {"storage": size}},
    }
    return manifest("v1", "PersistentVolumeClaim", name, spec=spec)


def _service() -> Body:
    ports = [{"name": "https", "port": 443, "targetPort": TLS_PORT}]
    return manifest("v1", "Service", "api", spec={"selector": labelled("api"), "ports": ports})


def _keeps_one(name: str) -> Body:
    spec = {"minAvailable": 1, "selector": {"matchLabels": labelled(name)}}
    return manifest("policy/v1", "PodDisruptionBudget", name, spec=spec)


def _served(site: Site, name: str, replicas: int, beside: list[Body]) -> Body:
    """A Deployment of `serve NAME`. A new pod counts once it is ready, and only then an old one ends."""
    container = _ours(site, name, ["serve", name])
    if name == "api":
        container |= _probes()
    return manifest(
        "apps/v1",
        "Deployment",
        name,
        spec={
            "replicas": replicas,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "selector": {"matchLabels": labelled(name)},
            "template": {
                "metadata": {"labels": labelled(name)},
                "spec": _pod([container, *beside, _clamav()]) | {"terminationGracePeriodSeconds": 30},
            },
        },
    )


def _set_up(site: Site, counties: list[str]) -> Body:
    """Migrates and makes what is missing, once for each version; the API of that version is not ready before."""
    container = _as_owner(_ours(site, "setup", ["setup", *counties]))
    name = f"setup-{site.version.replace('.', '-')}"
    return manifest(
        "batch/v1",
        "Job",
        name,
        spec={"backoffLimit": 6, "template": _ending("setup", container, "OnFailure")},
    )


def _export(site: Site, county: str, number: int) -> Body:
    """The county alone as one signed file, each night, spread over the hours from one to five."""
    container = _as_owner(_ours(site, "export", ["tenants", "export", county, "--to", "/exports"]))
    container["volumeMounts"].append({"name": "exports", "mountPath": "/exports"})
    template = _ending("export", container, "Never")
    template["spec"]["volumes"].append({"name": "exports", "persistentVolumeClaim": {"claimName": "exports"}})
    return manifest(
        "batch/v1",
        "CronJob",
        f"export-{county}",
        spec={
            "schedule": f"{number * 7 % 60} {1 + number * 7 // 60 % 4} * * *",
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"backoffLimit": 1, "template": template}},
        },
        labels={"kreisbund/county": county},
    )


def _ending(name: str, container: Body, restart: str) -> Body:
    return {"metadata": {"labels": labelled(name)}, "spec": _pod([container]) | {"restartPolicy": restart}}


def _pod(containers: list[Body]) -> Body:
    secret = {"defaultMode": 0o440}
    config = {"name": "settings"}
    return {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": containers,
        "volumes": [
            {"name": "files", "persistentVolumeClaim": {"claimName": "files"}},
            {"name": "given", "secret": {"secretName": "kreisbund", **secret}},
            {"name": "tls", "secret": {"secretName": "api-tls", **secret}},
            {"name": "database", "secret": {"secretName": "counties-ca", "items": [_item("ca.crt")], **secret}},
            {"name": "settings", "configMap": config},
            {"name": "secrets", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
            *({"name": name, "emptyDir": {"sizeLimit": size}} for name, size in SCRATCH.items()),
        ],
    }


def _item(name: str) -> dict[str, str]:
    return {"key": name, "path": name}


def _ours(site: Site, name: str, words: list[str]) -> Body:
    """A container of our image; `words` follow its entry point, which is `./kreisbund`."""
    return {
        "name": name,
        "image": f"{site.registry}kreisbund:{site.version}",
        "args": words,
        "env": [{"name": key, "value": value} for key, value in _environment(site).items()],
        "envFrom": [{"secretRef": {"name": "kreisbund-s3"}}],
        "securityContext": ASIDE,
        "resources": _resources("500m", "1Gi", "2Gi"),
        "volumeMounts": [
            {"name": "files", "mountPath": f"{HOME}/files"},
            {"name": "secrets", "mountPath": f"{HOME}/secrets"},
            {"name": "given", "mountPath": SECRETS, "readOnly": True},
            {"name": "database", "mountPath": "/run/database", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  the pod's own
        ],
    }


def _environment(site: Site) -> dict[str, str]:
    inside = f"{site.keycloak_url}={site.keycloak_address}" if site.keycloak_address else ""
    return {
        "KREISBUND_ENV": "production",
        "KREISBUND_PORT": str(API_PORT),
        "KREISBUND_BASE_URL": site.base_url,
        "KREISBUND_SECRETS": SECRETS,
        "KREISBUND_KEYCLOAK_URL": site.keycloak_url,
        "KREISBUND_KEYCLOAK_ADMIN_URL": site.keycloak_admin_url,
        "KREISBUND_KEYCLOAK_ADMIN": "kreisbund-provisioning",
        "KREISBUND_KEYCLOAK_SECRET_FILE": f"{HOME}/secrets/keycloak-admin.secret",
        "KREISBUND_INTERNAL_ORIGINS": inside,
        "KREISBUND_CHECKPOINTS": site.checkpoints,
        "KREISBUND_S3_ENDPOINT": site.s3_endpoint,
        "KREISBUND_CLAMD": "127.0.0.1:3310",
        "KREISBUND_CONNECTIONS": str(site.api_connections),
        "OTEL_EXPORTER_OTLP_ENDPOINT": site.otlp_endpoint,
        "DATABASE_URL": f"postgresql://{DATABASE}",
    }


def _as_owner(container: Body) -> Body:
    """The owner's login: named in the address, its password by PGPASSWORD from the secret that made the role."""
    environment = [each for each in container["env"] if each["name"] != "DATABASE_URL"]
    password = {"secretKeyRef": {"name": "counties-owner", "key": "password"}}
    environment += [
        {"name": "DATABASE_URL", "value": f"postgresql://{OWNER}@{DATABASE}"},
        {"name": "PGPASSWORD", "valueFrom": password},
    ]
    return container | {"env": environment}


def _probes() -> Body:
    """Asked through the proxy, since nothing else leads to the API."""

    def asking(path: str, period: int, failures: int) -> Body:
        get = {"path": path, "port": TLS_PORT, "scheme": "HTTPS"}
        return {"httpGet": get, "periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": 5}

    return {
        "startupProbe": asking("/healthz", 2, 60),
        "livenessProbe": asking("/healthz", 10, 6),
        "readinessProbe": asking("/readyz", 5, 2),
    }


def _beside_api() -> list[Body]:
    proxy = {
        "name": "proxy",
        "image": PROXY,
        "ports": [{"containerPort": TLS_PORT}],
        "securityContext": ASIDE,
        "resources": _resources("50m", "32Mi", "128Mi"),
        "volumeMounts": [
            {"name": "settings", "mountPath": "/etc/nginx/conf.d/default.conf", "subPath": "proxy.conf"},
            {"name": "tls", "mountPath": "/run/tls", "readOnly": True},
            {"name": "proxy-tmp", "mountPath": "/tmp"},  # noqa: S108  the pod's own
        ],
    }
    return [proxy]


def _clamav() -> Body:
    """Scanner and freshclam; the signatures are fetched anew by each pod and stay in 1 to 2 GB of memory."""
    return {
        "name": "clamav",
        "image": CLAMAV,
        "command": ["/init-unprivileged"],
        "securityContext": ASIDE,
        "resources": _resources("100m", "2Gi", "4Gi"),
        "volumeMounts": [
            {"name": "settings", "mountPath": "/etc/clamav/clamd.conf", "subPath": "clamd.conf"},
            {"name": "signatures", "mountPath": "/var/lib/clamav"},
            {"name": "clamav-log", "mountPath": "/var/log/clamav"},
            {"name": "clamav-tmp", "mountPath": "/tmp"},  # noqa: S108  the pod's own
        ],
    }


def _resources(processor: str, memory: str, most: str) -> Body:
    return {"requests": {"cpu": processor, "memory": memory}, "limits": {"memory": most}}
