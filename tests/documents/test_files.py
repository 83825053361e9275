"""The file store: named by content, checked when read, a county each."""

import uuid

import pytest

from kreisbund_platform.documents.files import FileDamagedError, LocalFileStore
from kreisbund_platform.tenancy.context import TenantContext


def tenant(slug):
    return TenantContext(uuid.uuid4(), slug, slug, None, "COUNTY", "ACTIVE", f"county_{slug}", f"kb_{slug}", {})


def test_what_is_put_can_be_got_and_nothing_else_lies_there(tmp_path):
    store = LocalFileStore(tmp_path)
    key = store.put(tenant("nordhausen"), b"content")
    assert store.put(tenant("nordhausen"), b"content") == key
    assert store.get(tenant("nordhausen"), key) == b"content"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [key]


def test_another_county_does_not_see_it(tmp_path):
    store = LocalFileStore(tmp_path)
    key = store.put(tenant("nordhausen"), b"content")
    with pytest.raises(FileDamagedError):
        store.get(tenant("wartburgkreis"), key)


def test_changed_bytes_are_noticed(tmp_path):
    store = LocalFileStore(tmp_path)
    key = store.put(tenant("nordhausen"), b"content")
    (tmp_path / "files" / "nordhausen" / key[:2] / key).write_bytes(b"forged")
    with pytest.raises(FileDamagedError):
        store.get(tenant("nordhausen"), key)


def test_what_was_damaged_is_whole_once_it_is_put_again(tmp_path):
    store = LocalFileStore(tmp_path)
    key = store.put(tenant("nordhausen"), b"content")
    (tmp_path / "files" / "nordhausen" / key[:2] / key).write_bytes(b"con\0ent")
    assert store.put(tenant("nordhausen"), b"content") == key
    assert store.get(tenant("nordhausen"), key) == b"content"


@pytest.mark.parametrize("key", ["", "../../../etc/passwd", "0" * 63 + "/"])
def test_a_key_is_never_a_path(tmp_path, key):
    with pytest.raises(FileDamagedError):
        LocalFileStore(tmp_path).get(tenant("nordhausen"), key)
