"""[four_eyes] of county.toml: known operations and whole rules only."""

from pathlib import Path

import pytest

from kreisbund_tenants import manifest

BASE = next(iter(sorted(manifest.COUNTIES.glob("*/county.toml")))).read_text("utf-8")


def loaded(tmp_path: Path, part: str) -> manifest.Manifest:
    path = tmp_path / "county.toml"
    path.write_text(f"{BASE}\n[four_eyes]\n{part}", "utf-8")
    return manifest.load(path)


def test_operations_and_tasks_with_an_amount(tmp_path: Path) -> None:
    part = 'mutations = ["blockAccount"]\ntasks = [{task = "jagdschein/decide", field = "fee", above = 500}]'
    found = loaded(tmp_path, part).four_eyes
    assert found["mutations"] == ["blockAccount"]
    assert found["tasks"] == [{"task": "jagdschein/decide", "field": "fee", "above": 500}]


@pytest.mark.parametrize(
    "part",
    [
        'mutations = ["noSuchThing"]',
        'tasks = [{task = "jagdschein"}]',
        'tasks = [{task = "jagdschein/decide", field = "fee"}]',
        'tasks = [{task = "jagdschein/decide", above = 500}]',
        'tasks = [{task = "jagdschein/decide", field = "fee", above = "500"}]',
        'other = ["blockAccount"]',
    ],
)
def test_anything_else_is_refused(tmp_path: Path, part: str) -> None:
    with pytest.raises(manifest.ManifestError, match="wrong type"):
        loaded(tmp_path, part)
