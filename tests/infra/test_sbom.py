"""The bill of materials: all that is locked is in it with its hash, and nothing else."""

import json
import re
import uuid

import pytest

from kreisbund_infra.local import keycloak, sbom
from kreisbund_infra.local.home import CHECKOUT
from kreisbund_infra.local.problem import Problem
from tests.infra.conftest import kreisbund


@pytest.fixture(scope="module")
def bill():
    return sbom.document(CHECKOUT)


def by_reference(bill):
    return {each["bom-ref"]: each for each in bill["components"]}


def digests(component):
    """All hashes of a component and of its files."""
    own = [each["content"] for each in component.get("hashes", ())]
    return own + [each["content"] for file in component.get("components", ()) for each in file["hashes"]]


def test_every_pinned_package_is_in_it_with_every_hash(bill):
    """The lock files are read here in another way than the program does."""
    found, seen = by_reference(bill), set()
    locks = sorted(CHECKOUT.glob("requirements*.lock"))
    assert len(locks) >= 6
    for lock in locks:
        name = None
        for line in lock.read_text().splitlines():
            if not line.startswith(" "):
                name, _, rest = line.partition("==")
                reference = f"pkg:pypi/{name.partition('[')[0].replace('_', '-').lower()}@{rest.split()[0]}"
                assert reference in found, f"{lock.name}: {line}"
                seen.add(reference)
            else:
                digest = re.search(r"sha256:(\w+)", line)[1]
                if lock.name == found[reference]["properties"][0]["value"]:
                    assert digest in digests(found[reference]), f"{lock.name}: {name} {digest}"
    assert {each for each in found if each.startswith("pkg:pypi/")} == seen


def test_what_npm_installs_is_in_it(bill):
    locked = json.loads((CHECKOUT / "package-lock.json").read_text())["packages"]
    names = {each["purl"]: each for each in bill["components"] if each["purl"].startswith("pkg:npm/")}
    assert len(names) == len(locked) - 1
    kern = names[f"pkg:npm/%40kern-ux/native@{locked['node_modules/@kern-ux/native']['version']}"]
    assert (kern["group"], kern["name"]) == ("@kern-ux", "native")
    assert len(kern["hashes"][0]["content"]) == 128


def test_keycloak_is_in_it(bill):
    part = next(each for each in bill["components"] if each["name"] == "keycloak-quarkus-dist")
    assert (part["version"], digests(part)) == (keycloak.VERSION, [keycloak.SHA256])


def test_required_is_what_the_running_product_has(bill):
    runtime = {
        f"pkg:pypi/{name.lower()}@{version}"
        for name, version in re.findall(
            r"^([\w.-]+)==(\S+)", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE
        )
    }
    required = {ref for ref, each in by_reference(bill).items() if each["scope"] == "required"}
    assert {each for each in required if each.startswith("pkg:pypi/")} == runtime
    assert "pytest" not in {each["name"] for each in bill["components"] if each["scope"] == "required"}


def test_the_form_is_cyclonedx(bill):
    """What the schema of 1.6 requires, and what readers rely on."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert uuid.UUID(bill["serialNumber"].removeprefix("urn:uuid:"))
    references = [each["bom-ref"] for each in bill["components"]]
    assert len(set(references)) == len(references)
    for each in bill["components"]:
        assert {"type", "name", "version", "purl", "scope"} <= set(each)
        assert digests(each)
        assert all(re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{128}", digest) for digest in digests(each))


def test_equal_lock_files_give_equal_bytes(tmp_path):
    bills = []
    for name in ("a", "b"):
        target = tmp_path / name
        assert kreisbund("sbom", str(target))[0] == 0
        bills.append(target.read_bytes())
    assert bills[0] == bills[1]


def test_a_package_without_a_hash_is_refused(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("one==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\ntwo==2.0\n")
    with pytest.raises(Problem, match="two has no hash"):
        list(sbom._python(lock))
