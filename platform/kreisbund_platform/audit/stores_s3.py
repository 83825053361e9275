"""Checkpoints in an S3 bucket, with credentials as boto3 finds them (AWS_ACCESS_KEY_ID, a profile, a role).

Writes are conditional (`If-None-Match: *`); give the bucket object lock or versioning, so that nobody who has
the same credentials can undo them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from kreisbund_platform.audit.stores import CheckpointExistsError, CheckpointStoreError, name_of, number_in

PRESENT = ("PreconditionFailed", "ConditionalRequestConflict")
CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"})


class S3Store:
    """Objects `<prefix>/<county's id>/<number>.json` of one bucket; `endpoint` for a server that is not Amazon's."""

    def __init__(self, bucket: str, prefix: str, endpoint: str | None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        with _failures():
            self._client = boto3.client("s3", endpoint_url=endpoint, config=CONFIG)

    def put(self, county: UUID, number: int, content: bytes) -> None:
        """Creates the object; what is there stays."""
        try:
            with _failures():
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key(county, number),
                    Body=content,
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
        except ClientError as problem:
            if _code(problem) in PRESENT:
                raise CheckpointExistsError from problem
            raise _failed(problem) from problem

    def get(self, county: UUID, number: int) -> bytes | None:
        """The object's bytes."""
        try:
            with _failures():
                return self._client.get_object(Bucket=self._bucket, Key=self._key(county, number))["Body"].read()
        except ClientError as problem:
            if _code(problem) == "NoSuchKey":
                return None
            raise _failed(problem) from problem

    def numbers(self, county: UUID) -> list[int]:
        """The numbers of all objects."""
        folder = f"{self._prefix}{county}/"
        pages = self._client.get_paginator("list_objects_v2")
        try:
            with _failures():
                keys = [
                    each["Key"]
                    for page in pages.paginate(Bucket=self._bucket, Prefix=folder)
                    for each in page.get("Contents", [])
                ]
        except ClientError as problem:
            raise _failed(problem) from problem
        found = [number_in(key.removeprefix(folder)) for key in keys]
        return sorted(number for number in found if number is not None)

    def _key(self, county: UUID, number: int) -> str:
        return f"{self._prefix}{county}/{name_of(number)}"


@contextmanager
def _failures() -> Iterator[None]:
    """What is not the server's answer: no network, no credentials."""
    try:
        yield
    except BotoCoreError as problem:
        raise CheckpointStoreError(f"the S3 server of the checkpoints: {type(problem).__name__}") from problem


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))


def _failed(problem: ClientError) -> CheckpointStoreError:
    return CheckpointStoreError(f"the S3 server of the checkpoints answers {_code(problem)}")
