"""Checkpoints in S3, against a server that speaks it, in a process of its own on the loopback."""

import socket
import subprocess
import sys
import time
from uuid import UUID

import boto3
import pytest

from kreisbund_platform.audit.stores import CheckpointExistsError, CheckpointStoreError
from kreisbund_platform.audit.stores_s3 import S3Store
from tests.support.ports import free_port

COUNTY, OTHER = UUID(int=1), UUID(int=2)
BUCKET = "checkpoints"


def wait_for(port, process):
    for _attempt in range(300):
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


@pytest.fixture(scope="module")
def server():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.fixture
def bucket(server, credentials):
    client = boto3.client("s3", endpoint_url=server)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield server
    for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=each["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.mark.parametrize("prefix", ["", "kreisbund/audit"])
def test_each_number_is_taken_once_and_counties_lie_apart(bucket, prefix):
    store = S3Store(BUCKET, prefix, bucket)
    for number in range(1, 4):
        store.put(COUNTY, number, f"checkpoint {number}".encode())
    store.put(OTHER, 1, b"another")
    with pytest.raises(CheckpointExistsError):
        store.put(COUNTY, 2, b"changed")
    assert store.numbers(COUNTY) == [1, 2, 3]
    assert store.get(COUNTY, 2) == b"checkpoint 2"
    assert store.get(COUNTY, 4) is None
    assert (store.numbers(OTHER), store.get(OTHER, 1)) == ([1], b"another")


def test_what_is_set_up_wrongly_is_said_in_a_line(server, credentials, bucket):
    for store in (S3Store("nowhere", "", server), S3Store(BUCKET, "", f"http://127.0.0.1:{free_port()}")):
        for call in (lambda s=store: s.put(COUNTY, 1, b""), lambda s=store: s.get(COUNTY, 1),
                     lambda s=store: s.numbers(COUNTY)):  # fmt: skip
            with pytest.raises(CheckpointStoreError) as told:
                call()
            assert "\n" not in str(told.value)
