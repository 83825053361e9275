"""PostgreSQL by CloudNativePG and Keycloak by its operator: two clusters, so that neither's owner reaches the other."""

from kreisbund_infra.local.postgres import ALLOCATOR, OTHER_CONNECTIONS, SETTINGS
from kreisbund_infra.stacks.manifests import Body, manifest
from kreisbund_infra.stacks.sites import Site
from kreisbund_infra.stacks.workloads import OWNER

COUNTIES, IDENTITY = "counties", "keycloak-database"
# as our own PostgreSQL is set: no statement and no parameter in any log
QUIET = {key: value.strip("'") for key, value in SETTINGS.items() if key.startswith("log_")}


def databases(site: Site) -> list[Body]:
    """The counties' PostgreSQL, Keycloak and its own PostgreSQL, each backed up with its log of changes."""
    roles = [
        {
            "name": OWNER,
            "ensure": "present",
            "login": True,
            "createrole": True,
            "superuser": False,
            "passwordSecret": {"name": "counties-owner"},
        }
    ]
    return [
        *_postgres(site, COUNTIES, "kreisbund", OWNER, "counties-owner", {"managed": {"roles": roles}}),
        *_postgres(site, IDENTITY, "keycloak", "keycloak", "keycloak-database-owner", {}),
        _keycloak(site),
    ]


def _postgres(site: Site, name: str, database: str, owner: str, secret: str, more: Body) -> list[Body]:
    # one API more while versions change
    most = (site.api_replicas + 1) * site.api_connections + OTHER_CONNECTIONS
    parameters = QUIET | {"max_connections": str(most), "shared_buffers": "1GB", "timezone": "UTC"}
    made = {"database": database, "owner": owner, "secret": {"name": secret}, "encoding": "UTF8", "dataChecksums": True}
    spec = {
        "instances": site.database_instances,
        "enableSuperuserAccess": False,
        "bootstrap": {"initdb": made},
        "postgresql": {"parameters": parameters},
        "storage": {"size": site.database_size, "storageClass": site.storage_class},
        "resources": {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "8Gi"}},
        "env": [{"name": key, "value": value} for key, value in ALLOCATOR.items()],
        "plugins": [
            {
                "name": "barman-cloud.cloudnative-pg.io",
                "isWALArchiver": True,
                "parameters": {"barmanObjectName": name},
            }
        ],
    }
    return [
        manifest("postgresql.cnpg.io/v1", "Cluster", name, spec=spec | more),
        _store(site, name),
        _nightly(name),
    ]


def _store(site: Site, name: str) -> Body:
    """Base backups and the log of changes: any moment of the last thirty days can be had back."""
    keys = {
        "accessKeyId": {"name": "kreisbund-s3", "key": "AWS_ACCESS_KEY_ID"},
        "secretAccessKey": {"name": "kreisbund-s3", "key": "AWS_SECRET_ACCESS_KEY"},
    }
    configuration = {
        "destinationPath": f"{site.backups}{name}",
        "endpointURL": site.s3_endpoint,
        "s3Credentials": keys,
        "wal": {"compression": "gzip", "maxParallel": 4},
        "data": {"compression": "gzip"},
    }
    spec = {"retentionPolicy": "30d", "configuration": configuration}
    return manifest("barmancloud.cnpg.io/v1", "ObjectStore", name, spec=spec)


def _nightly(name: str) -> Body:
    spec = {
        "schedule": "0 30 0 * * *",  # six fields, the first are seconds
        "cluster": {"name": name},
        "method": "plugin",
        "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"},
    }
    return manifest("postgresql.cnpg.io/v1", "ScheduledBackup", name, spec=spec)


def _keycloak(site: Site) -> Body:
    """Two instances; the console answers on the host for administration only. Realms are made by `setup`."""
    secret = "keycloak-database-owner"  # noqa: S105  its name
    spec = {
        "instances": 2,
        "db": {
            "vendor": "postgres",
            "host": f"{IDENTITY}-rw",
            "port": 5432,
            "database": "keycloak",
            "poolMaxSize": 40,
            "usernameSecret": {"name": secret, "key": "username"},
            "passwordSecret": {"name": secret, "key": "password"},
        },
        "http": {"tlsSecret": "keycloak-tls"},
        "hostname": {"hostname": site.keycloak_url, "admin": site.keycloak_admin_url},
        "bootstrapAdmin": {"service": {"secret": "keycloak-bootstrap"}},
        "ingress": {"enabled": False},
        "networkPolicy": {"enabled": False},  # ours say it (policies.py)
        "resources": {"requests": {"cpu": "500m", "memory": "1500Mi"}, "limits": {"memory": "2Gi"}},
    }
    return manifest("k8s.keycloak.org/v2beta1", "Keycloak", "keycloak", spec=spec)
