"""The Kubernetes stacks, read from the JSON that Terraform would get."""

import json
import re
from pathlib import Path

import pytest

from kreisbund_infra.local import main
from kreisbund_infra.local.home import CHECKOUT
from kreisbund_infra.stacks import policies, sites
from kreisbund_infra.stacks.sites import SiteError
from tests.infra.conftest import kreisbund

COUNTIES = CHECKOUT / "tenants" / "kreisbund_tenants" / "counties"
SITES = CHECKOUT / "infra" / "sites"
VERBS = (["serve", "api"], ["serve", "worker"], ["setup"], ["tenants", "export"])
OPERATORS_KINDS = {"Cluster", "Keycloak", "ObjectStore", "ScheduledBackup"}


# whatever asked a network would fail
NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def synth(image, target, **environment):
    status, said, problem = kreisbund("synth", str(target), KREISBUND_HOME=str(image), **environment)
    assert status == 0, said + problem
    return stacks_of(target)


def stacks_of(target):
    read = {path.parent.name: json.loads(path.read_text()) for path in Path(target).glob("stacks/*/cdk.tf.json")}
    return {
        name: [each["manifest"] for each in stack["resource"]["kubernetes_manifest"].values()]
        for name, stack in read.items()
    }


@pytest.fixture(scope="module")
def as_shipped(image, tmp_path_factory):
    """The repository's own counties and sites."""
    target = tmp_path_factory.mktemp("synth")
    synth(image, target)
    return target


@pytest.fixture(scope="module")
def hybrid(image, tmp_path_factory, as_shipped):
    """Wartburgkreis lies in the counties' own data centre."""
    folder = tmp_path_factory.mktemp("counties")
    for county in COUNTIES.glob("*/county.toml"):
        (folder / county.parent.name).mkdir()
        text = county.read_text("utf-8")
        if county.parent.name == "wartburgkreis":
            text += '\n[hosting]\nsite = "own"\n'
        (folder / county.parent.name / "county.toml").write_text(text, "utf-8")
    return synth(image, tmp_path_factory.mktemp("hybrid"), KREISBUND_COUNTIES=str(folder), **NOWHERE)


@pytest.fixture(scope="module")
def cloud(as_shipped):
    return stacks_of(as_shipped)["cloud"]


def of_kind(bodies, kind):
    return {body["metadata"]["name"]: body for body in bodies if body["kind"] == kind}


def pods(bodies):
    """Name and pod of everything of ours that runs."""
    for body in bodies:
        spec = body.get("spec", {})
        template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template")
        if template:
            yield body["metadata"]["name"], template


def containers(bodies):
    return [(name, each) for name, pod in pods(bodies) for each in pod["spec"]["containers"]]


def slugs():
    return sorted(path.parent.name for path in COUNTIES.glob("*/county.toml"))


def test_nothing_is_allowed_that_is_not_listed(cloud):
    policies_there = of_kind(cloud, "NetworkPolicy")
    assert policies_there["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, body in policies_there.items():
        assert body["metadata"]["namespace"] == "kreisbund"
        spec = body["spec"]
        if name == "default-deny":
            continue
        ways = [("to", way) for way in spec.get("egress", ())] + [("from", way) for way in spec.get("ingress", ())]
        assert len(ways) == 1, f"{name} says more or less than one way"
        for word, way in ways:
            assert way["ports"], f"{name} allows every port"
            assert all("port" in port for port in way["ports"])
            assert way[word], f"{name} allows every peer"
            assert all(peer and peer != {"podSelector": {}} for peer in way[word])
            assert not any(peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0" for peer in way[word])


def test_only_names_may_be_asked_by_all(cloud):
    everybody = [name for name, body in of_kind(cloud, "NetworkPolicy").items() if body["spec"]["podSelector"] == {}]
    assert sorted(everybody) == ["default-deny", "names"]


def test_every_pod_is_in_the_namespace_that_denies(cloud):
    assert {body["metadata"].get("namespace") for body in cloud if body["kind"] != "Namespace"} == {"kreisbund"}
    labels = of_kind(cloud, "Namespace")["kreisbund"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_counties_database_is_reached_by_ours_alone(cloud):
    into = [
        body["spec"]
        for body in of_kind(cloud, "NetworkPolicy").values()
        if body["spec"]["podSelector"] == {"matchLabels": {"cnpg.io/cluster": "counties"}} and "ingress" in body["spec"]
    ]
    sources = json.dumps([spec["ingress"][0]["from"] for spec in into])
    assert len(into) == 4
    assert "keycloak" not in sources
    assert '["api", "worker", "setup", "export"]' in sources


def test_a_way_without_peers_cannot_be_written():
    with pytest.raises(ValueError, match="everybody"):
        policies._way("all", {}, to=[], ports=(443,))


def test_every_image_of_ours_starts_a_verb(cloud):
    ours = [each for _name, each in containers(cloud) if each["image"].startswith("kreisbund:")]
    assert len(ours) == 3 + len(slugs())
    for each in ours:
        assert "command" not in each, "the image's entry point is the launcher"
        assert any(each["args"][: len(verb)] == verb for verb in VERBS), each["args"]
        assert each["args"][0] in main.USAGE
    started = {tuple(each["args"][:2]) for each in ours}
    assert {("serve", "api"), ("serve", "worker"), ("tenants", "export")} <= started


def test_each_county_of_the_manifests_appears(cloud):
    assert len(slugs()) >= 4
    exports = of_kind(cloud, "CronJob")
    assert sorted(exports) == [f"export-{slug}" for slug in slugs()]
    for slug in slugs():
        export = exports[f"export-{slug}"]
        words = export["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
        assert words == ["tenants", "export", slug, "--to", "/exports"]
    (set_up,) = of_kind(cloud, "Job").values()
    assert set_up["spec"]["template"]["spec"]["containers"][0]["args"] == ["setup", *slugs()]


def test_exports_do_not_all_run_at_once(cloud):
    times = [body["spec"]["schedule"] for body in of_kind(cloud, "CronJob").values()]
    assert len(set(times)) == len(times)


def test_hybrid_puts_the_named_county_on_the_other_cluster(hybrid):
    assert sorted(hybrid) == ["cloud", "own"]
    assert list(of_kind(hybrid["own"], "CronJob")) == ["export-wartburgkreis"]
    assert "export-wartburgkreis" not in of_kind(hybrid["cloud"], "CronJob")
    assert sorted(of_kind(hybrid["cloud"], "CronJob")) == [f"export-{s}" for s in slugs() if s != "wartburgkreis"]
    for bodies, expected in (
        (hybrid["own"], ["wartburgkreis"]),
        (hybrid["cloud"], [s for s in slugs() if s != "wartburgkreis"]),
    ):
        (set_up,) = of_kind(bodies, "Job").values()
        assert set_up["spec"]["template"]["spec"]["containers"][0]["args"][1:] == expected
        assert {"counties", "keycloak-database"} == set(of_kind(bodies, "Cluster"))
    stores = {name: of_kind(bodies, "ObjectStore")["counties"]["spec"] for name, bodies in hybrid.items()}
    assert stores["own"] != stores["cloud"]


def test_hybrid_speaks_to_two_clusters(hybrid, as_shipped):
    assert sorted(stacks_of(as_shipped)) == ["cloud"], "a site without a county is not built"
    stack = json.loads((as_shipped / "stacks" / "cloud" / "cdk.tf.json").read_text())
    assert stack["provider"]["kubernetes"][0]["config_context"] == "cloud"


def test_no_secret_stands_in_it(as_shipped, cloud):
    assert not of_kind(cloud, "Secret")
    for path in as_shipped.rglob("*.json"):
        text = path.read_text()
        assert not re.search(r"://[^/@\s\"]*:[^/@\s\"]*@", text), path
        assert "BEGIN" not in text
    for name, each in containers(cloud):
        for variable in each.get("env", ()):
            if re.search(r"(?i)(password|token|credential|secret(?!s|_file))", variable["name"]):
                assert set(variable) == {"name", "valueFrom"}, f"{name}: {variable['name']}"


def test_only_set_up_and_exports_have_the_owners_login(cloud):
    for name, each in containers(cloud):
        if not each["image"].startswith("kreisbund:"):
            continue
        told = {variable["name"]: variable for variable in each["env"]}
        is_owner = "kreisbund_owner@" in told["DATABASE_URL"]["value"]
        assert is_owner is ("PGPASSWORD" in told)
        assert is_owner is (each["args"][0] != "serve"), name


def test_pods_have_no_rights(cloud):
    found = list(pods(cloud))
    assert len(found) >= 3
    for name, pod in found:
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        assert pod["spec"]["automountServiceAccountToken"] is False
        for each in pod["spec"]["containers"]:
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert each["securityContext"]["readOnlyRootFilesystem"]
            assert re.search(r":v?\d+\.\d+", each["image"])
            assert "limits" in each["resources"]


def test_what_a_container_mounts_its_pod_has(cloud):
    for name, pod in pods(cloud):
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        for each in pod["spec"]["containers"]:
            mounted = [mount["mountPath"] for mount in each["volumeMounts"]]
            assert {mount["name"] for mount in each["volumeMounts"]} <= volumes, name
            assert len(set(mounted)) == len(mounted)


def test_a_version_replaces_another_without_a_gap(cloud):
    for name in ("api", "worker"):
        spec = of_kind(cloud, "Deployment")[name]["spec"]
        assert spec["replicas"] >= 2
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    api = of_kind(cloud, "Deployment")["api"]["spec"]["template"]["spec"]["containers"][0]
    assert api["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 8443, "scheme": "HTTPS"}


def test_databases_are_two_and_keycloaks_is_not_the_counties(cloud):
    clusters = of_kind(cloud, "Cluster")
    assert set(clusters) == {"counties", "keycloak-database"}
    (role,) = clusters["counties"]["spec"]["managed"]["roles"]
    assert (role["name"], role["createrole"], role["superuser"]) == ("kreisbund_owner", True, False)
    assert of_kind(cloud, "Keycloak")["keycloak"]["spec"]["db"]["host"] == "keycloak-database-rw"
    for name, cluster in clusters.items():
        assert cluster["spec"]["enableSuperuserAccess"] is False
        assert cluster["spec"]["postgresql"]["parameters"]["log_statement"] == "none"
        assert name in of_kind(cloud, "ScheduledBackup")


def test_the_namespace_has_a_quota(cloud):
    hard = of_kind(cloud, "ResourceQuota")["kreisbund"]["spec"]["hard"]
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"
    wanted = sum(body["spec"].get("replicas", 0) for body in of_kind(cloud, "Deployment").values())
    wanted += sum(body["spec"]["instances"] for body in cloud if body["kind"] in {"Cluster", "Keycloak"})
    assert int(hard["pods"]) >= 2 * wanted


def test_the_operators_resources_are_there(cloud):
    assert {body["kind"] for body in cloud} >= OPERATORS_KINDS


def test_a_county_at_a_site_that_nobody_describes_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "county.toml").write_text('slug = "a"\n[hosting]\nsite = "moon"\n')
    with pytest.raises(SiteError, match=r"a \(moon\): there are cloud, own"):
        sites.placed(sites.sites_of(SITES), sites.counties_of(tmp_path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version = 1", "wrong type of version"),
        ('secret = "x"', "unknown secret"),
        ('context = "x"', "missing"),
        ("= 1", "Invalid"),
    ],
)
def test_a_site_that_cannot_be_used_is_named(tmp_path, text, reason):
    (tmp_path / "site.toml").write_text(text)
    with pytest.raises(SiteError, match=reason):
        sites.sites_of(tmp_path)
