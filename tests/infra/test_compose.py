"""infra/compose.yaml and the Containerfile, as far as they can be judged without a container engine."""

import re

import pytest
import yaml

from kreisbund_infra.local import keycloak, main, postgres
from kreisbund_infra.local.home import CHECKOUT

INFRA = CHECKOUT / "infra"
OURS = {"api": ["serve", "api"], "worker": ["serve", "worker"], "setup": ["setup"]}
PARTS = {"postgres", "keycloak", "s3", "smtp", "clamav", "telemetry", "api", "worker", "setup", "proxy"}
# a one-off; a process without a port; an image without a program that could ask
UNASKED = {"setup", "worker", "telemetry"}
HOST = re.compile(r"^[^/]*[.:][^/]*/")
SECRET = re.compile(r"(?i)(password|secret|token|credential|key)\b(?!.*(_FILE|file))")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def containerfile():
    return (INFRA / "Containerfile").read_text("utf-8")


def test_every_part_is_there(compose):
    assert set(compose["services"]) >= PARTS


def test_images_are_pinned_and_name_no_host(compose, containerfile):
    images = {name: service["image"] for name, service in compose["services"].items()}
    for name in OURS:
        assert images.pop(name).startswith("kreisbund:${KREISBUND_VERSION:?")
    images |= {image: image for image in re.findall(r"^FROM (\S+)", containerfile, re.MULTILINE)}
    assert len(images) > 8
    for image in images.values():
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+[\w.-]*", image), f"{image} is not pinned"
        assert not HOST.match(image), f"{image} names a host"


def test_ports_are_published_on_loopback_alone(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert published
    assert all(isinstance(port, str) and port.startswith("127.0.0.1:") for port in published)
    assert "host" not in [service.get("network_mode") for service in compose["services"].values()]


def test_our_containers_start_verbs_that_exist(compose):
    for name, words in OURS.items():
        assert compose["services"][name]["command"] == words
        assert "entrypoint" not in compose["services"][name]
        assert words[0] in main.USAGE


def test_the_image_starts_the_launcher_as_nobody_in_particular(containerfile):
    assert 'ENTRYPOINT ["/kreisbund/kreisbund"]\nCMD ["serve", "api"]' in containerfile
    assert re.search(r"^USER 10001", containerfile, re.MULTILINE)
    assert (CHECKOUT / "kreisbund").stat().st_mode & 0o111
    assert "/kreisbund/kreisbund prepare" in containerfile


def test_what_can_be_asked_is_asked_whether_it_lives(compose):
    assert {name for name, service in compose["services"].items() if "healthcheck" not in service} == UNASKED


def test_no_secret_stands_in_it(compose):
    for name, service in compose["services"].items():
        environment = service.get("environment", {})
        assert isinstance(environment, dict), f"{name}: as a list nothing could be checked"
        for key, value in environment.items():
            if SECRET.search(key) and not key.endswith(("_FILE", "_KEY_FILE")):
                assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", str(value)), f"{name}: {key}"
            assert not re.search(r"://[^/@\s]*:[^/@\s]*@", str(value)), f"{name}: {key} holds a login with its password"
    assert all(set(each) == {"file"} and each["file"].startswith("./secrets/") for each in compose["secrets"].values())
    assert "/infra/secrets/" in (CHECKOUT / ".gitignore").read_text().splitlines()


def test_secrets_that_are_used_are_declared_and_the_others_not(compose):
    used = {
        secret if isinstance(secret, str) else secret["source"]
        for service in compose["services"].values()
        for secret in service.get("secrets", ())
    }
    assert used == set(compose["secrets"])


def test_only_set_up_has_the_owners_login(compose):
    for name in ("api", "worker"):
        service = compose["services"][name]
        assert "owner.pgpass" not in service["secrets"]
        assert "@" not in service["environment"]["DATABASE_URL"]
    assert "kreisbund_owner@" in compose["services"]["setup"]["environment"]["DATABASE_URL"]


def test_our_containers_can_write_only_where_they_must(compose):
    for name in OURS:
        service = compose["services"][name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["environment"]["KREISBUND_ENV"] == "production"


def test_postgres_is_as_quiet_as_our_own(compose):
    command = compose["services"]["postgres"]["command"]
    quiet = {f"-c{key}={value}" for key, value in postgres.SETTINGS.items() if key.startswith("log_")}
    assert len(quiet) > 5
    assert quiet <= set(command)
    assert {
        key: compose["services"]["postgres"]["environment"][key] for key in postgres.ALLOCATOR
    } == postgres.ALLOCATOR
    assert "trust" not in str(compose["services"]["postgres"])


def test_keycloak_has_a_server_of_its_own_and_is_the_version_that_tests_run(compose):
    service = compose["services"]["keycloak"]
    assert service["image"] == f"keycloak/keycloak:{keycloak.VERSION}"
    assert service["environment"]["KC_DB_URL"].startswith("jdbc:postgresql://keycloak-postgres:")


def test_files_that_are_mounted_are_there(compose):
    mounted = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert len(mounted) >= 4
    assert [path for path in mounted if not (INFRA / path).is_file()] == []
    yaml.safe_load((INFRA / "settings" / "telemetry.yaml").read_text("utf-8"))


def test_networks_and_volumes_are_declared(compose):
    for service in compose["services"].values():
        assert set(service.get("networks", ())) <= set(compose["networks"])
        named = {volume.split(":")[0] for volume in service.get("volumes", ()) if not volume.startswith("./")}
        assert named <= set(compose["volumes"])
        assert set(service.get("depends_on", ())) <= set(compose["services"])
        if mode := service.get("network_mode"):
            assert mode.partition(":")[2] in compose["services"]
